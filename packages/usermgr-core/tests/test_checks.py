"""The registry of checks, and how they are run."""

from __future__ import annotations

import importlib.metadata
import threading
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from usermgr import checks
from usermgr.audit import Audited
from usermgr.checks import Finding, Severity, Subject, registered_checks, run_checks
from usermgr.errors import UserNotFoundError

SECRET = "S3cret-planted"


def fine(subject: Subject) -> Iterator[Finding]:
    yield Finding("fine", Severity.OK, "all is well", {"variables": str(len(subject.environ))})


def plain(subject: Subject) -> list[dict[str, Any]]:
    return [{"severity": "warning", "summary": "the keys are old", "remedy": "run pull"}]


def refused(subject: Subject) -> list[Finding]:
    raise UserNotFoundError(username="alice")


def broken(subject: Subject) -> list[Finding]:
    raise RuntimeError(SECRET)


def silent(subject: Subject) -> list[Finding]:
    return []


def test_each_check_is_told() -> None:
    """Findings and plain mappings come out as findings; what raises is a failure; silence is silence."""
    run = {"fine": fine, "plain": plain, "refused": refused, "broken": broken, "silent": silent}

    found = {finding.check: finding for finding in run_checks(Subject(environ={"A": "b"}), run)}

    assert found == {
        "fine": Finding("fine", Severity.OK, "all is well", {"variables": "1"}),
        "plain": Finding("plain", Severity.WARNING, "the keys are old", {}, "run pull"),
        "refused": Finding(
            "refused", Severity.FAILURE, "there is no user named alice", {"code": "user_not_found"}
        ),
        "broken": Finding(
            "broken", Severity.FAILURE, "the check itself failed with RuntimeError", {"error": "RuntimeError"}
        ),
    }  # fmt: skip


def test_manager_inside_an_audited_one_is_checked() -> None:
    """Whoever runs checks may hand over the manager that audits: its checks see the one inside."""

    class Sink:
        """Takes no record, because nothing is changed."""

    inside: Any = object()
    audited: Any = Audited(Audited(inside, Sink(), "a"), Sink(), "b")  # type: ignore[arg-type]
    seen: list[Any] = []

    assert list(run_checks(Subject(audited), {"look": lambda subject: seen.append(subject.users) or ()})) == []

    assert seen == [inside]


def test_checks_run_side_by_side() -> None:
    """A check that waits for another one does not wait for ever."""
    met = threading.Barrier(2, timeout=60)

    def wait(subject: Subject) -> list[Finding]:
        met.wait()
        return [Finding("met", Severity.OK, "met")]

    assert len(list(run_checks(Subject(), {"a": wait, "b": wait}))) == 2


def test_subject_and_findings_tell_no_secret() -> None:
    """The variables of a subject never show, and neither does the text of a foreign exception."""
    subject = Subject(environ={"SECRET": SECRET})
    assert SECRET not in repr(subject)
    assert SECRET not in repr(list(run_checks(subject, {"broken": broken})))


def test_registered_check_that_cannot_be_loaded_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry point that leads nowhere is a failure that names it, and the others run all the same."""
    points = [
        EntryPoint("gone", "usermgr_gone:check", checks.GROUP),
        EntryPoint("packages", "usermgr.checks:packages", checks.GROUP),
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: points)

    found = {finding.check: finding for finding in run_checks(Subject())}

    assert (found["gone"].severity, "usermgr_gone:check" in found["gone"].summary) == (Severity.FAILURE, True)
    assert found["packages"].severity is Severity.OK


def test_packages_of_two_releases_are_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package of another release than core's is named with its version."""

    class Dist:
        def __init__(self, name: str, version: str) -> None:
            self.name, self.version = name, version

    installed = [Dist("usermgr-core", "1.1.0"), Dist("usermgr-jwt", "1.0.0"), Dist("requests", "2.0")]
    monkeypatch.setattr(importlib.metadata, "distributions", lambda: installed)

    (found,) = checks.packages(Subject())

    assert found.severity is Severity.FAILURE
    assert "usermgr-jwt 1.0.0" in found.summary
    assert "requests" not in found.evidence


def test_core_registers_its_check() -> None:
    """The check of the packages is found through its entry point, like a stranger's."""
    assert "packages" in registered_checks()
