"""What the manager builds from a backend's primitives."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from usermgr import Condition, Group, Page, User, UserManager, UserMatches, UserStatus, where
from usermgr.errors import UserNotFoundError

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def user(number: int) -> User:
    """The user of that number, with a kilobyte of attributes."""
    return User(f"user{number}", f"s-{number}", UserStatus.CONFIRMED, True, NOW, NOW, {"name": f"{number:01024}"})


class Pages:
    """A store of many users that makes each page when it is asked for."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked = 0
        self.gone: set[str] = set()

    def find_users(
        self, conditions: Sequence[Condition] = (), *, limit: int = 60, page_token: str | None = None
    ) -> UserMatches:
        self.asked += 1
        start = int(page_token or 0)
        end = min(start + limit, self.size)
        return UserMatches(tuple(user(n) for n in range(start, end)), str(end) if end < self.size else None)

    def list_groups_for_user(self, username: str, *, limit: int = 60, page_token: str | None = None) -> Page[Group]:
        if username in self.gone:
            raise UserNotFoundError("gone", username=username)
        return Page((Group("staff"),))


def manager(size: int) -> Any:
    """A manager over such a store; the primitives that these tests do not need are not there."""
    names: frozenset[str] = UserManager.__abstractmethods__
    absent = {name: None for name in names if not hasattr(Pages, name)}
    return type("Paged", (Pages, UserManager), absent)(size)


def test_iter_users_asks_for_a_page_when_it_is_needed() -> None:
    """Nothing is asked before the first user is wanted, and the next page only when this one is used up."""
    store = manager(180)
    users: Iterator[User] = store.iter_users()
    assert store.asked == 0
    for _ in range(60):
        next(users)
    assert store.asked == 1
    next(users)
    assert store.asked == 2


def test_iter_users_holds_one_page() -> None:
    """Streaming a hundred times as many users takes no more memory."""

    def peak(size: int) -> int:
        tracemalloc.start()
        count = sum(1 for _ in manager(size).iter_users())
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == size
        return most

    peak(60)  # what is made once
    assert peak(12_000) < 2 * peak(120)


def test_user_that_is_deleted_during_a_search_is_left_out() -> None:
    """A user that goes between the page and the look at its groups does not end the search."""
    store = manager(3)
    store.gone = {"user1"}
    found = store.search_users(where("group").equals("staff"))
    assert [user.username for user in found] == ["user0", "user2"]


def test_conditions_are_applied_again_to_what_a_looser_store_found() -> None:
    """What a store answers more loosely than the condition reads, in any case for one, is narrowed down here."""
    store = manager(3)
    loose = store.find_users
    store.find_users = lambda conditions, **more: replace(loose(conditions, **more), answered=(0,))

    found = store.search_users(where("username").equals("user1"))

    assert [user.username for user in found] == ["user1"]


def test_store_is_believed_about_groups_and_about_case() -> None:
    """Who is in a group, and whether case matters to names, is the store's to say: its answer is final."""
    store = manager(3)
    loose = store.find_users
    store.find_users = lambda conditions, **more: replace(loose(conditions, **more), answered=(0, 1))

    found = store.search_users(where("group").equals("admins"), where("username").same_as("USER7"))

    assert [user.username for user in found] == ["user0", "user1", "user2"]


def test_a_page_of_a_search_has_who_meets_it_and_where_it_goes_on() -> None:
    """search_page narrows down the page that the store read, keeps the token, and says what the store answered."""
    store = manager(70)

    first = store.search_page(where("username").ends_with("7"))
    second = store.search_page(where("username").ends_with("7"), page_token=first.next_token)

    assert [user.username for user in first.users] == ["user7", "user17", "user27", "user37", "user47", "user57"]
    assert [user.username for user in second.users] == ["user67"]
    assert (second.next_token, first.answered) == (None, ())
