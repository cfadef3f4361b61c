"""From bytes to the rows of a CSV file (RFC 4180), strictly and in constant memory.

Python's csv module forgives a quotation mark inside a cell, has one limit for the whole process, and cannot say where
it lost its way. Here every byte is either part of a row, or the reason why the rest cannot be read.
"""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from usermgr.records import LINE_LIMIT, lines_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

__all__ = ["BrokenError", "raw_lines", "split_row", "text_lines", "texts_of_rows"]

_TOO_LONG = f"the row is longer than {LINE_LIMIT} bytes: a quotation mark may be missing"


class BrokenError(Exception):
    """From this line on, nothing says where a row begins or ends."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class _InUtf8(io.RawIOBase):
    """UTF-16 as UTF-8, in which a byte LF is a line end and nothing else; what is not UTF-16 is not UTF-8 either."""

    def __init__(self, stream: BinaryIO, encoding: str) -> None:
        self._stream = stream
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._waiting = b""
        self._ended = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        view = memoryview(buffer).cast("B")
        while not self._waiting and not self._ended:
            chunk = self._stream.read(16384)
            self._ended = not chunk
            try:
                self._waiting = self._decoder.decode(chunk, final=self._ended).encode()
            except UnicodeDecodeError as error:
                sound = error.object[: error.start]
                self._waiting = sound.decode(error.encoding).encode() + b"\xff"
                self._ended = True
        count = min(len(view), len(self._waiting))
        view[:count] = self._waiting[:count]
        self._waiting = self._waiting[count:]
        return count


def raw_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, bytes | None, str]]:
    """The lines as `lines_of` gives them, and the encoding that their bytes now have."""
    if encoding.startswith("utf-16"):
        stream, encoding = io.BufferedReader(_InUtf8(stream, encoding)), "utf-8"
    for number, line in lines_of(stream):
        yield number, line, encoding


def text_lines(stream: BinaryIO, encoding: str) -> Iterator[tuple[int, str]]:
    """The lines as text, with their ends. Raises `BrokenError` at the first that is none."""
    for number, raw, now in raw_lines(stream, encoding):
        if raw is None:
            raise BrokenError(number, _TOO_LONG)
        try:
            line = raw.decode(now)
        except UnicodeDecodeError:
            raise BrokenError(number, f"the line is not text in {encoding}") from None
        if "\0" in line:
            raise BrokenError(
                number, "the line has NUL characters, which no CSV file has: the file may be cut or damaged"
            )
        yield number, line


def texts_of_rows(lines: Iterator[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """Each row as one text without its end, and the line that it begins at; empty lines are no rows.

    Raises `BrokenError` where a quotation mark opens and never closes.
    """
    for number, first in lines:
        parts, size, marks = [first], len(first), first.count('"')
        while marks % 2:
            following = next(lines, None)
            if following is None:
                raise BrokenError(number, "a quotation mark in this row does not close before the input ends")
            parts.append(following[1])
            size += len(following[1])
            marks += following[1].count('"')
            if size > LINE_LIMIT:
                raise BrokenError(number, _TOO_LONG)
        row = "".join(parts).removesuffix("\n").removesuffix("\r")
        if row:
            yield number, row


@cache
def _cell(delimiter: str) -> re.Pattern[str]:
    d = re.escape(delimiter)
    return re.compile(rf'(?:"([^"]*+(?:""[^"]*+)*+)"|([^"{d}\r\n]*+))({d}|\Z)')


def split_row(number: int, row: str, delimiter: str) -> list[str]:
    """The cells of the row that begins at line `number`. Raises `BrokenError`."""
    if '"' not in row:
        if "\r" in row:
            raise BrokenError(
                number, "the row has a carriage return outside quotation marks: end lines with LF or CRLF"
            )
        return row.split(delimiter)
    pattern, cells, position = _cell(delimiter), list[str](), 0
    while (match := pattern.match(row, position)) is not None:
        quoted, plain, end = match.groups()
        cells.append(plain if quoted is None else quoted.replace('""', '"'))
        if not end:
            return cells
        position = match.end()
    raise BrokenError(
        number,
        "a cell has text beside its quotation marks: they enclose the whole cell, and inside it they are doubled",
    )
