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
from usermgr._plugins import find_one, make
from usermgr.errors import ConfigurationError, InvalidInputError

__all__ = ["GROUP", "LINE_LIMIT", "Format", "JsonValue", "Row", "UserRecord", "find_format", "lines_of"]

GROUP = "usermgr.formats"

LINE_LIMIT = 4 * 1024 * 1024
"""How many bytes a row can have, so that a file without line ends does not fill the memory."""


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
    """Where the row begins, counted from 1: the line after each LF is the next one."""
    record: UserRecord | None = None
    error: InvalidInputError | None = None
    incomplete: bool = False
    """Whether nothing after this line can be read. The row is then the last one, it has an error, and how many rows
    the input has is unknown."""


class Format(Protocol):
    """How records are read from a stream and written to one."""

    def settle(self, stream: BinaryIO) -> Mapping[str, Any]:
        """The options of `find_format` with which every later reading of this input reads it alike.

        They are plain JSON values, for a journal: what the format was made with, and what it found in the input, such
        as the encoding. It may read the stream to its end.

        Raises `InvalidInputError` for what is wrong with the whole of the input.
        """
        ...

    def read(self, stream: BinaryIO) -> Iterator[Row]:
        """The rows of the input in their order, one in memory at a time.

        Raises `InvalidInputError` for what is wrong with the whole of the input, such as its encoding.
        """
        ...

    def write(self, records: Iterable[UserRecord], stream: BinaryIO) -> int:
        """Writes the records, and says how many there were.

        What is written reads back as equal records. Raises `InvalidInputError` for a record that would not.
        """
        ...


def find_format(name: str, **options: Any) -> Format:
    """The format of that exact name, made with its options.

    Raises `ConfigurationError`, which names the formats of the installed packages, or the options of the format.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only this needs it

    points = entry_points(group=GROUP)
    point = find_one("format", name, points)
    if point is None:
        known = ", ".join(sorted(points.names)) or "none"
        raise ConfigurationError(f"no format is named {name!r}: the choices are {known}", problems=[name])
    return make(f"the format {name}", point.load(), options, word="option")


def lines_of(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """The lines with their numbers from 1 and their ends; only LF ends a line. `None` stands for one over `LINE_LIMIT`.

    For formats: no other character ends a line here, and no line takes more memory than the limit.

    >>> import io
    >>> list(lines_of(io.BytesIO(b"a\\rb\\nc")))
    [(1, b'a\\rb\\n'), (2, b'c')]
    """
    number = 0
    while line := stream.readline(LINE_LIMIT + 1):
        number += 1
        if len(line) <= LINE_LIMIT:
            yield number, line
            continue
        while line and not line.endswith(b"\n"):
            line = stream.readline(LINE_LIMIT)
        yield number, None
