"""The tables, as ordered migrations, and what makes a file a store of this package.

A released migration is never changed: add another one at the end.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from usermgr_local._files import unusable
from usermgr_local._signing import new_signing_key

__all__ = ["APPLICATION_ID", "MIGRATIONS", "Migration", "check_file", "fold", "migrate", "secret_hash"]

APPLICATION_ID = 0x75736D67
"""`usmg`: distinguishes a store from any other SQLite file (https://www.sqlite.org/pragma.html#pragma_application_id)."""

Migration = Sequence[str | Callable[[sqlite3.Connection], None]]
"""SQL statements, and functions for what SQL cannot do."""


def _make_page_key(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO settings (name, value) VALUES ('page_key', ?)", (secrets.token_bytes(32),))


def _make_store_id(connection: sqlite3.Connection) -> None:
    connection.execute("INSERT INTO settings (name, value) VALUES ('store_id', ?)", (str(uuid.uuid4()),))


def _make_signing_keys(connection: sqlite3.Connection) -> None:
    rows = ((use, *new_signing_key()) for use in ("access", "id"))
    connection.executemany(
        "INSERT INTO signing_keys (token_use, key_id, public_jwk, private_key) VALUES (?, ?, ?, ?)", rows
    )


def fold(name: str) -> str:
    """What names have in common that differ only in case: their lower case.

    AWS writes that a pool that ignores case turns values to lower case, and not how it compares names; that `straße`
    and `STRASSE` are two names is an assumption of ours:
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
    """
    return name.lower()


def secret_hash(secret: bytes) -> bytes:
    """Distinguishes TOTP secrets without keeping one that is no longer in use."""
    return hashlib.sha256(secret).digest()


def _fold_names(connection: sqlite3.Connection) -> None:
    """Names were compared by `str.casefold` before, which takes more of them for one: so no two meet here."""
    rule = connection.execute("SELECT value FROM settings WHERE name = 'case_sensitive'").fetchone()
    if rule is not None and rule[0]:
        return
    rows = connection.execute("SELECT id, username FROM users").fetchall()
    connection.executemany("UPDATE users SET name_key = ? WHERE id = ?", [(fold(row[1]), row[0]) for row in rows])


def _fold_values(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT user_id, name, value FROM attributes").fetchall()
    connection.executemany(
        "UPDATE attributes SET folded = ? WHERE user_id = ? AND name = ?",
        [(fold(row[2]), row[0], row[1]) for row in rows],
    )


def _move_last_steps(connection: sqlite3.Connection) -> None:
    rows = connection.execute("SELECT id, totp_secret, totp_last_step FROM users WHERE totp_last_step > 0").fetchall()
    connection.executemany(
        "INSERT INTO used_codes (user_id, secret_hash, last_step) VALUES (?, ?, ?)",
        [(row[0], secret_hash(row[1]), row[2]) for row in rows if row[1] is not None],
    )


# Times are microseconds since 1970; those of sessions and of temporary passwords are compared, never shown.
MIGRATIONS: Sequence[Migration] = (
    (
        f"PRAGMA application_id = {APPLICATION_ID}",
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID",
        _make_page_key,
        """
        CREATE TABLE signing_keys (
            token_use TEXT PRIMARY KEY CHECK (token_use IN ('access', 'id')),
            key_id TEXT NOT NULL UNIQUE,
            public_jwk TEXT NOT NULL,
            private_key BLOB NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        _make_signing_keys,
        # AUTOINCREMENT: an id is never used again, so that a page token cannot skip or repeat anybody.
        """
        CREATE TABLE users (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name_key TEXT NOT NULL UNIQUE,
            username TEXT NOT NULL,
            sub TEXT NOT NULL UNIQUE,
            status TEXT NOT NULL,
            enabled INTEGER NOT NULL DEFAULT 1 CHECK (enabled IN (0, 1)),
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            password_hash TEXT,
            password_expires_at INTEGER,
            totp_secret BLOB,
            totp_last_step INTEGER NOT NULL DEFAULT 0
        ) STRICT
        """,
        "CREATE INDEX users_by_username ON users (username)",
        """
        CREATE TABLE attributes (
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (user_id, name)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX attributes_by_value ON attributes (name, value)",
        """
        CREATE TABLE groups (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            name TEXT NOT NULL UNIQUE,
            description TEXT,
            precedence INTEGER,
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL
        ) STRICT
        """,
        """
        CREATE TABLE members (
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            group_id INTEGER NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
            PRIMARY KEY (user_id, group_id)
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX members_by_group ON members (group_id, user_id)",
        """
        CREATE TABLE refresh_tokens (
            hash BLOB PRIMARY KEY,
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            origin_jti TEXT NOT NULL,
            auth_time INTEGER NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX refresh_tokens_by_user ON refresh_tokens (user_id)",
        "CREATE INDEX refresh_tokens_by_expiry ON refresh_tokens (expires_at)",
        """
        CREATE TABLE challenges (
            hash BLOB PRIMARY KEY,
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            name TEXT NOT NULL,
            expires_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX challenges_by_user ON challenges (user_id)",
        "CREATE INDEX challenges_by_expiry ON challenges (expires_at)",
        """
        CREATE VIEW user_records AS
        SELECT
            id, name_key, username, sub, status, enabled, created_at, updated_at,
            (SELECT json_group_object(name, value) FROM attributes WHERE user_id = users.id) AS attributes
        FROM users
        """,
    ),
    (
        """
        CREATE TABLE activity (
            sub TEXT PRIMARY KEY,
            first_seen INTEGER NOT NULL,
            last_seen INTEGER NOT NULL,
            last_sign_in INTEGER,
            sign_in_count INTEGER NOT NULL,
            client_id TEXT NOT NULL
        ) STRICT, WITHOUT ROWID
        """,
        "CREATE INDEX activity_by_last_seen ON activity (last_seen, sub)",
        "CREATE TABLE activity_days (day TEXT, sub TEXT, PRIMARY KEY (day, sub)) STRICT, WITHOUT ROWID",
    ),
    (
        _fold_names,
        # Outlives the secret itself, so that setting the same one again does not make a used code good again.
        """
        CREATE TABLE used_codes (
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            secret_hash BLOB NOT NULL,
            last_step INTEGER NOT NULL,
            PRIMARY KEY (user_id, secret_hash)
        ) STRICT, WITHOUT ROWID
        """,
        _move_last_steps,
        # For conditions that ignore case, by an index.
        "ALTER TABLE attributes ADD COLUMN folded TEXT NOT NULL DEFAULT ''",
        _fold_values,
        "CREATE INDEX attributes_by_folded ON attributes (name, folded)",
        "ALTER TABLE users DROP COLUMN totp_last_step",
        """
        CREATE TABLE wrong_codes (
            id INTEGER PRIMARY KEY,
            user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
            at INTEGER NOT NULL
        ) STRICT
        """,
        "CREATE INDEX wrong_codes_by_user ON wrong_codes (user_id, at)",
    ),
    (
        _make_store_id,
        # A factor that is switched off keeps its secret, so that it can be switched on again. The default is on, above
        # all for a secret that a process of the release before sets, which may have the file open.
        "ALTER TABLE users ADD COLUMN totp_off INTEGER NOT NULL DEFAULT 0 CHECK (totp_off IN (0, 1))",
        "ALTER TABLE users ADD COLUMN preferred_mfa TEXT",
        # The secret that a sign-in offers to a user who must set a second factor up.
        "ALTER TABLE challenges ADD COLUMN totp_secret BLOB",
    ),
    (
        # What the search looks into, and the indexes of it: see usermgr_local._index.
        """
        CREATE TABLE texts (
            user_id INTEGER PRIMARY KEY, words TEXT NOT NULL, raw TEXT NOT NULL, others TEXT NOT NULL
        ) STRICT
        """,
        *(
            f"CREATE VIRTUAL TABLE {index} USING fts5 "
            "(pieces, content = '', columnsize = 0, detail = none, prefix = '1 2 3', tokenize = 'ascii')"
            for index in ("words_index", "others_index")
        ),
        # Each query looks into every segment of an index. Merging two at a time, and not four, leaves half as many.
        *(
            f"INSERT INTO {index} ({index}, rank) VALUES ('automerge', 2)"  # noqa: S608 - constants
            for index in ("words_index", "others_index")
        ),
        # Users whose texts have changed. Triggers, so that a process of the release before, which may have the file
        # open, and any other program that writes leave the indexes right.
        "CREATE TABLE unindexed (user_id INTEGER PRIMARY KEY) STRICT",
        "INSERT INTO unindexed SELECT id FROM users",
        *(
            f"CREATE TRIGGER {table}_{event.split()[0].lower()} AFTER {event} ON {table} "  # noqa: S608 - constants
            f"BEGIN INSERT INTO unindexed (user_id) VALUES ({user}) ON CONFLICT DO NOTHING; END"
            for table, event, user in (
                ("users", "INSERT", "new.id"),
                ("users", "UPDATE OF username", "new.id"),
                ("users", "DELETE", "old.id"),
                ("attributes", "INSERT", "new.user_id"),
                ("attributes", "UPDATE OF value", "new.user_id"),
                ("attributes", "DELETE", "old.user_id"),
            )
        ),
        # So that the few who are disabled, or in a rare status, are found among many.
        "CREATE INDEX users_by_enabled ON users (enabled)",
        "CREATE INDEX users_by_status ON users (status)",
    ),
)


def check_file(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> int:
    """The version of the file's schema, 0 when it is empty. Call it inside a transaction.

    Raises:
        ConfigurationError: the file is not such a store, or a newer usermgr-local wrote it.
    """
    version = _pragma(connection, "user_version")
    is_empty = version == 0 and connection.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is None
    if not is_empty and (version == 0 or _pragma(connection, "application_id") != APPLICATION_ID):
        raise unusable(f"{path} is an SQLite file of another program: choose another path")
    if version > len(migrations):
        raise unusable(
            f"{path} has schema version {version}, from a newer usermgr-local, and this one knows versions up to "
            f"{len(migrations)}: upgrade usermgr-local"
        )
    return version


def migrate(connection: sqlite3.Connection, path: Path, migrations: Sequence[Migration] = MIGRATIONS) -> None:
    """Brings the file to the newest schema. Call it inside a write transaction, so that it is all or nothing.

    Raises as `check_file` does.
    """
    version = check_file(connection, path, migrations)
    if version == len(migrations):
        return
    for migration in migrations[version:]:
        for step in migration:
            if isinstance(step, str):
                connection.execute(step)
            else:
                step(connection)
    connection.execute(f"PRAGMA user_version = {len(migrations)}")


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]
