"""Users as files hold them, and the door for formats.

A format is a class under the entry-point group `usermgr.formats`, found by its exact name at the first use. It reads a
stream of bytes row by row: a row that cannot be read is an error with its line, and the rest goes on.

>>> UserRecord("ada", {"email": "ada@example.org"}, groups=["staff"]).to_dict()["groups"]
['staff']
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from usermgr._frozen import freeze
from usermgr._models import JsonValue, UserStatus
from usermgr.errors import ConfigurationError, InvalidInputError

__all__ = ["GROUP", "Format", "Row", "UserRecord", "find_format"]

GROUP = "usermgr.formats"


@dataclass(frozen=True, slots=True)
class UserRecord(JsonValue):
    """One user as a file holds it. What is `None` is not said, and changes nothing where it is imported."""

    username: str
    attributes: Mapping[str, str | None] = field(default_factory=dict[str, "str | None"])
    """`None` as a value asks for the removal of the attribute."""
    enabled: bool | None = None
    groups: Sequence[str] | None = None
    """All groups of the user; an empty list says that there are none."""
    status: UserStatus | None = None
    sub: str | None = None
    """The `sub` in the store that the record came from."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    password: str | None = field(default=None, repr=False)
    """A first password, for files that carry one; no export writes it."""

    def __post_init__(self) -> None:
        freeze(self, "attributes", "groups")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an input: the record that it holds, or the error that kept it from being read."""

    line: int
    """Where the row begins, counted from 1."""
    record: UserRecord | None = None
    error: InvalidInputError | None = None


class Format(Protocol):
    """How records are read from a stream and written to one."""

    def read(self, stream: BinaryIO) -> Iterator[Row]:
        """The rows of the input in their order, one in memory at a time.

        Raises `InvalidInputError` for what is wrong with the whole of the input, such as its encoding.
        """
        ...

    def write(self, records: Iterable[UserRecord], stream: BinaryIO) -> int:
        """Writes the records, and says how many there were."""
        ...


def find_format(name: str, **options: Any) -> Format:
    """The format of that exact name, made with its options.

    Raises `ConfigurationError`, which names the formats of the installed packages.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only this needs it

    points = entry_points(group=GROUP)
    match tuple(points.select(name=name)):
        case (one,):
            return one.load()(**options)
        case ():
            known = ", ".join(sorted(points.names)) or "none"
            raise ConfigurationError(f"no format is named {name!r}: the choices are {known}", problems=[name])
        case several:
            sources = sorted(point.dist.name if point.dist else point.value for point in several)
            raise ConfigurationError(
                f"several packages register the format {name}: {', '.join(sources)}; uninstall all but one",
                problems=sources,
            )
