"""What a run must remember of every row, on the disk and not in memory; it is gone when it is closed.

SQLite's databases without a name are files without a name: https://www.sqlite.org/inmemorydb.html#temp_db
"""

from __future__ import annotations

import errno
import json
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

__all__ = ["FirstLines", "GroupLists", "InOrder", "Memberships"]


class _Scratch:
    """Raises `OSError` where the system's folder for temporary files is full, or does not work."""

    def __init__(self, table: str) -> None:
        self._connection = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        with _working():
            self._connection.executescript(f"PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; {table}; BEGIN")

    def _do(self, statement: str, values: Sequence[object] = ()) -> sqlite3.Cursor:
        with _working():
            return self._connection.execute(statement, values)

    def _rows(self, statement: str, values: Sequence[object] = ()) -> Iterator[tuple[Any, ...]]:
        with _working():
            yield from self._connection.execute(statement, values)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._connection.close()


@contextmanager
def _working() -> Generator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        number = errno.ENOSPC if error.sqlite_errorcode == sqlite3.SQLITE_FULL else errno.EIO
        # https://www.sqlite.org/tempfiles.html: the variables come before /var/tmp and /tmp
        remedy = "make room for temporary files, or name another folder by SQLITE_TMPDIR"
        raise OSError(number, f"{error}: {remedy}", "temporary files") from error


class FirstLines(_Scratch):
    """The line on which each key came first."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")

    def first(self, key: str, line: int) -> int | None:
        """The line on which the key came before; `None` for a new one, which is remembered with this line."""
        text = key.encode("utf-8", "surrogatepass")
        added = self._do("INSERT OR IGNORE INTO seen VALUES (?, ?)", (text, line))
        if added.rowcount:
            return None
        ((found,),) = self._rows("SELECT line FROM seen WHERE key = ?", (text,))
        return int(found)


class Memberships(_Scratch):
    """Who is in which groups."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE member (user TEXT, place TEXT, PRIMARY KEY (user, place)) WITHOUT ROWID")

    def add(self, group: str, users: Iterable[str]) -> None:
        """These users are in the group."""
        rows = [(user, group) for user in users]
        with _working():
            self._connection.executemany("INSERT OR IGNORE INTO member VALUES (?, ?)", rows)

    def clear(self) -> None:
        """Nobody is in any group."""
        self._do("DELETE FROM member")

    def of(self, user: str) -> list[str]:
        """The groups of the user, sorted."""
        rows = self._rows("SELECT place FROM member WHERE user = ? ORDER BY place", (user,))
        return [group for (group,) in rows]


class GroupLists(_Scratch):
    """The list of groups that a row has for each user."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE list (key BLOB PRIMARY KEY, places TEXT) WITHOUT ROWID")
        self.any = False

    def add(self, key: str, groups: Sequence[str]) -> None:
        """The row of that user has this list; a second row is left out."""
        self.any = True
        row = (key.encode("utf-8", "surrogatepass"), json.dumps(list(groups)))
        self._do("INSERT OR IGNORE INTO list VALUES (?, ?)", row)

    def leaves_out(self, key: str, group: str) -> bool:
        """Whether the user has a list, and the group is not in it."""
        text = key.encode("utf-8", "surrogatepass")
        found = next(self._rows("SELECT places FROM list WHERE key = ?", (text,)), None)
        return found is not None and group not in json.loads(found[0])


class InOrder(_Scratch):
    """Lines by the rows that they are of."""

    def __init__(self) -> None:
        super().__init__("CREATE TABLE line (row INTEGER PRIMARY KEY, content BLOB)")

    def add(self, row: int, content: bytes) -> None:
        """The line of that row; a second one is left out."""
        self._do("INSERT OR IGNORE INTO line VALUES (?, ?)", (row, content))

    def __iter__(self) -> Iterator[bytes]:
        for (content,) in self._rows("SELECT content FROM line ORDER BY row"):
            yield content
