"""The SQLite file: opening it, transactions, and its errors as usermgr's.

One connection per process, behind a lock. SQLite's own locks keep processes apart: WAL lets them read while one
writes, and BEGIN IMMEDIATE makes writers wait for each other instead of failing halfway. `synchronous=FULL`
syncs the log at every commit, so that what was acknowledged survives a power cut
(https://www.sqlite.org/pragma.html#pragma_synchronous).
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from usermgr import errors
from usermgr_local._files import claim, unusable
from usermgr_local._index import has_fts5, is_complete, refresh
from usermgr_local._schema import check_file, migrate

__all__ = ["Database"]

MIN_SQLITE = (3, 37, 0)
"""The first with STRICT tables (https://www.sqlite.org/stricttables.html)."""

CACHE_KIB = 16 * 1024
"""Memory for pages: a batch touches leaves of every index, and in SQLite's 2 MiB they would be read again and again."""

BUSY_SECONDS = 10.0
"""How long a writer waits for another process."""

PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",  # what undoes a change in a batch is small, and no file of ours
    f"PRAGMA cache_size = -{CACHE_KIB}",
)

READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"

_open: weakref.WeakSet[Database] = weakref.WeakSet()
_inherited: list[sqlite3.Connection] = []


class Database:
    """The file of one store. Safe to share between threads, and across a fork."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None
        self._at_exit: weakref.finalize[..., Database] | None = None
        self._in_batch = False
        if sqlite3.sqlite_version_info < MIN_SQLITE:
            raise unusable(f"Python's SQLite is version {sqlite3.sqlite_version}, but 3.37 or newer is required")
        if not has_fts5():
            raise unusable("Python's SQLite was built without FTS5: use a Python whose SQLite has it")
        self.path = claim(path)
        """Without symbolic links, and absolute: another working directory does not lead to another file."""
        with self.write() as connection:
            migrate(connection, self.path)
        self._index_all()
        _open.add(self)

    def _index_all(self) -> None:
        """Indexes everybody whom nobody indexed yet, in transactions of their own: where this is interrupted, who opens
        the store next goes on, and others can write meanwhile."""
        done = False
        while not done:
            with self.write() as connection:
                refresh(connection)
                done = is_complete(connection)

    @contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """A transaction that sees one state of the store."""
        with self._transaction(READ) as connection:
            yield connection

    @contextmanager
    def write(self) -> Generator[sqlite3.Connection]:
        """A transaction: on the disk as a whole when the block ends well, and undone when it raises.

        Raises:
            ThrottledError: another process kept the file locked for too long; nothing was done.
        """
        with self._transaction(WRITE) as connection:
            yield connection

    @contextmanager
    def batch(self) -> Generator[sqlite3.Connection]:
        """A write transaction around others: those that this thread begins inside the block become parts of it.

        A part that raises is undone, and the rest stays; what the parts wrote is on the disk when the block ends well.
        Where SQLite gives the whole transaction up, as on a full disk, `in_transaction` of the connection is false, and
        the block must raise. Other threads wait.
        """
        with self._transaction(WRITE) as connection:
            self._in_batch = True
            try:
                yield connection
            finally:
                self._in_batch = False

    def close(self) -> None:
        """Closes the file. The next transaction opens it again."""
        with self._lock:
            if self._at_exit is not None:
                self._at_exit()
            self._connection = None

    @contextmanager
    def _transaction(self, begin: str) -> Generator[sqlite3.Connection]:
        with self._lock:
            try:
                if self._connection is None:
                    self._connection = _connect(self.path)
                    self._at_exit = weakref.finalize(self, self._connection.close)
                connection = self._connection
                with _part(connection) if self._in_batch else _whole(connection, begin):
                    yield connection
            except sqlite3.Error as error:
                raise _translate(error, self.path) from error

    def forget(self) -> None:
        """In a newly forked process: leaves the parent's connection alone; the next transaction opens another one.

        SQLite forbids both using and closing it:
        https://www.sqlite.org/howtocorrupt.html#_carrying_an_open_database_file_across_a_fork_
        """
        self._lock = threading.RLock()
        self._in_batch = False
        if self._at_exit is not None:
            self._at_exit.detach()
        if self._connection is not None:
            _inherited.append(self._connection)
            self._connection = None


def _forget_all() -> None:
    for database in _open:
        database.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)


@contextmanager
def _whole(connection: sqlite3.Connection, begin: str) -> Generator[None]:
    connection.execute(begin)
    try:
        yield
        if begin != READ:
            refresh(connection)
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def _part(connection: sqlite3.Connection) -> Generator[None]:
    if not connection.in_transaction:  # a savepoint would begin a transaction of its own
        raise errors.ServiceError("the batch that this change is part of was undone")
    connection.execute("SAVEPOINT part")
    done = False
    try:
        yield
        done = True
    finally:
        if connection.in_transaction:
            if not done:
                connection.execute("ROLLBACK TO part")
            connection.execute("RELEASE part")


def _connect(path: Path) -> sqlite3.Connection:
    # `rw`, not `rwc`: a store that was removed must not come back empty, and readable by everybody.
    connection = sqlite3.connect(
        f"{path.as_uri()}?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("BEGIN")
        check_file(connection, path)  # before a file that is not ours is changed
        connection.execute("COMMIT")
        for pragma in PRAGMAS:
            connection.execute(pragma)
        if _switch_to_wal(connection) != "wal":
            raise unusable(f"the file system of {path} does not allow SQLite's WAL: use one on a local disk")
    except (sqlite3.Error, errors.UsermgrError):
        connection.close()
        raise
    return connection


def _switch_to_wal(connection: sqlite3.Connection) -> str:
    # The switch needs exclusive use of the file, and SQLite's busy timeout does not cover that.
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            return connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            if _primary(error) != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _primary(error: sqlite3.Error) -> int:
    # An extended code keeps the primary one in its low byte (https://www.sqlite.org/rescode.html).
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


_ERRORS: dict[int, tuple[type[errors.UsermgrError], str]] = {
    sqlite3.SQLITE_BUSY: (
        errors.ThrottledError,
        "another process kept the file locked for too long, and nothing was done: try again",
    ),
    sqlite3.SQLITE_LOCKED: (errors.ThrottledError, "the file is locked, and nothing was done: try again"),
    sqlite3.SQLITE_FULL: (errors.ServiceUnavailableError, "the disk is full"),
    sqlite3.SQLITE_IOERR: (errors.ServiceUnavailableError, "reading or writing failed"),
    sqlite3.SQLITE_CANTOPEN: (errors.StoreNotFoundError, "the file cannot be opened"),
    sqlite3.SQLITE_READONLY: (errors.AccessDeniedError, "the file or its directory is not writable"),
    sqlite3.SQLITE_PERM: (errors.AccessDeniedError, "access to the file is not permitted"),
    sqlite3.SQLITE_NOTADB: (errors.ConfigurationError, "the file is not an SQLite file: choose another path"),
    sqlite3.SQLITE_CORRUPT: (errors.ServiceError, "the file is damaged: restore it from a backup"),
}


def _translate(error: sqlite3.Error, path: Path) -> errors.UsermgrError:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    cls, text = _ERRORS.get(_primary(error), (errors.ServiceError, "SQLite failed"))
    problem = f"{path}: {text} ({name})"
    if cls is errors.ConfigurationError:
        return unusable(problem)
    evidence = {"store": str(path)} if cls is errors.StoreNotFoundError else {}
    return cls(f"usermgr's local store {problem}", service_code=name, **evidence)
