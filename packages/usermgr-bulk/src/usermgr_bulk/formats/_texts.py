"""What all formats ask of the texts of a record, and how their errors name a place."""

from __future__ import annotations

import re
from collections.abc import Iterator

from usermgr.errors import InvalidInputError
from usermgr.records import UserRecord

__all__ = ["at_line", "has_surrogate", "printable", "texts_of"]

_SURROGATE = re.compile("[\ud800-\udfff]")


def has_surrogate(text: str) -> bool:
    """Whether the text has half of a character, which no encoding of Unicode can write."""
    return _SURROGATE.search(text) is not None


def printable(text: str) -> str:
    """The text with an escape for each half of a character, so that every log can hold it."""
    return text.encode("utf-8", "backslashreplace").decode()


def texts_of(record: UserRecord) -> Iterator[tuple[str, str]]:
    """Every text of the record, the names of its attributes too, with the name of its field."""
    for name in ("username", "status", "sub", "password"):
        value = getattr(record, name)
        if value is not None:
            yield name, value
    for group in record.groups or ():
        yield "groups", group
    for name, value in record.attributes.items():
        yield name, name
        if value is not None:
            yield name, value


def at_line(number: int, error: InvalidInputError) -> InvalidInputError:
    """The error with its line at the beginning of its message."""
    field = None if error.field is None else printable(error.field)
    return InvalidInputError(f"line {number}: {printable(error.message)}", field=field)
