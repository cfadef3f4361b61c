"""The file: how it is created, opened and migrated, and what happens when SQLite refuses."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from usermgr import MfaMethod, Tokens, where
from usermgr.errors import (
    ConfigurationError,
    ExpiredCodeError,
    ServiceError,
    StoreNotFoundError,
    ThrottledError,
    UserExistsError,
)
from usermgr_local import LocalUserManager, create, totp
from usermgr_local import _database as database
from usermgr_local._database import Database
from usermgr_local._index import refresh
from usermgr_local._schema import APPLICATION_ID, MIGRATIONS, migrate

from .conftest import CHEAP, PASSWORD, Clock, challenged


def pragma(connection: sqlite3.Connection, name: str) -> int | str:
    """The value of a PRAGMA."""
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


# --- Making and opening ------------------------------------------------------------------------------


def test_new_store_is_for_its_owner_alone(tmp_path: Path) -> None:
    """The store and its log can be read by nobody else, whatever the umask; the public keys by everybody."""
    before = os.umask(0)
    try:
        users = create(path=tmp_path / "new.db", argon2=CHEAP)
        users.add_user("alice", PASSWORD)
        modes = {file.name: file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    users.close()
    assert modes == {"new.db": 0o600, "new.db-wal": 0o600, "new.db-shm": 0o600, "new.db.jwks.json": 0o644}


def test_store_that_others_may_read_is_refused(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A file with signing keys that others may read is named, with the remedy."""
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        make()


def test_missing_directory_is_named(tmp_path: Path) -> None:
    """No directory is made on the way."""
    with pytest.raises(ConfigurationError, match="its directory must exist"):
        create(path=tmp_path / "no" / "users.db", argon2=CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_jwks_without_a_directory_is_named(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A place for the public keys that does not exist is a configuration error too."""
    with pytest.raises(ConfigurationError, match=r"keys\.json"):
        make(jwks_path=path.parent / "no" / "keys.json")


def test_every_connection_is_durable_and_keeps_foreign_keys(path: Path) -> None:
    """WAL, synchronous=FULL (2), foreign keys and the busy time-out are set on each connection."""
    store = Database(path)
    for _ in range(2):
        with store.read() as connection:
            found = [
                pragma(connection, name) for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
            ]
        assert found == ["wal", 2, 1, 10_000]
        store.close()


def test_file_of_something_else_is_refused(tmp_path: Path) -> None:
    """An SQLite file of another program, or no SQLite file at all, is left as it is."""
    other, text = tmp_path / "other.db", tmp_path / "notes.txt"
    with sqlite3.connect(other) as connection:
        connection.execute("CREATE TABLE notes (text)")
    connection.close()
    text.write_text("not a database, but long enough to be read as one" * 100)
    for file in (other, text):
        file.chmod(0o600)
        before = file.read_bytes()
        with pytest.raises(ConfigurationError, match=r"another program|not an SQLite file"):
            create(path=file, argon2=CHEAP)
        assert file.read_bytes() == before


def test_file_of_something_else_with_a_version_is_refused(tmp_path: Path) -> None:
    """A version number alone does not make a file a store."""
    other = tmp_path / "other.db"
    with sqlite3.connect(other) as connection:
        connection.execute("PRAGMA user_version = 1")
    connection.close()
    other.chmod(0o600)
    with pytest.raises(ConfigurationError, match="another program"):
        create(path=other, argon2=CHEAP)


def test_case_rule_stays_as_it_was_made(make: Callable[..., LocalUserManager]) -> None:
    """A store that was made for names in any case cannot be opened to tell them apart."""
    make().close()
    with pytest.raises(ConfigurationError, match="USERMGR_LOCAL_CASE_SENSITIVE=false"):
        make(case_sensitive=True)


def test_case_sensitive_store_tells_names_apart(tmp_path: Path) -> None:
    """Where case counts, Alice and alice are two, and ALICE is nobody."""
    users = create(path=tmp_path / "users.db", argon2=CHEAP, case_sensitive=True)
    users.add_user("Alice")
    users.add_user("alice")
    assert [name for name in ("Alice", "alice", "ALICE") if users.user_exists(name)] == ["Alice", "alice"]
    users.close()


# --- Migrations --------------------------------------------------------------------------------------


def test_newer_schema_is_refused(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A store that a newer version wrote is left as it is, and the error advises an upgrade."""
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(ConfigurationError, match="upgrade usermgr-local"):
        make()
    assert path.read_bytes() == before


def test_older_store_is_brought_forward(tmp_path: Path) -> None:
    """A store with the first schema and a user in it has the newest one after it was opened, and the user."""
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old, isolation_level=None)
    migrate(connection, old, MIGRATIONS[:1])
    connection.execute(
        "INSERT INTO users (name_key, username, sub, status, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)",
        ("alice", "Alice", "0a1b", "FORCE_CHANGE_PASSWORD", 0, 0),
    )
    assert (pragma(connection, "user_version"), pragma(connection, "application_id")) == (1, APPLICATION_ID)
    connection.close()
    old.chmod(0o600)
    users = create(path=old, argon2=CHEAP)
    users.set_password("alice", PASSWORD)
    assert users.get_user("ALICE").sub == "0a1b"
    users.authenticate("alice", PASSWORD)
    assert users.activity.last_seen("0a1b") is not None
    users.close()
    connection = sqlite3.connect(old)
    assert pragma(connection, "user_version") == len(MIGRATIONS)
    connection.close()


def test_names_and_used_codes_are_brought_forward(tmp_path: Path) -> None:
    """A store of the second schema, which compared names by case folding, finds them by lower case, and knows the code
    that was used last."""
    old, secret = tmp_path / "old.db", totp.new_secret()
    clock = Clock(datetime(2026, 1, 31, tzinfo=UTC))
    step = int(clock().timestamp()) // 30
    connection = sqlite3.connect(old, isolation_level=None)
    migrate(connection, old, MIGRATIONS[:2])
    connection.execute(
        "INSERT INTO users (name_key, username, sub, status, created_at, updated_at, totp_secret, totp_last_step) "
        "VALUES ('strasse', 'Straße', '0a1b', 'CONFIRMED', 0, 0, ?, ?)",
        (totp.read_secret(secret), step),
    )
    connection.execute("INSERT INTO attributes (user_id, name, value) VALUES (1, 'email', 'Ada@Example.org')")
    connection.close()
    old.chmod(0o600)

    users = create(path=old, argon2=CHEAP, now=clock)

    assert users.get_user("STRAßE").sub == "0a1b"
    assert users.user_exists("strasse") is False
    assert [user.sub for user in users.get_users_by_email("ada@example.org")] == ["0a1b"]
    users.set_password("straße", PASSWORD)
    with pytest.raises(ExpiredCodeError):
        users.answer_challenge(challenged(users, "straße"), totp.code_at(totp.read_secret(secret), step))
    users.close()


def test_second_factors_are_brought_forward(tmp_path: Path) -> None:
    """A store of the third schema, that of 1.0, keeps asking for codes, and gets an id that stays."""
    old, secret = tmp_path / "old.db", totp.new_secret()
    clock = Clock(datetime(2026, 1, 31, tzinfo=UTC))
    connection = sqlite3.connect(old, isolation_level=None)
    migrate(connection, old, MIGRATIONS[:3])
    connection.executemany(
        "INSERT INTO users (name_key, username, sub, status, created_at, updated_at, totp_secret) "
        "VALUES (?, ?, ?, 'CONFIRMED', 0, 0, ?)",
        [("alice", "alice", "0a1b", totp.read_secret(secret)), ("bob", "bob", "0c1d", None)],
    )
    connection.close()
    old.chmod(0o600)

    users = create(path=old, argon2=CHEAP, now=clock)

    assert [users.get_mfa(name).methods for name in ("alice", "bob")] == [(MfaMethod.TOTP,), ()]
    users.set_password("alice", PASSWORD)
    code = totp.code_at(totp.read_secret(secret), int(clock().timestamp()) // 30)
    assert isinstance(users.answer_challenge(challenged(users), code), Tokens)
    store = users.describe().store
    users.close()
    again = create(path=old, argon2=CHEAP)
    assert store
    assert again.describe().store == store
    again.close()


def test_texts_are_indexed_in_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of the fourth schema is indexed in several transactions: where that is interrupted, the next opening goes
    on, and meanwhile everybody is found."""
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old, isolation_level=None)
    migrate(connection, old, MIGRATIONS[:4])
    for number in range(9):
        connection.execute(
            "INSERT INTO users (name_key, username, sub, status, created_at, updated_at) "
            "VALUES (?1, ?1, ?1, 'CONFIRMED', 0, 0)",
            (f"user{number}",),
        )
    connection.execute("INSERT INTO attributes (user_id, name, value, folded) SELECT id, 'name', '田中', '' FROM users")
    connection.close()
    old.chmod(0o600)
    left = iter([2, 2, None])

    def in_parts(connection: sqlite3.Connection) -> None:
        size = next(left, 1)
        if size is None:
            raise ServiceError("pulled the plug")
        refresh(connection, size)

    with monkeypatch.context() as patch:
        patch.setattr(database, "refresh", in_parts)
        with pytest.raises(ServiceError, match="pulled the plug"):
            create(path=old, argon2=CHEAP)
    connection = sqlite3.connect(old)
    half = [tuple(row) for row in connection.execute("SELECT count(*), (SELECT count(*) FROM unindexed) FROM texts")]
    connection.close()
    with monkeypatch.context() as patch:
        patch.setattr(Database, "_index_all", lambda _: None)
        patch.setattr(database, "refresh", lambda _: None)
        users = create(path=old, argon2=CHEAP)
        meanwhile = [user.username for user in users.search_users(where("*").mentions("田"))]
        users.close()
    with monkeypatch.context() as patch:
        patch.setattr(database, "refresh", in_parts)
        users = create(path=old, argon2=CHEAP)

    found = users.find_users([where("*").mentions("田")])

    assert half == [(2, 7)]
    assert meanwhile == [user.username for user in found.users] == [f"user{number}" for number in range(9)]
    assert found.answered == (0,)
    users.close()


def test_sqlite_without_fts5_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python's SQLite cannot index texts, that is said before a file is made."""
    monkeypatch.setattr(database, "has_fts5", lambda: False)
    with pytest.raises(ConfigurationError, match="without FTS5"):
        create(path=tmp_path / "users.db", argon2=CHEAP)
    assert list(tmp_path.iterdir()) == []


def test_case_sensitive_names_are_not_folded(tmp_path: Path) -> None:
    """The third schema leaves the names of a case-sensitive store as they are."""
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old, isolation_level=None)
    migrate(connection, old, MIGRATIONS[:2])
    connection.execute("INSERT INTO settings (name, value) VALUES ('case_sensitive', 1)")
    connection.execute(
        "INSERT INTO users (name_key, username, sub, status, created_at, updated_at) "
        "VALUES ('Alice', 'Alice', '0a1b', 'CONFIRMED', 0, 0)"
    )
    connection.close()
    old.chmod(0o600)

    users = create(path=old, argon2=CHEAP, case_sensitive=True)

    assert [users.user_exists(name) for name in ("Alice", "alice")] == [True, False]
    users.close()


def test_migration_that_fails_leaves_the_old_store(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that breaks off half-way changes nothing, the version included."""
    broken = (*MIGRATIONS, ("CREATE TABLE half (done)", "INSERT INTO no_such_table VALUES (1)"))
    store = Database(path)
    with pytest.raises(ServiceError), store.write() as connection:
        migrate(connection, path, broken)
    with store.read() as connection:
        assert pragma(connection, "user_version") == len(MIGRATIONS)
        assert connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchone() is None
    store.close()


# --- Transactions and errors -------------------------------------------------------------------------


def test_block_that_raises_was_never_there(path: Path) -> None:
    """An error inside a transaction takes all of it back, and the next one works."""
    store = Database(path)
    with pytest.raises(UserExistsError), store.write() as connection:  # noqa: PT012 - the block is what is tested
        connection.execute("INSERT INTO settings (name, value) VALUES ('half', 1)")
        raise UserExistsError(username="alice")
    with store.read() as connection:
        assert connection.execute("SELECT 1 FROM settings WHERE name = 'half'").fetchone() is None
    store.close()


def test_busy_file_is_said_to_be_busy(
    path: Path, make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While another process keeps the file locked for too long, writing raises a retryable error, and reading works."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    users = make()
    users.add_user("alice", PASSWORD)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(ThrottledError) as caught:
        users.disable_user("alice")
    assert (caught.value.retryable, caught.value.service_code) == (True, "SQLITE_BUSY")
    assert users.get_user("alice").enabled is True
    blocker.execute("ROLLBACK")
    blocker.close()
    users.disable_user("alice")
    assert users.get_user("alice").enabled is False


def test_directory_in_place_of_the_file_is_an_error_of_ours(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """What SQLite cannot open raises no sqlite3 error."""
    users = make()
    users.close()
    path.unlink()
    path.mkdir()
    with pytest.raises(StoreNotFoundError) as caught:
        users.get_user("alice")
    assert caught.value.store == str(path)
    path.rmdir()


def test_store_that_was_removed_does_not_come_back_empty(path: Path, make: Callable[..., LocalUserManager]) -> None:
    """A manager whose file is gone raises StoreNotFoundError, and creates no other file in its place."""
    users = make()
    users.close()
    path.unlink()

    with pytest.raises(StoreNotFoundError):
        users.list_users()

    assert path.exists() is False


def test_relative_path_keeps_leading_to_its_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A manager that is opened again in another working directory uses the same file."""
    monkeypatch.chdir(path.parent)
    users = create(path=path.name, argon2=CHEAP)
    users.add_user("alice")
    users.close()
    monkeypatch.chdir("/")

    assert users.user_exists("alice") is True

    users.close()


def test_threads_share_a_manager(users: LocalUserManager) -> None:
    """Four threads that add users through one manager add all of them, and of one name one."""
    refused: list[str] = []

    def add(thread: int) -> None:
        for number in range(10):
            users.add_user(f"user-{thread}-{number}", None, {"name": f"{thread}-{number}"})
            try:
                users.add_user(f"shared-{number}", None, {"name": str(thread)})
            except UserExistsError as error:
                refused.append(error.username or "")

    threads = [threading.Thread(target=add, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(users.iter_users())) == 50
    assert sorted(refused) == sorted(f"shared-{number}" for number in range(10) for _ in range(3))


@pytest.mark.filterwarnings("ignore:This process.*is multi-threaded:DeprecationWarning")  # threads of other tests
def test_forked_process_gets_a_connection_of_its_own(users: LocalUserManager) -> None:
    """A manager that was made before a fork works on both sides of it, and the store stays whole."""
    users.add_user("before")

    def child() -> None:
        for number in range(20):
            users.add_user(f"child-{number}")

    process = multiprocessing.get_context("fork").Process(target=child)
    process.start()
    for number in range(20):
        users.add_user(f"parent-{number}")
    process.join()
    assert process.exitcode == 0
    assert len(list(users.iter_users())) == 41
