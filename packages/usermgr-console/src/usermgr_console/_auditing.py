"""Verifying the audit file as a piece of work: it reads every line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usermgr.audit import verify
from usermgr_console._work import Running

__all__ = ["VERIFY", "verify_audit"]

VERIFY = "verify"

SHOWN = 200
"""Findings that are kept for the page."""


def verify_audit(running: Running) -> Mapping[str, Any]:
    """What was done to the audit file."""
    audit = running.services.audit
    assert audit is not None, "the route needs one"
    result = verify(audit.path, key=audit.keys)
    findings = [
        {"file": found.file, "line": found.line, "kind": found.kind.value, "message": found.message}
        for found in result.findings[:SHOWN]
    ]
    return {
        "lines": result.lines, "last": result.last, "ok": result.ok, "findings": findings,
        "finding_count": len(result.findings),
    }  # fmt: skip
