"""The console's own SQLite file, which the processes of one host share. It holds no user of the store."""

from __future__ import annotations

import contextlib
import os
import secrets
import sqlite3
import stat
import threading
from collections.abc import Generator
from pathlib import Path

from usermgr.errors import ConfigurationError

__all__ = ["Database", "private_folder"]

NAME = "console.db"
VERSION = 1
BUSY_SECONDS = 10

SCHEMA = """
CREATE TABLE keys (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
CREATE TABLE sessions (
    id BLOB PRIMARY KEY, person TEXT NOT NULL, sub TEXT, created INTEGER NOT NULL, seen INTEGER NOT NULL,
    checked INTEGER NOT NULL, notice TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_sub ON sessions (sub);
CREATE TABLE spent (token BLOB PRIMARY KEY, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX spent_until ON spent (until);
CREATE TABLE attempts (whose BLOB NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX attempts_whose ON attempts (whose, at);
CREATE TABLE links (token BLOB PRIMARY KEY, role INTEGER NOT NULL, until INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE steps (
    browser BLOB NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL, until INTEGER NOT NULL, PRIMARY KEY (browser, kind)
) STRICT, WITHOUT ROWID;
CREATE TABLE preferences (person TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


def private_folder(path: Path) -> Path:
    """The folder, made for its owner alone where there is none.

    Raises `ConfigurationError` where others may look into it.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    _check_private(path)
    return path


def _check_private(path: Path) -> None:
    found = path.stat()
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        problem = f"{path} must be its owner's alone, and yours: chmod go= it, or name another one"
        raise ConfigurationError(f"usermgr's console: {problem}", problems=[problem])


class Database:
    """One connection, used by one thread at a time; each `write` is a transaction."""

    def __init__(self, folder: Path) -> None:
        path = private_folder(folder) / NAME
        with contextlib.suppress(FileExistsError):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _check_private(path)
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        with self.write() as connection:
            self._prepare(connection, path)

    @staticmethod
    def _prepare(connection: sqlite3.Connection, path: Path) -> None:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            for statement in filter(str.strip, SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute("INSERT INTO keys VALUES ('forms', ?)", (secrets.token_bytes(32),))
            connection.execute(f"PRAGMA user_version = {VERSION}")
        elif version != VERSION:
            problem = f"{path} is of another release of usermgr-console: remove it, which signs everybody out"
            raise ConfigurationError(f"usermgr's console: {problem}", problems=[problem])

    def key(self, name: str) -> bytes:
        """A secret of this file."""
        with self.read() as connection:
            return connection.execute("SELECT value FROM keys WHERE name = ?", (name,)).fetchone()["value"]

    @contextlib.contextmanager
    def read(self) -> Generator[sqlite3.Connection]:
        """For single statements that change nothing."""
        with self._lock:
            yield self._connection

    @contextlib.contextmanager
    def write(self) -> Generator[sqlite3.Connection]:
        """A transaction, which an exception undoes."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def close(self) -> None:
        """Closes the file."""
        with self._lock:
            self._connection.close()
