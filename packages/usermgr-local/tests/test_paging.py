"""Page tokens, and what paging promises whatever happens between two pages."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usermgr import where
from usermgr.errors import InvalidPageTokenError
from usermgr_local import LocalUserManager, create
from usermgr_local._paging import PageTokens

from .conftest import CHEAP

KEY = b"k" * 32


@given(st.text(), st.integers(0, 2**63 - 1))
def test_token_says_where_to_go_on(query: str, after: int) -> None:
    """A token gives the position back, for its query and under its store's key alone."""
    pages = PageTokens(KEY)
    token = pages.create(query, after)
    assert pages.read(query, token) == after
    for stranger, asked in ((pages, query + "x"), (PageTokens(b"other" * 8), query)):
        with pytest.raises(InvalidPageTokenError):
            stranger.read(asked, token)


@given(st.text(), st.integers(0, 2**63 - 1), st.integers(0, 31), st.sampled_from("ABCxyz019-_=!é "))
def test_changed_token_is_refused(query: str, after: int, place: int, character: str) -> None:
    """A token with any character changed, taken out or put in is refused."""
    pages = PageTokens(KEY)
    token = pages.create(query, after)
    replaced = token[:place] + character + token[place + 1 :]
    for changed in {replaced, token[:place] + token[place + 1 :], token[:place] + character + token[place:]} - {token}:
        with pytest.raises(InvalidPageTokenError) as caught:
            pages.read(query, changed)
        assert caught.value.field == "page_token"


def test_position_cannot_slide_into_the_query() -> None:
    """A token whose position takes a character of the query with it is refused."""
    pages = PageTokens(KEY)
    raw = base64.urlsafe_b64decode(pages.create("xyz", 1))
    slid = base64.urlsafe_b64encode(raw + b"x").decode()
    with pytest.raises(InvalidPageTokenError):
        pages.read("yz", slid)


@given(st.text())
def test_strange_token_is_refused(token: str) -> None:
    """A string that the store did not create is not a token."""
    with pytest.raises(InvalidPageTokenError):
        PageTokens(KEY).read("users", token)


def test_token_of_another_query_is_refused(users: LocalUserManager) -> None:
    """A token goes with its conditions and its operation, not with its limit."""
    for number in range(4):
        users.add_user(f"user{number}")
        users.add_group(f"group{number}")
        users.add_user_to_group("user0", f"group{number}")
    token = users.find_users([where("username").starts_with("user")], limit=1).next_token
    page = users.find_users([where("username").starts_with("user")], limit=3, page_token=token)
    assert [user.username for user in page.users] == ["user1", "user2", "user3"]
    for_groups = users.list_groups(limit=1).next_token
    strangers: list[Callable[[], object]] = [
        lambda: users.list_users(page_token=token),
        lambda: users.find_users([where("username").starts_with("use")], page_token=token),
        lambda: users.list_groups(page_token=token),
        lambda: users.list_groups_for_user("user0", page_token=for_groups),
        lambda: users.list_users(page_token=7),  # pyright: ignore[reportArgumentType]
    ]
    for stranger in strangers:
        with pytest.raises(InvalidPageTokenError):
            stranger()


def test_token_outlives_the_process(make: Callable[..., LocalUserManager]) -> None:
    """The next manager of the same file goes on where the last one stopped."""
    first = make()
    for number in range(2):
        first.add_user(f"user{number}")
    token = first.list_users(limit=1).next_token
    assert [user.username for user in make().list_users(page_token=token).items] == ["user1"]


CHANGES = st.lists(st.one_of(st.tuples(st.just("delete"), st.integers(0, 11)), st.tuples(st.just("add"), st.just(0))))


@settings(max_examples=60)
@given(st.integers(0, 12), st.integers(1, 5), st.lists(CHANGES.filter(lambda some: len(some) < 4), max_size=8))
def test_pages_hold_everybody_once(
    empty_store: Path, tmp_path: Path, count: int, limit: int, changes: list[list[tuple[str, int]]]
) -> None:
    """A user who exists from the first page to the last is listed exactly once, whoever comes and goes meanwhile."""
    users = create(path=shutil.copy2(empty_store, tmp_path / "pages.db"), argon2=CHEAP)
    try:
        names = [f"user{number}" for number in range(count)]
        for name in names:
            users.add_user(name)
        gone: set[str] = set()
        waiting = iter(changes)
        added = 0
        seen: list[str] = []
        token: str | None = None
        while True:
            page = users.list_users(limit=limit, page_token=token)
            assert len(page.items) <= limit
            seen += [user.username for user in page.items]
            token = page.next_token
            if token is None:
                break
            for kind, number in next(waiting, []):
                name = f"user{number}"
                if kind == "add":
                    users.add_user(f"late{added}")
                    added += 1
                elif name in names and name not in gone:
                    users.delete_user(name)
                    gone.add(name)
        assert len(seen) == len(set(seen))
        assert set(names) - gone <= set(seen)
    finally:
        users.close()
        for file in tmp_path.glob("pages.db*"):
            file.unlink()
