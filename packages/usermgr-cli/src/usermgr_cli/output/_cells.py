"""A value as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

__all__ = ["cell"]


def cell(value: Any, *, utc: bool) -> str:
    """The text of a value; a time is local, or in UTC."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case str():
            return _time(value, utc=utc) or value
        case Mapping():
            members = cast("Mapping[Any, Any]", value).items()
            return ", ".join(f"{name}={cell(inner, utc=utc)}" for name, inner in members)
        case list() | tuple():
            return ", ".join(cell(inner, utc=utc) for inner in cast("list[Any]", value))
        case _:
            return str(value)


def _time(text: str, *, utc: bool) -> str | None:
    if not (len(text) >= 20 and text[4:5] == "-" and text[10:11] == "T"):
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    shown = moment.astimezone(UTC) if utc else moment.astimezone()
    return shown.strftime("%Y-%m-%d %H:%M:%S") + (" UTC" if utc else "")
