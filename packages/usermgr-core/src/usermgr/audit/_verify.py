"""`verify`: what was done to a file of records, told as plain findings."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

from usermgr.audit._chain import GENESIS, HASH, Keys, Line, Link, parse_head, parse_line
from usermgr.audit._files import head_path, lines_within, opened, path_of
from usermgr.errors import ConfigurationError, InvalidInputError

__all__ = ["Finding", "FindingKind", "Verification", "verify"]

MAX_FINDINGS = 1000
"""How many findings are kept; there may be as many as lines."""


class FindingKind(StrEnum):
    """What is wrong."""

    CHANGED = "changed"
    """The line is not as it was written, or was never written by a holder of the key."""
    MISSING = "missing"
    """Lines are not there: before this one or, after the last one, at the end."""
    MISPLACED = "misplaced"
    """The line is there twice, or stands in another place than it was written to."""
    CUT = "cut"
    """The line does not end: part of it was removed, or the writer was stopped in the middle of it."""
    UNKNOWN_KEY = "unknown_key"
    """The line names a key that was not given."""
    HEAD = "head"
    """The file that knows the last line is gone or changed: lines may be missing at the end."""
    UNPROVEN = "unproven"
    """Without the key, nothing shows whether the lines from here on are as they were written."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something wrong, at a line of a file; line 0 is the file as a whole."""

    file: str
    line: int
    kind: FindingKind
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.kind}: {self.message}"


@dataclass(frozen=True, slots=True)
class Verification:
    """What `verify` found: nothing, where `findings` is empty."""

    findings: tuple[Finding, ...]
    """At most 1000."""
    lines: int
    """How many lines were read."""
    last: str | None
    """The hash of the last line: note it elsewhere, and the next `verify` proves all up to it."""

    @property
    def ok(self) -> bool:
        """Whether all is as it was written."""
        return not self.findings


def verify(
    path: str | os.PathLike[str],
    *,
    key: bytes | Sequence[bytes] | None = None,
    last: str | None = None,
    first: int = 1,
) -> Verification:
    """Reads the file and the full ones beside it, in constant memory, while others may write.

    Args:
        key: The key, or several where it was replaced.
        last: The hash of a line, as `Verification.last` or `FileSink.last` gave it: all lines up to it are proven,
            also without a key, and it must be there.
        first: The number of the line that should be the first, where the oldest files were moved elsewhere.

    Raises:
        InvalidInputError: neither `key` nor `last` is given, or an argument is malformed.
        ConfigurationError: a file cannot be read.
    """
    if key is None and last is None:
        raise InvalidInputError("verify needs the key, or the hash of the last line", field="key")
    if last is not None and not (isinstance(last, str) and HASH.fullmatch(last)):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        raise InvalidInputError("last must be a hash: 64 digits from 0 to f", field="last")
    if not isinstance(first, int) or first < 1:  # pyright: ignore[reportUnnecessaryIsInstance] - as above
        raise InvalidInputError("first must be the number of a line, 1 or more", field="first")
    where = path_of(path)
    reader = _Reader(None if key is None else Keys(key), last, first)
    try:
        with contextlib.ExitStack() as stack:
            head, files = opened(where, stack)
            for name, file, size in files:
                reader.read(name, file, size)
    except OSError as error:
        problem = f"the audit file {path} cannot be read: {error.strerror}"
        raise ConfigurationError(problem, problems=[problem]) from error
    reader.finish(where, head)
    return Verification(tuple(reader.findings), reader.lines, reader.last_hash)


@dataclass(slots=True)
class _Reader:
    """Follows the chain from line to line. After a line that is wrong, the next one is not blamed for it."""

    keys: Keys | None
    last: str | None
    first: int
    findings: list[Finding] = field(default_factory=list[Finding])
    lines: int = 0
    last_hash: str | None = None
    _good: Link = field(init=False)
    """The last line of which nothing is wrong; `hash` is empty where it was moved elsewhere."""
    _lost: int = 0
    """Lines since then of which nothing can be known."""
    _place: tuple[str, int] = ("", 0)
    _met_last: tuple[str, int] | None = None

    def __post_init__(self) -> None:
        self._good = Link(self.first - 1, GENESIS if self.first == 1 else "")

    def read(self, name: str, file: BinaryIO, size: int) -> None:
        """Reads one file up to that size."""
        for number, raw in enumerate(lines_within(file, size), 1):
            before, self._place = self._place, (name, number)
            self.lines += 1
            if raw is None:
                self._find(FindingKind.CUT, "the line does not end, or is longer than a line may be")
                self._lost += 1
            else:
                self._line(raw, before)

    def finish(self, path: Path, head: bytes | None) -> None:
        """What only the end shows."""
        if not self.lines:
            self._find(FindingKind.MISSING, "there is no line", (path.name, 0))
        elif self.last is not None and self._met_last is None:
            what = "the line with the hash that was noted is not there: lines were removed from the end, or changed"
            self._find(FindingKind.MISSING, what)
        elif self.keys is None and self._met_last != self._place and self._met_last is not None:
            name, number = self._met_last
            what = "the lines after this one are not proven: give the key, or a newer hash"
            self._find(FindingKind.UNPROVEN, what, (name, number))
        if self.keys is not None:
            self._compare_with_head(head_path(path).name, parse_head(head or b"", self.keys), head is None)

    def _compare_with_head(self, name: str, known: Link | None, gone: bool) -> None:
        if gone and self.last is not None:
            return  # copies without their head are proven by the hash
        if gone or known is None:
            what = "gone" if gone else "changed, or sealed with another key"
            self._find(FindingKind.HEAD, f"it is {what}, so lines may be missing at the end", (name, 0))
        elif (missing := known.n - self._good.n - self._lost) > 0:
            self._find(FindingKind.MISSING, f"{missing} lines are missing after it: {known.n} were written")
        elif known.n == self._good.n and not self._lost and known.hash != self._good.hash:
            self._find(FindingKind.CHANGED, "it is not the last line that was written")

    def _line(self, raw: bytes, before: tuple[str, int]) -> None:
        line = parse_line(raw)
        if line is None:
            wrong = FindingKind.CHANGED, "it is not a line of a chain"
        elif self.keys is not None and line.key_id not in self.keys:
            wrong = FindingKind.UNKNOWN_KEY, f"it was sealed with the key {line.key_id}, which was not given"
        elif self.keys is not None and not self.keys.fits(line):
            wrong = FindingKind.CHANGED, "its seal is wrong"
        else:
            self._follow(line, before)
            return
        self._find(*wrong)
        self._lost += 1

    def _follow(self, line: Line, before: tuple[str, int]) -> None:
        due = self._good.n + 1
        if line.n > due + self._lost:
            self._find(FindingKind.MISSING, f"{line.n - due - self._lost} lines are missing before it")
        elif line.n < due:
            self._find(FindingKind.MISPLACED, f"it is line {line.n} of the chain, and {due} would be next")
        elif not self._lost and self._good.hash not in ("", line.prev):
            what = "it is not the line that the next one was written after"
            self._find(FindingKind.CHANGED, what, before if self._good.n else None)
        if line.n >= due:
            self._good, self._lost = line.link, 0
        self.last_hash = line.hash
        if line.hash == self.last:
            self._met_last = self._place

    def _find(self, kind: FindingKind, message: str, place: tuple[str, int] | None = None) -> None:
        if len(self.findings) < MAX_FINDINGS:
            self.findings.append(Finding(*(place or self._place), kind, message))
