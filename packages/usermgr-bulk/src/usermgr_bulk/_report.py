"""What people read after a run: the report, and the map of old to new `sub`. Both come from the journal."""

from __future__ import annotations

from pathlib import Path

from usermgr_bulk._files import whole_file
from usermgr_bulk._journal_state import ended_rows
from usermgr_bulk._lines import one_line

__all__ = ["write_report", "write_sub_map"]

MEMBERS = ("line", "key", "outcome", "code", "message")


def write_report(journal: str | Path, path: str | Path) -> int:
    """Writes a line of JSON for each row that has ended: line, key, outcome, code, message. How many there were.

    The rows come in the order in which they ended; `line` says where each was. The file has the mode 0600 and appears
    whole or not at all.

    Raises:
        InvalidInputError: the journal is damaged.
        OSError: the report cannot be written.
    """
    count = 0
    with whole_file(Path(path)) as stream:
        for members in ended_rows(Path(journal)):
            stream.write(one_line({name: members.get(name) for name in MEMBERS}))
            count += 1
    return count


def write_sub_map(journal: str | Path, path: str | Path) -> int:
    """Writes `{"old": ..., "new": ...}` for each imported user whose `sub` is known on both sides. How many there were.

    Those whom the policy left alone are not among them, because they were not looked up. Raises as `write_report` does.
    """
    count = 0
    with whole_file(Path(path)) as stream:
        for members in ended_rows(Path(journal)):
            if "old_sub" in members and "new_sub" in members:
                stream.write(one_line({"old": members["old_sub"], "new": members["new_sub"]}))
                count += 1
    return count
