"""Forgetting a person: the user, and every row of their activity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest

from usermgr import User, UserManager, UserStatus
from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, SightingKind
from usermgr.errors import InvalidInputError, ServiceUnavailableError, UnsupportedOperationError, UserNotFoundError
from usermgr.forgetting import Forgotten, forget_user

NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
ADA = User("ada", "sub-of-ada", UserStatus.CONFIRMED, True, NOON, NOON)


class Users:
    """As much of a user manager as forgetting uses."""

    def __init__(self, *users: User) -> None:
        self.users = {user.username: user for user in users}

    def get_user(self, username: str) -> User:
        if username not in self.users:
            raise UserNotFoundError(username=username)
        return self.users[username]

    def get_user_by_sub(self, sub: str) -> User:
        for user in self.users.values():
            if user.sub == sub:
                return user
        raise UserNotFoundError(username=sub)

    def delete_user(self, username: str) -> None:
        del self.users[self.get_user(username).username]


class Flaky(ActivityStore):
    """A store that fails once."""

    def __init__(self, inner: ActivityStore) -> None:
        self.inner = inner
        self.failures = 1

    def record(self, sighting: Sighting) -> Outcome:
        return self.inner.record(sighting)

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        return self.inner.last_seen_many(subs)

    def not_seen_since(self, moment: datetime) -> Iterator[Activity]:
        return self.inner.not_seen_since(moment)

    def active_on(self, day: date) -> Iterator[str]:
        return self.inner.active_on(day)

    def forget(self, sub: str) -> int:
        if self.failures:
            self.failures -= 1
            raise ServiceUnavailableError
        return self.inner.forget(sub)


class FromBefore(ActivityStore):
    """A stranger's store from before stores could forget."""

    def record(self, sighting: Sighting) -> Outcome:
        return Outcome.RECORDED

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        return ((sub, None) for sub in subs)

    def not_seen_since(self, moment: datetime) -> Iterator[Activity]:
        return iter(())

    def active_on(self, day: date) -> Iterator[str]:
        return iter(())


def forget(users: Users, store: ActivityStore, person: Any) -> Forgotten:
    return forget_user(cast("UserManager", users), store, person)


@pytest.fixture
def seen(store: ActivityStore) -> ActivityStore:
    """A store that saw Ada on three days."""
    for days in range(3):
        store.record(Sighting(ADA.sub, SightingKind.SIGN_IN, "web", NOON + timedelta(days=days)))
    return store


@pytest.mark.parametrize("person", [ADA, ADA.sub], ids=["user", "sub"])
def test_user_and_rows_are_gone(seen: ActivityStore, person: User | str) -> None:
    """The user is deleted and no row is left; what was done is told, and a repeat finds nothing to do."""
    users = Users(ADA)

    assert forget(users, seen, person) == Forgotten(ADA.sub, "ada", True, 4)

    assert (users.users, seen.last_seen(ADA.sub)) == ({}, None)
    again = forget(users, seen, person)
    assert (again.deleted, again.rows) == (False, 0)


@pytest.mark.parametrize("person", [ADA, ADA.sub], ids=["user", "sub"])
def test_repeat_finishes_what_failed(seen: ActivityStore, person: User | str) -> None:
    """A call that failed after the user was deleted is finished by the same call again."""
    users, store = Users(ADA), Flaky(seen)
    with pytest.raises(ServiceUnavailableError):
        forget(users, store, person)
    assert users.users == {}

    done = forget(users, store, person)

    assert (done.deleted, done.rows, seen.last_seen(ADA.sub)) == (False, 4, None)


def test_name_of_somebody_else_by_now(seen: ActivityStore) -> None:
    """A user who was given the name later is left alone."""
    other = User("ada", "another-sub", UserStatus.CONFIRMED, True, NOON, NOON)
    users = Users(other)

    assert forget(users, seen, ADA) == Forgotten(ADA.sub, "ada", False, 4)

    assert users.users == {"ada": other}


def test_name_is_not_taken_for_a_sub(seen: ActivityStore) -> None:
    """A user name in the place of the sub is refused, and nobody is taken for forgotten already."""
    users = cast("UserManager", Users(ADA))

    with pytest.raises(InvalidInputError, match="this is a name") as caught:
        forget_user(users, seen, "ada")

    assert caught.value.field == "person"
    assert users.get_user("ada") == ADA


def test_user_goes_first(seen: ActivityStore) -> None:
    """Where the user cannot be deleted, their activity stays: nobody looks dormant after a failure."""

    class Undeletable(Users):
        def delete_user(self, username: str) -> None:
            raise ServiceUnavailableError

    with pytest.raises(ServiceUnavailableError):
        forget(Undeletable(ADA), seen, ADA)

    assert seen.last_seen(ADA.sub) is not None


def test_store_that_cannot_forget() -> None:
    """A store from before still works; asked to forget it says what it cannot do, before the user is deleted."""
    users, store = Users(ADA), FromBefore()

    with pytest.raises(UnsupportedOperationError) as caught:
        forget(users, store, ADA)
    with pytest.raises(UnsupportedOperationError):
        store.forget(ADA.sub)

    assert (caught.value.operation, users.users) == ("forget", {"ada": ADA})


@pytest.mark.parametrize("person", ["", None, 7])
def test_nobody_in_particular(seen: ActivityStore, person: Any) -> None:
    """What is neither a user nor a `sub` is refused by name."""
    with pytest.raises(InvalidInputError) as caught:
        forget(Users(ADA), seen, person)

    assert caught.value.field == "sub"
