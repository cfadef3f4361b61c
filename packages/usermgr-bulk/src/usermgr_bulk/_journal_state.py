"""Reading a journal: what its run has begun and ended. A bit for each row, so that a million rows take 125 kB."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

from usermgr.errors import InvalidInputError
from usermgr_bulk._lines import read_line, read_lines
from usermgr_bulk._results import RowOutcome

__all__ = ["JournalState", "ended_rows", "no_counts", "read_journal"]


def no_counts() -> dict[RowOutcome, int]:
    """Zero of each outcome."""
    return dict.fromkeys(RowOutcome, 0)


class RowSet:
    """A set of small whole numbers."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def add(self, row: int) -> None:
        """Puts the row in."""
        byte = row >> 3
        if byte >= len(self._bits):
            self._bits.extend(bytes(byte + 1 - len(self._bits)))
        self._bits[byte] |= 1 << (row & 7)

    def __contains__(self, row: int) -> bool:
        byte = row >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & 1 << (row & 7))


@dataclass(slots=True)
class JournalState:
    """What a journal holds."""

    header: dict[str, Any] = field(default_factory=dict[str, Any])
    ended: RowSet = field(default_factory=RowSet)
    begun: dict[int, datetime] = field(default_factory=dict[int, datetime])
    """The rows that began and did not end, and when they began first."""
    counts: dict[RowOutcome, int] = field(default_factory=no_counts)
    size: int = 0
    """Where the last whole line ends."""


def read_journal(stream: BinaryIO) -> JournalState:
    """What the journal holds. Raises `InvalidInputError` for one that is damaged before its last line."""
    state = JournalState()
    for number, (end, line) in enumerate(read_lines(stream), start=1):
        members = read_line(line, number, "journal")
        if number == 1:
            state.header = members
        else:
            try:
                _take(state, members)
            except (AttributeError, KeyError, TypeError, ValueError):
                raise InvalidInputError(f"the journal is damaged at line {number}", field="journal") from None
        state.size = end
    return state


def _take(state: JournalState, members: dict[str, Any]) -> None:
    if "begin" in members:
        at = datetime.fromisoformat(members["at"])
        for row in members["begin"]:
            state.begun.setdefault(int(row), at)
        return
    row = int(members["row"])
    if row not in state.ended:
        state.ended.add(row)
        state.counts[RowOutcome(members["outcome"])] += 1
    state.begun.pop(row, None)


def ended_rows(path: Path) -> Iterator[dict[str, Any]]:
    """The record of each row that has ended, in the order in which they ended. Raises `InvalidInputError`."""
    with path.open("rb") as stream:
        for number, (_, line) in enumerate(read_lines(stream), start=1):
            members = read_line(line, number, "journal")
            if "outcome" in members:
                yield members
