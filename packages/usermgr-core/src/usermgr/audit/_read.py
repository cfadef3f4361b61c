"""`read`: the records of a file and of the full ones beside it, in their order, whether or not they are proven."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

from usermgr.audit._chain import parse_line
from usermgr.audit._files import lines_within, opened, path_of
from usermgr.errors import ConfigurationError, InvalidInputError
from usermgr.operations import OPERATIONS
from usermgr.validation import check_texts

__all__ = ["Entry", "filter_of", "read", "record_of"]

CHAIN = frozenset({"v", "n", "prev", "key", "mac"})
"""Members that hold the chain together, and say nothing of a change."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a file."""

    file: str
    line: int | None
    """Counted from 1; `None` where the file was read from its end."""
    members: Mapping[str, Any] | None
    """The record, as `Record.to_dict` made it; `None` for a line that is none."""


def read(
    path: str | os.PathLike[str],
    *,
    user: str | None = None,
    actor: str | None = None,
    operation: str | None = None,
    outcome: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterator[Entry]:
    """The records that fit, oldest first, in constant memory, while others may write.

    No seal is looked at: `verify` tells whether the lines are as they were written. Lines that are no records fit
    whatever is asked for, so that nobody can hide a record by damaging its line.

    Args:
        path: The file that is written.
        user: The name or the `sub` of the user who was changed; case does not matter.
        actor: The name of who made the change; case does not matter.
        operation: The name of the operation, such as `disable_user`.
        outcome: What became of it, such as `failed`.
        since: Changes that began then or later.
        until: Changes that began before.

    Raises:
        InvalidInputError: there is no such operation, a time has no offset, or an argument is of another type.
        ConfigurationError: a file cannot be read.
    """
    fits = filter_of(user=user, actor=actor, operation=operation, outcome=outcome, since=since, until=until)
    named = path_of(path)
    return (entry for entry in _entries(named) if entry.members is None or fits(entry.members))


def filter_of(
    *,
    user: str | None,
    actor: str | None,
    operation: str | None,
    outcome: str | None,
    since: datetime | None,
    until: datetime | None,
) -> Callable[[Mapping[str, Any]], bool]:
    """Tells whether a record fits. Raises `InvalidInputError` as `read` does."""
    given = {"user": user, "actor": actor, "operation": operation, "outcome": outcome}
    check_texts(**{name: text for name, text in given.items() if text is not None})
    if operation is not None and operation not in OPERATIONS:
        raise InvalidInputError(f"there is no operation of that name: {', '.join(OPERATIONS)}", field="operation")
    for name, moment in (("since", since), ("until", until)):
        if moment is not None and (not isinstance(moment, datetime) or moment.utcoffset() is None):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError(f"{name} must be a time with an offset", field=name)

    def fits(members: Mapping[str, Any]) -> bool:
        target = _object(members, "target")
        return (
            (user is None or _same(user, target.get("username"), target.get("sub")))
            and (actor is None or _same(actor, _object(members, "actor").get("name")))
            and (operation is None or members.get("operation") == operation)
            and (outcome is None or members.get("outcome") == outcome)
            and (since is None or since <= _time(members))
            and (until is None or _time(members) < until)
        )

    return fits


def _entries(path: Path) -> Iterator[Entry]:
    try:
        with contextlib.ExitStack() as stack:
            _, files = opened(path, stack)
            for name, file, size in files:
                for number, raw in enumerate(lines_within(file, size), 1):
                    line = None if raw is None else parse_line(raw)
                    yield Entry(name, number, None if line is None else record_of(line.members))
    except OSError as error:
        problem = f"the audit file {path} cannot be read: {error.strerror}"
        raise ConfigurationError(problem, problems=[problem]) from error


def record_of(members: Mapping[str, Any]) -> dict[str, Any] | None:
    """The members of the record. A note of an interrupted writing is none, and neither is one without its time."""
    if _time(members) == LONG_AGO:
        return None
    return {name: value for name, value in members.items() if name not in CHAIN}


LONG_AGO = datetime.min.replace(tzinfo=UTC)


def _time(members: Mapping[str, Any]) -> datetime:
    try:
        moment = datetime.fromisoformat(members["at"])
    except (KeyError, TypeError, ValueError):
        return LONG_AGO
    return LONG_AGO if moment.utcoffset() is None else moment


def _object(members: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = members.get(name)
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _same(wanted: str, *found: object) -> bool:
    return any(isinstance(text, str) and text.casefold() == wanted.casefold() for text in found)
