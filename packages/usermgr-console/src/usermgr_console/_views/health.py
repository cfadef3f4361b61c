"""Health: the checks that the installed packages register, run now."""

from __future__ import annotations

from starlette.responses import Response

from usermgr.checks import Severity, Subject, run_checks
from usermgr_console._call import Call

__all__ = ["page"]

ORDER = (Severity.FAILURE, Severity.WARNING, Severity.OK)


def page(call: Call) -> Response:
    """Runs every check and shows what was found, failures first."""
    findings = sorted(
        run_checks(Subject(call.users, call.activity)),
        key=lambda finding: (
            ORDER.index(finding.severity) if finding.severity in ORDER else len(ORDER),
            finding.check,
            finding.summary,
        ),
    )
    counts = {severity: sum(finding.severity is severity for finding in findings) for severity in ORDER}
    return call.page("health.html", findings=findings, counts=counts)
