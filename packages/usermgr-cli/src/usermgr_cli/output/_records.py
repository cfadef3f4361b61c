"""What a command returns, as records: mappings of plain JSON values, one by one."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from typing import Any, TypeGuard, cast

from usermgr.commands import Done

__all__ = ["Record", "is_many", "record", "records"]

Record = dict[str, Any]


def is_many(value: object) -> TypeGuard[Iterable[Any]]:
    """Whether it is a list or a stream of things, and not one."""
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping))


def records(value: Iterable[Any]) -> Iterator[Record]:
    """Each as a record, as they come."""
    for item in value:
        yield record(item)


def record(value: Any) -> Record:
    """One thing as a record."""
    members = plain(value.data if isinstance(value, Done) else value)
    return cast("Record", members) if isinstance(members, dict) else {"value": members}


def plain(value: Any) -> Any:
    """As JSON has it. A time is text in RFC 3339, in UTC."""
    to_dict = getattr(value, "to_dict", None)
    if to_dict is not None and not isinstance(value, type):
        return plain(to_dict())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return plain(value.value)
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(name): plain(inner) for name, inner in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        items = [plain(inner) for inner in cast("Iterable[Any]", value)]
        return sorted(items) if isinstance(value, (set, frozenset)) else items
    return value  # pyright: ignore[reportUnknownVariableType] - a string, a number, or nothing
