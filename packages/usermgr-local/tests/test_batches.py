"""`write_many`: few transactions, and what becomes of changes that fail."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from usermgr import Challenge, Change
from usermgr.errors import (
    DeliveryError,
    InvalidInputError,
    InvalidPasswordError,
    InvalidStateError,
    ServiceUnavailableError,
    ThrottledError,
    UserExistsError,
)
from usermgr_local import LocalUserManager, Message
from usermgr_local import _database as database
from usermgr_local._batches import BATCH

from .conftest import PASSWORD, Clock, challenged, signed_in

EMAIL = {"email": "alice@example.org"}
Make = Callable[..., LocalUserManager]


def adding(*names: str, **arguments: object) -> list[Change]:
    """A change for each name."""
    return [Change("add_user", {"username": name, **arguments}) for name in names]


def in_the_file(path: Path) -> set[str]:
    """The users that somebody else sees."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT username FROM users").fetchall()
    connection.close()
    return {row[0] for row in rows}


def test_outcome_is_durable(users: LocalUserManager, path: Path) -> None:
    """With each outcome, another connection sees the change; the first of the next batch is not yet made."""
    names = [f"user{number}" for number in range(BATCH + 2)]

    for number, outcome in enumerate(users.write_many(adding(*names))):
        assert outcome.result.username in in_the_file(path)
        assert (names[-1] in in_the_file(path)) is (number >= BATCH)


def test_change_that_fails_half_way_is_undone(users: LocalUserManager, clock: Clock) -> None:
    """What a failing change had written already is not there, and the changes around it are."""
    users.add_user("alice", PASSWORD)
    before = users.get_user("alice")
    clock.forward(hours=1)

    outcomes = list(users.write_many([*adding("a"), Change("confirm_user", {"username": "alice"}), *adding("b")]))

    assert [type(outcome.error) for outcome in outcomes] == [type(None), InvalidStateError, type(None)]
    assert users.get_user("alice") == before
    assert users.user_exists("a") is users.user_exists("b") is True


def test_changes_see_those_before_them(users: LocalUserManager) -> None:
    """One batch adds, changes, deletes and adds again, passwords included."""
    changes = [
        *adding("alice", password="Wr0ng-password"),
        Change("set_password", {"username": "alice", "password": PASSWORD}),
        *adding("bob", password=PASSWORD),
        Change("delete_user", {"username": "bob"}),
        *adding("bob", password=PASSWORD),
    ]
    assert all(outcome.succeeded for outcome in users.write_many(changes))
    for name in ("alice", "bob"):
        signed_in(users, name)


def test_passwords_are_hashed_before_the_transaction(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each password that counts, an invitation's too, costs one hash, in another thread, while nothing is locked; no
    other costs one."""
    users = make(deliver=id)
    hashed: list[tuple[bool, bool]] = []
    real = PasswordHasher.hash

    def hash_(self: PasswordHasher, password: str | bytes, *, salt: bytes | None = None) -> str:
        hashed.append((threading.current_thread() is threading.main_thread(), users._database._in_batch))
        return real(self, password, salt=salt)

    users.add_user("taken")
    users.add_user("late", None, EMAIL)
    monkeypatch.setattr(PasswordHasher, "hash", hash_)
    changes = [
        *adding("alice", "bob", "taken", password=PASSWORD),
        *adding("weak", password="weak"),
        *adding("nobody", password=7),
        *adding("none"),
        Change("set_password", {"username": "taken", "password": PASSWORD}),
        Change("invite_user", {"username": "ivy", "attributes": EMAIL}),
        Change("resend_invitation", {"username": "late"}),
    ]

    outcomes = list(users.write_many(changes))

    assert hashed == [(False, False)] * 5
    errors = [type(outcome.error) for outcome in outcomes]
    assert errors[2:5] == [UserExistsError, InvalidPasswordError, InvalidInputError]
    assert errors.count(type(None)) == 6
    for name in ("alice", "bob", "taken"):
        signed_in(users, name)
    assert len(set(stored_hashes(users))) == 5  # one salt each


def stored_hashes(users: LocalUserManager) -> list[str]:
    """The hashes in the store."""
    with users._database.read() as connection:
        rows = connection.execute("SELECT password_hash FROM users WHERE password_hash IS NOT NULL").fetchall()
    return [row[0] for row in rows]


def test_invitations_are_delivered_after_the_commit(make: Make, path: Path) -> None:
    """Each message is handed over when its batch is on the disk, before the outcomes; one that is refused, or whose
    user could not be added, is its own change's failure alone."""
    seen: list[tuple[str, bool]] = []
    passwords: dict[str, str] = {}

    def deliver(message: Message) -> None:
        seen.append((message.username, {"alice", "bob", "last"} <= in_the_file(path)))
        passwords[message.username] = message.temporary_password
        if message.username == "bob":
            raise RuntimeError(message.temporary_password)

    users = make(deliver=deliver)
    users.add_user("taken")
    changes = [Change("invite_user", {"username": name, "attributes": EMAIL}) for name in ("alice", "bob", "taken")]

    outcomes = list(users.write_many([*changes, *adding("last")]))

    assert seen == [("alice", True), ("bob", True)]
    errors = [type(outcome.error) for outcome in outcomes]
    assert errors == [type(None), DeliveryError, UserExistsError, type(None)]
    for name, password in passwords.items():
        assert isinstance(challenged(users, name, password), Challenge)
        assert password not in repr(outcomes)


def test_busy_file_is_the_outcome_of_every_change(make: Make, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the transaction cannot begin, every change of it may be tried again; nothing is delivered."""
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.0)
    sent: list[Message] = []
    users = make(deliver=sent.append)
    blocker = sqlite3.connect(path, isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    changes = [*adding("a", "b"), Change("invite_user", {"username": "c", "attributes": EMAIL})]

    outcomes = list(users.write_many(changes))

    blocker.close()
    assert [type(outcome.error) for outcome in outcomes] == [ThrottledError] * 3
    assert (sent, in_the_file(path)) == ([], set())


class GivesUp(LocalUserManager):
    """A manager under whose hands SQLite gives up the transaction, as it does on a full disk."""

    def delete_user(self, username: str) -> None:
        """Raises, and leaves no transaction."""
        with self._database.write() as connection:
            connection.execute("ROLLBACK")
            raise ServiceUnavailableError("the disk is full")


def test_transaction_that_sqlite_gives_up_is_the_outcome_of_every_change(users: LocalUserManager, path: Path) -> None:
    """Nothing is reported as made that is not there, the changes before and after included; the next batch works."""
    users.__class__ = GivesUp

    outcomes = list(users.write_many([*adding("a"), Change("delete_user", {"username": "a"}), *adding("b")]))

    assert [type(outcome.error) for outcome in outcomes] == [ServiceUnavailableError] * 3
    assert in_the_file(path) == set()
    assert [outcome.succeeded for outcome in users.write_many(adding("a"))] == [True]


def test_what_came_before_an_error_of_the_stream_is_made(users: LocalUserManager) -> None:
    """Where the iterable itself raises, the changes that it gave have their outcomes, and then its error comes."""

    def broken() -> Iterator[Change]:
        yield from adding("a", "b")
        raise OSError("the input ended early")

    outcomes = users.write_many(broken())

    assert [next(outcomes).result.username for _ in range(2)] == ["a", "b"]
    with pytest.raises(OSError, match="ended early"):
        next(outcomes)


def test_interruption_while_changes_are_read_makes_none_of_them(users: LocalUserManager) -> None:
    """Ctrl-C ends the stream at once: a batch that was not made yet is not made any more."""

    def interrupted() -> Iterator[Change]:
        yield from adding("a", "b")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(users.write_many(interrupted()))
    assert [users.user_exists(name) for name in ("a", "b")] == [False, False]


def test_stream_that_is_left_early_holds_nothing(users: LocalUserManager) -> None:
    """Between two outcomes nothing is locked: other threads write, and the stream can be forgotten."""
    outcomes = users.write_many(adding("a", "b"))
    next(outcomes)
    thread = threading.Thread(target=users.add_user, args=("other",))
    thread.start()
    thread.join(timeout=20)
    assert [users.user_exists(name) for name in ("a", "b", "other")] == [True] * 3


def test_what_is_no_change_comes_after_the_changes_before_it(users: LocalUserManager) -> None:
    """Anything but a Change raises InvalidInputError with its field, once what came before is made."""
    outcomes = users.write_many([*adding("a"), "delete everybody"])  # pyright: ignore[reportArgumentType]
    assert next(outcomes).succeeded
    with pytest.raises(InvalidInputError) as caught:
        next(outcomes)
    assert caught.value.field == "changes"
