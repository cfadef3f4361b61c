"""What a command returns, as plain JSON values."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, TypeAlias, TypeGuard, cast

from usermgr.commands import Done
from usermgr.records import JsonValue

__all__ = ["Record", "is_many", "members_in", "plain", "record", "value_of"]

Record: TypeAlias = dict[str, Any]


def is_many(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether it is a list or a stream of things, and not one."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def plain(value: Any) -> Any:
    """As JSON has it. A time is text in RFC 3339, in UTC."""
    if isinstance(value, JsonValue):
        return value.to_dict()
    if isinstance(value, Done):
        return plain(value.data)
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None and not isinstance(value, type):
        return plain(to_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (set, frozenset)):
        return sorted(plain(inner) for inner in cast("Iterable[Any]", value))
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in cast("Iterable[Any]", value)]
    return _scalar(value)


def _scalar(value: Any) -> Any:
    if isinstance(value, Enum):
        return _scalar(value.value)
    if isinstance(value, datetime):
        return (value if value.tzinfo is None else value.astimezone(UTC)).isoformat()
    if isinstance(value, date):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def members_in(value: Any) -> Record | None:
    """The plain value, where it has members."""
    return cast("Record", value) if isinstance(value, dict) else None


def value_of(members: Record, name: str) -> Any:
    """A member, or an attribute by its name."""
    return members[name] if name in members else (members_in(members.get("attributes")) or {}).get(name)


def record(value: Any) -> Record:
    """A plain value with members: what has none is the member `value`."""
    return cast("Record", value) if isinstance(value, dict) else {"value": value}
