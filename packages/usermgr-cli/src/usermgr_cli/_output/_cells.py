"""A value as text: as people read it in a table, and as programs read it in a line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, cast

from usermgr_cli._output._plain_data import Record

__all__ = ["cell", "default_columns", "flat", "for_people"]

_OF_A_USER = ("username", "email", "name", "status", "enabled", "created_at")


def default_columns(first: Record) -> list[str]:
    """The fields of a list that is not asked for others: of users the most telling, else all that are not nested."""
    attributes = first.get("attributes")
    if isinstance(attributes, dict) and "username" in first:
        return [name for name in _OF_A_USER if name in first or name in ("email", "name")]
    return [name for name, value in first.items() if not isinstance(value, dict)] or list(first)


def flat(members: Record) -> Record:
    """The members of one thing, with those of its members beside them; attributes by their names alone."""
    found: Record = {}
    for name, value in members.items():
        if isinstance(value, dict) and value:
            for inner, each in cast("Record", value).items():
                found[inner if name == "attributes" and inner not in members else f"{name}.{inner}"] = each
        else:
            found[name] = value
    return found


def for_people(value: Any, *, utc: bool, seconds: bool = True) -> str:
    """The text in a table; a time is local, or in UTC, and has its seconds where there is room."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return _time(value, utc=utc, seconds=seconds) or value
        case Mapping():
            members = cast("Mapping[Any, Any]", value).items()
            return ", ".join(f"{name}={for_people(inner, utc=utc, seconds=seconds)}" for name, inner in members)
        case Sequence():
            return ", ".join(for_people(inner, utc=utc, seconds=seconds) for inner in cast("Sequence[Any]", value))
        case _:
            return str(value)


def cell(value: Any) -> str:
    """The text for a program: what has parts is JSON, but for a list of plain texts, which has commas between them."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return value
        case Sequence() if all(isinstance(inner, str) and "," not in inner for inner in cast("Sequence[Any]", value)):
            return ",".join(cast("Sequence[str]", value))
        case Mapping() | Sequence():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _time(text: str, *, utc: bool, seconds: bool) -> str | None:
    if not (len(text) >= 20 and text[4:5] == "-" and text[10:11] == "T"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None:  # nobody knows where
        return None
    shown = moment.astimezone(UTC) if utc else moment.astimezone()
    return shown.strftime("%Y-%m-%d %H:%M:%S" if seconds else "%Y-%m-%d %H:%M") + (" UTC" if utc else "")
