"""`usermgr audit`: the record of changes, which `USERMGR_AUDIT` names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from usermgr_cli._exits import Exit
from usermgr_cli._line import Line

if TYPE_CHECKING:
    from datetime import datetime

    from usermgr.audit import Entry, Finding

__all__ = ["command"]

OUTCOMES = ("begun", "done", "failed", "unknown")

FILE = click.option("--file", "path", type=click.Path(dir_okay=False), help="The audit file; else USERMGR_AUDIT's.")


@dataclass(frozen=True, slots=True)
class Change:
    """A record as it is shown."""

    at: str
    actor: str
    operation: str
    user: str | None
    group: str | None
    outcome: str
    error: str | None
    """The code of the error."""
    details: Mapping[str, Any]
    """All else that the record holds."""


@dataclass(frozen=True, slots=True)
class Key:
    """A new key."""

    key: str


@click.group(help="Read and verify the record of changes.")
def command() -> None:
    """The group of commands."""


@command.command()
@FILE
@click.option("--user", metavar="NAME", help="Changes of this user, by name or sub.")
@click.option("--actor", metavar="NAME", help="Changes that this person made.")
@click.option("--operation", metavar="NAME", help="Changes of this kind, such as disable_user.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="Changes that ended so.")
@click.option("--since", metavar="TIME", help="Changes then or later: 2026-01-31, or 2026-01-31T09:00:00+01:00.")
@click.option("--until", metavar="TIME", help="Changes before.")
@click.pass_obj
def show(
    line: Line,
    *,
    path: str | None,
    user: str | None,
    actor: str | None,
    operation: str | None,
    outcome: str | None,
    since: str | None,
    until: str | None,
) -> Iterator[Change]:
    """Show who changed what, oldest first.

    What is shown is not proven: `usermgr audit verify` tells whether the file is as it was written.
    """
    from usermgr.audit import read  # noqa: PLC0415 - as all of usermgr, once the command runs

    line.layout = _for_people
    entries = read(
        _file(path),
        user=user,
        actor=actor,
        operation=operation,
        outcome=outcome,
        since=_time(line, "--since", since),
        until=_time(line, "--until", until),
    )
    return _shown(line, entries)


@command.command()
@FILE
@click.option("--last", metavar="HASH", help="The hash of a line, as noted: all up to it is proven, without any key.")
@click.option("--first", type=click.IntRange(min=1), default=1, help="The first line's number, where older ones moved.")
@click.pass_obj
def verify(line: Line, path: str | None, last: str | None, first: int) -> Iterator[Finding]:
    """Tell what was done to the audit file. The status is 1 where something is wrong.

    It needs the key of USERMGR_AUDIT_KEY, or --last.
    """
    from usermgr.audit import verify as verified  # noqa: PLC0415 - as above

    keys = _keys(path, needed=last is None)
    result = verified(_file(path), key=keys, last=last, first=first)
    if not result.ok:
        line.exit = Exit.FAILURE
    lines = "1 line" if result.lines == 1 else f"{result.lines:,} lines"
    wrong = len(result.findings)
    found = "all as written" if result.ok else "1 finding" if wrong == 1 else f"{wrong:,} findings"
    line.note(f"{lines}: {found}. The hash of the last line, to note elsewhere: {result.last or 'none'}")
    return iter(result.findings)


@command.command()
def key() -> list[Key]:
    """Print a new key for USERMGR_AUDIT_KEY.

    Keep it with your other secrets: without it nobody can verify, and who has it can forge.
    """
    import secrets  # noqa: PLC0415 - only this needs it

    return [Key(secrets.token_hex(32))]


def _file(path: str | None) -> Path:
    import os  # noqa: PLC0415 - as below

    from usermgr.errors import ConfigurationError  # noqa: PLC0415 - as above

    named = path or os.environ.get("USERMGR_AUDIT")
    if not named:
        problem = "no audit file is named: set USERMGR_AUDIT, in the environment or the profile, or give --file"
        raise ConfigurationError(problem, problems=[problem])
    return Path(named)


def _keys(path: str | None, *, needed: bool) -> list[bytes] | None:
    """The keys of the settings. Those who note hashes need none."""
    import os  # noqa: PLC0415 - only this needs it

    from usermgr.errors import ConfigurationError  # noqa: PLC0415 - as above
    from usermgr.frontends import open_audit  # noqa: PLC0415 - as above

    if not os.environ.get("USERMGR_AUDIT_KEY"):
        if needed:
            problem = "USERMGR_AUDIT_KEY is not set: set it to the key that seals the file, or give --last"
            raise ConfigurationError(problem, problems=[problem])
        return None
    os.environ.setdefault("USERMGR_AUDIT", str(_file(path)))
    audit = open_audit()
    return None if audit is None else audit.keys


def _time(line: Line, option: str, text: str | None) -> datetime | None:
    """A time as in a search: a date is its midnight, in local time or, with `--utc`, in UTC."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only a filter needs it

    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"{option} takes a date or a time, such as 2026-01-31T09:00:00+01:00") from None
    if moment.utcoffset() is not None:
        return moment
    return moment.replace(tzinfo=UTC) if line.options.get("utc") else moment.astimezone()


def _shown(line: Line, entries: Iterator[Entry]) -> Iterator[Change]:
    damaged = 0
    for entry in entries:
        if entry.members is None:
            damaged += 1
        else:
            yield _change(dict(entry.members))
    if damaged:
        lines = "1 line holds" if damaged == 1 else f"{damaged:,} lines hold"
        line.note(f"{lines} no record: see `usermgr audit verify`")


def _change(members: dict[str, Any]) -> Change:
    actor, target = _object(members.pop("actor", None)), _object(members.pop("target", None))
    groups = target.pop("groups", None)
    return Change(
        at=str(members.pop("at", "")),
        actor=str(actor.pop("name", "")),
        operation=str(members.pop("operation", "")),
        user=target.pop("username", None),
        group=target.pop("group", None) or (", ".join(map(str, groups)) if groups else None),
        outcome=str(members.pop("outcome", "")),
        error=members.pop("error", None),
        details={**target, **actor.pop("details", {}), **members},
    )


def _for_people(record: dict[str, Any]) -> dict[str, Any]:
    """What a table shows of a change."""
    outcome = record["outcome"] if record["error"] is None else f"{record['outcome']} [{record['error']}]"
    return {name: record[name] for name in ("at", "actor", "operation", "user", "group")} | {"outcome": outcome}


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}
