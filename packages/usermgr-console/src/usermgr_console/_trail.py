"""Records of the audit as pages show them, and the newest ones about one person."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from usermgr.audit import EntryPage, read_newest

__all__ = ["Change", "Trail", "changes_of", "trail_of"]

NEWEST = 5
"""How many changes of one person are shown on their page."""

LINES = 1_000
"""Lines from the end of the file that are looked at for them: it is what every look at a person's page may cost."""


@dataclass(frozen=True, slots=True)
class Change:
    """A record as it is shown."""

    at: datetime
    actor: str
    operation: str
    user: str
    groups: str
    outcome: str
    error: str
    details: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Trail:
    """The newest changes of one person, as far as the file was looked at."""

    changes: list[Change | None]
    """As `changes_of` has them."""
    next_token: str | None
    """Where the audit page goes on; `None` where the whole file was looked at."""
    read: int
    """How many lines were looked at."""

    @property
    def stopped(self) -> bool:
        """Whether there may be more of the newest changes, in lines that were not looked at."""
        return self.next_token is not None and len(self.changes) < NEWEST


def trail_of(path: str | os.PathLike[str], username: str) -> Trail:
    """The newest changes of who has that name, from the end of the file alone. Raises `ConfigurationError`."""
    found = read_newest(path, limit=NEWEST, lines=LINES, user=username)
    return Trail(changes_of(found), found.next_token, found.looked_at)


def changes_of(found: EntryPage) -> list[Change | None]:
    """The entries as they are shown; `None` for a line that is no record."""
    return [None if entry.members is None else _change(entry.members) for entry in found.entries]


def _change(members: Mapping[str, Any]) -> Change:
    """The record, whatever its members are: the file may have been written by anybody."""
    rest = {name: value for name, value in members.items() if value not in (None, "", [], {})}
    actor, target = _object(rest.pop("actor", None)), _object(rest.pop("target", None))
    groups = [target.get("group"), *_list(target.get("groups"))]
    details = {
        **_object(actor.get("details")),
        **{name: value for name, value in target.items() if name not in ("username", "group", "groups")},
        **{name: rest[name] for name in rest if name not in ("at", "operation", "outcome", "error", "id")},
    }
    return Change(
        datetime.fromisoformat(rest["at"]),
        _text(actor.get("name")),
        _text(rest.get("operation")),
        _text(target.get("username")),
        ", ".join(_text(name) for name in groups if name),
        _text(rest.get("outcome")),
        _text(rest.get("error")),
        {name: _text(value) for name, value in details.items()},
    )


def _text(value: object) -> str:
    """A value of a record on one line."""
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_text(inner)}" for name, inner in cast("dict[str, Any]", value).items())
    if isinstance(value, list):
        return ", ".join(map(_text, cast("list[Any]", value)))
    return "" if value is None else str(value)


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return cast("list[Any]", value) if isinstance(value, list) else []
