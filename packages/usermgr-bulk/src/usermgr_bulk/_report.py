"""What people read after a run: the report, and the map of old to new `sub`. Both come from the journal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from usermgr_bulk._files import whole_file
from usermgr_bulk._journal_state import ended_rows
from usermgr_bulk._lines import one_line
from usermgr_bulk._scratch import InOrder

__all__ = ["write_report", "write_sub_map"]

MEMBERS = ("line", "key", "outcome", "code", "message")


def write_report(journal: str | Path, path: str | Path) -> int:
    """Writes a line of JSON for each row that has ended: line, key, outcome, code, message. How many there were.

    The lines are in the order of the input. The file has the mode 0600 and appears whole or not at all.

    Raises:
        InvalidInputError: the journal is damaged.
        OSError: the report cannot be written.
    """
    rows = ((row, {name: members.get(name) for name in MEMBERS}) for row, members in _ended(journal))
    return _write(Path(path), rows)


def write_sub_map(journal: str | Path, path: str | Path) -> int:
    """Writes `{"old": ..., "new": ...}` for each imported user whose `sub` is known on both sides. How many there were.

    Those whom the policy left alone are not among them, because they were not looked up. Order, mode and errors are
    those of `write_report`.
    """
    both = ((row, members) for row, members in _ended(journal) if "old_sub" in members and "new_sub" in members)
    return _write(Path(path), ((row, {"old": members["old_sub"], "new": members["new_sub"]}) for row, members in both))


def _ended(journal: str | Path) -> Iterator[tuple[int, dict[str, Any]]]:
    return ((members["row"], members) for members in ended_rows(Path(journal)))


def _write(path: Path, rows: Iterable[tuple[int, dict[str, Any]]]) -> int:
    count = 0
    with InOrder() as lines, whole_file(path) as stream:
        for row, members in rows:
            lines.add(row, one_line(members))
        for count, line in enumerate(lines, start=1):  # noqa: B007 - the last one is how many there were
            stream.write(line)
    return count
