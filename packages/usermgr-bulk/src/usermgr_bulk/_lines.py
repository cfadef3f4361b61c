"""JSON lines in ASCII: no value can end a line, and only LF does when they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from usermgr.errors import InvalidInputError

__all__ = ["one_line", "read_line", "read_lines"]


def one_line(members: dict[str, Any]) -> bytes:
    """The line, its LF included."""
    return json.dumps(members, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"


def read_line(line: bytes, number: int, what: str) -> dict[str, Any]:
    """The object on the line. Raises `InvalidInputError`, which names `what` and the line, and repeats nothing."""
    try:
        members: Any = json.loads(line)
    except (ValueError, RecursionError):
        members = None
    if not isinstance(members, dict):
        raise InvalidInputError(f"{what} is damaged at line {number}: it is no JSON object", field=what)
    return cast("dict[str, Any]", members)


def read_lines(stream: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """The complete lines with the offset at which each ends; what follows the last LF was torn off, and is left out."""
    end = 0
    for line in stream:
        if not line.endswith(b"\n"):
            return
        end += len(line)
        yield end, line
