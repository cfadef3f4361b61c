"""`usermgr doctor` and `usermgr backends` as a person at a terminal sees them, and as a program does."""

from __future__ import annotations

import json
from collections.abc import Callable

from usermgr_cli_harness import Ended, Shown

from usermgr import UserManager


def test_findings_come_before_the_report(users: UserManager, screen: Callable[..., Shown]) -> None:
    """On a terminal each check is told when it has ended, and the report follows, with what fails first."""
    shown = screen("doctor", USERMGR_JWKS="no-such-file.json")

    came = [line for line in shown.lines if line.startswith("... ")]
    assert sorted(came) == ["... jwt.keys: failure", "... local.store: ok", "... packages: ok"]
    report = shown.lines[len(came) :]
    assert (shown.status, report[0].startswith("FAILURE  jwt.keys: there is no JWKS file")) == (1, True)
    assert [line.split(":")[0] for line in report if line.startswith("ok ")] == [
        "ok       local.store", "ok       packages",
    ]  # fmt: skip
    assert report[-1] == "1 failure, 2 well. The evidence is in --output json."


def test_program_gets_findings_alone(users: UserManager, usermgr: Callable[..., Ended]) -> None:
    """In agent mode standard output is JSON, and standard error is empty; with --quiet too."""
    for ended in (usermgr("doctor", USERMGR_AGENT_MODE="1"), usermgr("doctor", "-q", "-o", "json")):
        assert (ended.status, ended.err) == (0, "")
        assert {each["severity"] for each in json.loads(ended.out)} == {"ok"}


def test_backends_fit_a_narrow_terminal(screen: Callable[..., Shown]) -> None:
    """The names and what is in force stay readable."""
    shown = screen("backends", columns=60)

    assert shown.status == 0
    assert all(len(line) <= 60 for line in shown.lines)
    assert any(line.split()[:3] == ["backend", "local", "yes"] for line in shown.lines)
