"""`read_newest`: a page of records from the end of a file backwards, for whoever looks at what happened last."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import BinaryIO

from usermgr.audit._chain import MAX_LINE, parse_line
from usermgr.audit._files import opened, path_of
from usermgr.audit._read import Entry, filter_of, record_of
from usermgr.errors import ConfigurationError, InvalidInputError, InvalidPageTokenError

__all__ = ["EntryPage", "read_newest"]

BLOCK = 64 * 1024
_TOKEN = re.compile(r"([0-9]{1,12})-([0-9]{1,18})")


@dataclass(frozen=True, slots=True)
class EntryPage:
    """Some entries, the newest first. Their `line` is `None`: nobody has counted from the beginning."""

    entries: Sequence[Entry]
    next_token: str | None
    """For the entries before these; `None` at the beginning of the oldest file."""
    looked_at: int
    """How many lines this page took."""


def read_newest(
    path: str | os.PathLike[str],
    *,
    limit: int = 50,
    page_token: str | None = None,
    lines: int = 20_000,
    user: str | None = None,
    actor: str | None = None,
    operation: str | None = None,
    outcome: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> EntryPage:
    """A page of the records that fit, newest first, in constant memory, while others may write.

    A token stays good when the file is full and gets another name. As with `read`, no seal is looked at, and lines
    that are no records fit whatever is asked for.

    Args:
        path: The file that is written.
        limit: How many entries a page has at most.
        page_token: `next_token` of the page before.
        lines: How many lines are looked at at most; a page may hold few entries, or none, and go on.
        user: As for `read`; so are the others.
        actor: The name of who made the change.
        operation: The name of the operation.
        outcome: What became of it.
        since: Changes that began then or later.
        until: Changes that began before.

    Raises:
        InvalidPageTokenError: the token is none, or its file is gone.
        InvalidInputError: there is no such operation, a time has no offset, `limit` or `lines` is less than 1, or an
            argument is of another type.
        ConfigurationError: a file cannot be read.
    """
    for name, most in (("limit", limit), ("lines", lines)):
        if not isinstance(most, int) or isinstance(most, bool) or most < 1:  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError(f"{name} must be a whole number, 1 or more", field=name)
    named = path_of(path)
    fits = filter_of(user=user, actor=actor, operation=operation, outcome=outcome, since=since, until=until)
    found: list[Entry] = []
    looked_at = 0
    try:
        with contextlib.ExitStack() as stack:
            _, files = opened(named, stack)
            for place, name, raw in _backwards(named.name, files, page_token):
                if len(found) >= limit or looked_at >= lines:
                    return EntryPage(found, place, looked_at)
                looked_at += 1
                line = None if raw is None else parse_line(raw)
                members = None if line is None else record_of(line.members)
                if members is None or fits(members):
                    found.append(Entry(name, None, members))
    except OSError as error:
        problem = f"the audit file {path} cannot be read: {error.strerror}"
        raise ConfigurationError(problem, problems=[problem]) from error
    return EntryPage(found, None, looked_at)


def _backwards(
    name: str, files: list[tuple[str, BinaryIO, int]], token: str | None
) -> Iterator[tuple[str, str, bytes | None]]:
    """Each line with the token that begins at it and its file, from the token's place, or the end, to the beginning.

    A full file is known by its number, and the one that is written by the number that it will get.
    """
    numbered: list[tuple[int, str, BinaryIO, int]] = []
    for found, file, size in files:
        last = numbered[-1][0] if numbered else 0
        number = last + 1 if found == name else int(found.rpartition(".")[2])
        numbered.append((number, found, file, size))
    for number, found, file, size in _from(token, numbered):
        for end, raw in _lines_backwards(file, size):
            yield f"{number}-{end}", found, raw


def _from(token: str | None, files: list[tuple[int, str, BinaryIO, int]]) -> list[tuple[int, str, BinaryIO, int]]:
    """The files that are read, newest first; the first one only up to the token's place."""
    newest_first = files[::-1]
    if token is None:
        return newest_first
    match = _TOKEN.fullmatch(token) if isinstance(token, str) else None  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
    if match is None:
        raise InvalidPageTokenError
    wanted, end = int(match[1]), int(match[2])
    here = next((entry for entry in newest_first if entry[0] == wanted), None)
    if here is None or end > here[3] or not (end == here[3] or _is_end_of_line(here[2], end)):
        raise InvalidPageTokenError
    return [(*here[:3], end), *(entry for entry in newest_first if entry[0] < wanted)]


def _is_end_of_line(file: BinaryIO, end: int) -> bool:
    if end == 0:
        return True
    file.seek(end - 1)
    return file.read(1) == b"\n"


def _lines_backwards(file: BinaryIO, end: int) -> Iterator[tuple[int, bytes | None]]:
    """Where each line before `end` ends, the last one first, and the line without its line break.

    The line is `None` where it has no line break, or is too long.
    """
    for begin in chain(_begins(file, end), [0]):
        if begin < end:
            yield end, _line(file, begin, end)
            end = begin


def _begins(file: BinaryIO, end: int) -> Iterator[int]:
    """The places after line breaks, the last one first."""
    while end > 0:
        start = max(0, end - BLOCK)
        file.seek(start)
        block = file.read(end - start)
        at = len(block)
        while (at := block.rfind(b"\n", 0, at)) >= 0:
            yield start + at + 1
        end = start


def _line(file: BinaryIO, begin: int, end: int) -> bytes | None:
    if end - begin > MAX_LINE:
        return None
    file.seek(begin)
    raw = file.read(end - begin)
    return raw[:-1] if raw.endswith(b"\n") else None
