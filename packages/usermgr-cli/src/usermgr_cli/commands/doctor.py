"""`usermgr doctor`: why does nothing work? It looks, changes nothing, and says what to do."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING

import click

from usermgr_cli._exits import Exit
from usermgr_cli._line import Line

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from typing import Any

    from usermgr.checks import Finding
    from usermgr.commands import Report

__all__ = ["command"]

GRAVITY = ("failure", "warning", "ok")
"""What a person reads first."""

STYLES = {"F": "bold red", "W": "yellow"}

ROLES = ("read-only", "operator", "admin")
"""As in `usermgr.policies`, which help does not wait for."""


@click.command()
@click.option("--check", "checks", multiple=True, metavar="NAME", help="Run this check alone; may be repeated.")
@click.option("--policy", type=click.Choice(ROLES), help="Print the least-privilege policy of a role instead.")
@click.pass_obj
def command(line: Line, *, checks: tuple[str, ...], policy: str | None) -> Report[Sequence[Finding]]:
    """Check the deployment that the settings name, and say what to do. Nothing is changed.

    Ends with 1 where something fails, and with 0 where there are only warnings.
    """
    from usermgr.commands import Report  # noqa: PLC0415 - help needs none of it

    if policy is not None:
        return _policy(policy)
    found = sorted(_diagnose(line, checks), key=lambda each: (GRAVITY.index(each.severity.value), each.check))
    if any(each.severity.value == "failure" for each in found):
        line.exit = Exit.FAILURE
    return Report("\n".join([*_lines(found), _count(found)]), found, STYLES)


def _policy(role: str) -> Any:
    """JSON whatever the form: a document to give to the service."""
    from usermgr.commands import Report  # noqa: PLC0415 - as above
    from usermgr.policies import policy_in_force  # noqa: PLC0415 - as above

    found: Mapping[str, Any] = policy_in_force(role)
    return Report(json.dumps(found, indent=2), found)


def _diagnose(line: Line, checks: Collection[str]) -> Iterator[Finding]:
    """The findings, which a person at a terminal sees come."""
    from usermgr.frontends import diagnose  # noqa: PLC0415 - as above

    watched = sys.stderr.isatty() and not line.is_agent
    for finding in diagnose(checks):
        if watched:
            line.note(f"... {finding.check}: {finding.severity.value}")
        yield finding


def _lines(found: Sequence[Finding]) -> Iterator[str]:
    """The report: what is wrong with its remedy, then a line for each thing that is well."""
    for each in found:
        if each.severity.value == "ok":
            yield f"ok       {each.check}: {each.summary}"
            continue
        yield f"{each.severity.value.upper():8} {each.check}: {each.summary}"
        if each.remedy is not None:
            yield f"         To do: {each.remedy}"
        yield ""


def _count(found: Sequence[Finding]) -> str:
    counts = Counter(each.severity.value for each in found)
    words = [
        f"{counts[name]} {name}{'' if counts[name] == 1 else 's'}" for name in ("failure", "warning") if counts[name]
    ]
    words.append(f"{counts['ok']} well")
    return f"{', '.join(words)}. The evidence is in --output json."
