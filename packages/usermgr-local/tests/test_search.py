"""SQL answers a condition exactly as `usermgr.search.matches` does, for every text."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from usermgr import Condition, Operator, User, where
from usermgr.errors import GroupNotFoundError, InvalidInputError
from usermgr.search import matches
from usermgr_local import LocalUserManager, create

from .conftest import CHEAP, Clock

START = datetime(2026, 1, 31, tzinfo=UTC)
LETTERS = "aAbé\"'\\%_*𝄞\U0010ffff"
NAMES = st.text(LETTERS.replace("\U0010ffff", ""), min_size=1, max_size=4)
VALUES = st.text(LETTERS + " \n\x7f", min_size=1, max_size=5)
ATTRIBUTES = ("name", "nickname", "custom:extra_info")

person = st.tuples(NAMES, st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES), st.booleans(), st.integers(0, 3))
text_condition = st.builds(
    Condition,
    st.sampled_from(["username", "status", "zoneinfo", "custom:it's", *ATTRIBUTES]),
    st.sampled_from([Operator.EQUALS, Operator.SAME, Operator.STARTS_WITH, Operator.CONTAINS, Operator.ENDS_WITH]),
    st.one_of(
        st.text(LETTERS + " \n\x7f", max_size=3),
        st.sampled_from(
            ["CONFIRMED", "confirmed", "FORCE", "_PASSWORD", "\0", "a\0", "\ud800", "' OR 1 --", '" OR ""="']
        ),
    ),
)
time_condition = st.builds(
    lambda name, after, seconds, micros: (where(name).after if after else where(name).before)(
        START + timedelta(seconds=seconds, microseconds=micros)
    ),
    st.sampled_from(["created_at", "updated_at"]),
    st.booleans(),
    st.integers(-1, 4),
    st.integers(-1, 1),
)
lacking_condition = st.builds(lambda name: where(name).is_missing(), st.sampled_from(["zoneinfo", *ATTRIBUTES]))
enabled_condition = st.builds(lambda on: where("enabled").equals(on), st.booleans())
condition = st.one_of(text_condition, time_condition, lacking_condition, enabled_condition)


def store_of(path: Path, people: Sequence[tuple[str, dict[str, str], bool, int]]) -> LocalUserManager:
    """A store with these people: name, attributes, enabled, and the second of their creation."""
    clock = Clock(START)
    users = create(path=path, argon2=CHEAP, now=clock, custom_attributes=["custom:extra_info", "custom:it's"])
    for name, attributes, enabled, second in people:
        clock.time = START + timedelta(seconds=second)
        users.add_user(name, "a-Long-passw0rd" if second % 2 else None, attributes)
        if not enabled:
            clock.forward(seconds=1)
            users.disable_user(name)
    return users


def found_by(users: LocalUserManager, conditions: Sequence[Condition]) -> tuple[list[User], Sequence[int]]:
    """What the store itself finds, over all pages, and which conditions it answered."""
    everybody: list[User] = []
    token: str | None = None
    while True:
        page = users.find_users(conditions, limit=2, page_token=token)
        everybody += page.users
        token = page.next_token
        if token is None:
            return everybody, page.answered


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(person, max_size=6, unique_by=lambda p: p[0].lower()),
    st.lists(st.lists(condition, max_size=3), max_size=12),
)
def test_sql_means_what_matches_means(
    empty_store: Path,
    tmp_path: Path,
    people: list[tuple[str, dict[str, str], bool, int]],
    searches: list[list[Condition]],
) -> None:
    """The store gives exactly those who meet the conditions that it answered, and answers all but strange texts."""
    users = store_of(Path(shutil.copy2(empty_store, tmp_path / "search.db")), people)
    try:
        everybody = list(users.iter_users())
        assert len(everybody) == len(people)
        for conditions in searches:
            found, answered = found_by(users, conditions)
            strange = [i for i, c in enumerate(conditions) if "\0" in c.value or "\ud800" in c.value]
            assert sorted([*answered, *strange]) == list(range(len(conditions)))
            assert found == [user for user in everybody if all(matches(user, conditions[i]) for i in answered)]
            assert list(users.search_users(*conditions)) == [
                user for user in everybody if all(matches(user, c) for c in conditions)
            ]
    finally:
        users.close()
        for file in tmp_path.glob("search.db*"):
            file.unlink()


def test_by_sub(users: LocalUserManager) -> None:
    """The store finds a user by sub, and reports that it answered the condition."""
    alice = users.add_user("alice")
    users.add_user("bob")
    found = users.find_users([where("sub").equals(alice.sub)])
    assert ([user.username for user in found.users], list(found.answered)) == (["alice"], [0])


def test_empty_attribute_is_missing(users: LocalUserManager, path: Path) -> None:
    """An attribute that another program left empty in the file is missing, as one that is not there."""
    users.add_user("ada", None, {"name": "Ada"})
    users.add_user("bob", None, {"name": "Bob"})
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE attributes SET value = '' WHERE value = 'Ada'")

    found, answered = found_by(users, [where("name").is_missing()])

    assert ([user.username for user in found], list(answered)) == (["ada"], [0])


def test_groups_are_answered_in_the_store(users: LocalUserManager) -> None:
    """Any number of groups goes into one query, with the other conditions."""
    for name in ("alice", "bob"):
        users.add_user(name)
    for group in ("staff", "admins"):
        users.add_group(group)
        users.add_user_to_group("alice", group)
    users.add_user_to_group("bob", "staff")
    conditions = [where("group").equals("staff"), where("group").equals("admins"), where("username").contains("l")]
    found = users.find_users(conditions)
    assert ([user.username for user in found.users], list(found.answered)) == (["alice"], [0, 1, 2])


def test_thousands_of_conditions(users: LocalUserManager) -> None:
    """More conditions than SQLite takes are still a search: the store answers the first hundred."""
    users.add_user("alice", None, {"name": "Alice"})
    users.add_user("bob", None, {"name": "Bob"})
    users.add_group("staff")
    users.add_user_to_group("alice", "staff")
    conditions = [where("name").contains("l")] * 1500 + [where("group").equals("staff")]
    assert [user.username for user in users.search_users(*conditions)] == ["alice"]
    assert list(users.find_users(conditions).answered) == list(range(100))
    with pytest.raises(GroupNotFoundError):
        users.find_users([*conditions, where("group").equals("nobody")])


def test_group_that_can_be_no_name_is_refused(users: LocalUserManager) -> None:
    """A condition on a group without a name raises InvalidInputError on it."""
    with pytest.raises(InvalidInputError) as caught:
        users.find_users([where("group").equals("")])
    assert caught.value.field == "group"


@pytest.mark.parametrize("field", ["no_such_attribute", "custom:unheard_of", "Email", "groups"])
def test_condition_on_an_unknown_attribute_is_refused(users: LocalUserManager, field: str) -> None:
    """A misspelt attribute is named, and does not look like an empty store."""
    for search in (users.find_users, lambda conditions: list(users.search_users(*conditions))):
        with pytest.raises(InvalidInputError) as caught:
            search([where("email").equals("a"), where(field).equals("x")])
        assert caught.value.field == field


@pytest.mark.parametrize(("case_sensitive", "expected"), [(False, ["Alice", "BOB"]), (True, ["BOB"])])
def test_same_is_as_the_store_compares_names(tmp_path: Path, case_sensitive: bool, expected: list[str]) -> None:
    """Case matters to an address where it matters to names, and the store itself answers that."""
    users = create(path=tmp_path / "users.db", argon2=CHEAP, case_sensitive=case_sensitive)
    users.add_user("Alice", None, {"email": "Ada@Example.org"})
    users.add_user("BOB", None, {"email": "ada@example.org"})
    users.update_user("Alice", {"email": "ADA@example.org"})

    found = users.find_users([where("email").same_as("ada@example.org")])

    assert ([user.username for user in found.users], list(found.answered)) == (expected, [0])
    assert [user.username for user in users.get_users_by_email("ada@example.org")] == expected
    assert [user.username for user in users.search_users(where("username").same_as("bob"))] == expected[1:]
    by_status = where("status").same_as("force_change_password")
    assert [user.username for user in users.search_users(by_status)] == ([] if case_sensitive else ["Alice", "BOB"])
    users.close()
