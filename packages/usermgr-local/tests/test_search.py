"""SQL answers a condition exactly as `usermgr.search.matches` does, for every text."""

from __future__ import annotations

import shutil
import sqlite3
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from usermgr import Change, Condition, Operator, User, where
from usermgr.errors import GroupNotFoundError, InvalidInputError
from usermgr.search import matches, parse
from usermgr_local import LocalUserManager, _search, create
from usermgr_local._index import INDEXES

from .conftest import CHEAP, Clock

START = datetime(2026, 1, 31, tzinfo=UTC)
LETTERS = "aAbé\"'\\%_*-𝄞\U0010ffffße\u0301ｶﾞカガ\uff21田中😀90"
NAMES = st.text(LETTERS.replace("\U0010ffff", ""), min_size=1, max_size=4)
VALUES = st.text(LETTERS + " \n\x7f\x1f\u3000", min_size=1, max_size=7)
NUMBERS = st.sampled_from(["+819012345678", "+8190", "+3"])
ATTRIBUTES = ("name", "nickname", "custom:extra_info")

attributes = st.dictionaries(st.sampled_from(ATTRIBUTES), VALUES).flatmap(
    lambda drawn: st.builds(
        lambda number: {**drawn, **({"phone_number": number} if number else {})}, st.none() | NUMBERS
    )
)
person = st.tuples(NAMES, attributes, st.booleans(), st.integers(0, 3))
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
word_condition = st.builds(
    where("*").mentions,
    st.one_of(
        st.text(LETTERS + " \x1f\0", min_size=1, max_size=6),
        st.sampled_from(
            ["090-1234", "(3)", "+81(0)90", "0", "ka", "' OR 1 --", '" OR "', "a AND b", "NEAR(a b)", "ss"]
        ),
    ),
)
condition = st.one_of(text_condition, time_condition, lacking_condition, enabled_condition, word_condition)


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


def is_strange(condition: Condition) -> bool:
    """Whether the store leaves the condition to the client for its value's sake."""
    is_joined = condition.operator is Operator.MENTIONS and "\x1f" in condition.value
    return "\0" in condition.value or "\ud800" in condition.value or is_joined


def change(users: LocalUserManager, names: Sequence[str], changes: Sequence[tuple[int, dict[str, str]]]) -> None:
    """Gives somebody other attributes, or deletes who would have none."""
    for place, attributes in changes:
        if names and users.user_exists(names[place % len(names)]):
            name = names[place % len(names)]
            if attributes:
                users.update_user(name, {**dict.fromkeys(users.get_user(name).attributes), **attributes})
            else:
                users.delete_user(name)


@settings(max_examples=80)
@given(
    st.lists(person, max_size=6, unique_by=lambda p: p[0].lower()),
    st.lists(st.tuples(st.integers(0, 5), attributes), max_size=3),
    st.lists(st.lists(condition, max_size=3), max_size=12),
)
def test_sql_means_what_matches_means(
    empty_store: Path,
    tmp_path: Path,
    people: list[tuple[str, dict[str, str], bool, int]],
    changes: list[tuple[int, dict[str, str]]],
    searches: list[list[Condition]],
) -> None:
    """The store gives exactly those who meet the conditions that it answered, and answers all but strange texts."""
    users = store_of(Path(shutil.copy2(empty_store, tmp_path / "search.db")), people)
    try:
        change(users, [name for name, *_ in people], changes)
        everybody = list(users.iter_users())
        for conditions in searches:
            found, answered = found_by(users, conditions)
            strange = [i for i, c in enumerate(conditions) if is_strange(c)]
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


HOSTILE = (
    "田中\u3000花子", "ｶﾞﾗｽ ﾊﾟﾘ", "E\u0301cole É", "Straße", "\uff21\uff22c Dİ",
    "a\x1fbcde", '"x" OR y*', "100%_'--", "8190x", "😀𝄞\U0010ffff",
)  # fmt: skip


@pytest.mark.parametrize("name", ["name", "custom:extra_info"])
def test_every_part_of_a_text_finds_it(users: LocalUserManager, name: str) -> None:
    """Whatever stands in a text, each part of it, and each form of the part, finds exactly those who have it."""
    for number, text in enumerate(HOSTILE):
        users.add_user(f"user{number}", None, {name: text})
    users.add_user("\u00c9va", None, {"phone_number": "+819012345678"})
    everybody = list(users.iter_users())
    parts = {
        text[at:end] for text in (*HOSTILE, "\u00c9va") for at in range(len(text)) for end in range(at + 1, at + 8)
    }
    forms = (str, str.upper, str.casefold, *(partial(unicodedata.normalize, form) for form in ("NFKC", "NFD")))
    words = {form(part) for part in parts for form in forms} | {"090", "0901", "090-1234", "0190", "+81 90", "5678\x1f"}

    for word in words:
        asked = [where("*").mentions(word), where(name).contains(word), where("username").contains(word)]
        for condition in (*asked, where(name).starts_with(word), where(name).ends_with(word)):
            found, answered = found_by(users, [condition])
            assert list(answered) == ([] if is_strange(condition) else [0])
            if answered:
                assert found == [user for user in everybody if matches(user, condition)], condition


@pytest.fixture(scope="module")
def many(empty_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LocalUserManager]]:
    """A store with a hundred people, and one with ten times as many; one is unlike all others."""
    rare = {"name": "佐藤 Lovelace", "email": "Ada@example.com", "custom:extra_info": "team blue"}
    folder, stores = tmp_path_factory.mktemp("many"), list[LocalUserManager]()
    for size in (100, 1000):
        everybody = [(f"user{n}", {"name": "田中 花子", "nickname": f"n{n}.x", **TEAM}) for n in range(size - 1)]
        users = create(path=shutil.copy2(empty_store, folder / f"{size}.db"), argon2=CHEAP)
        adding = [
            Change("add_user", {"username": name, "attributes": attributes})
            for name, attributes in (*everybody, ("ada", rare))
        ]
        assert all(outcome.succeeded for outcome in users.write_many(adding))
        users.add_group("staff")
        users.add_user_to_group("ada", "staff")
        users.disable_user("ada")
        stores.append(users)
    yield stores
    for users in stores:
        users.close()


TEAM = {"custom:extra_info": "team red", "email_verified": "true", "email": "x@example.com"}


def steps(users: LocalUserManager, conditions: Sequence[Condition]) -> int:
    """How many hundreds of instructions SQLite's machine runs for a first page."""
    counted: list[None] = []
    with users._database.read() as connection:  # pyright: ignore[reportPrivateUsage] - what SQLite does
        connection.set_progress_handler(lambda: counted.append(None), 100)
    users.find_users(conditions)
    with users._database.read() as connection:  # pyright: ignore[reportPrivateUsage] - what SQLite does
        connection.set_progress_handler(None, 0)
    return len(counted)


@pytest.mark.parametrize(
    "search",
    [
        "",
        "email=Ada@example.com",
        "email~=ada@example.com",
        "ada@example.com",
        "田",
        "田中",
        '"田中 花子"',
        "佐",
        "佐藤",
        "lovelace",
        "LOVE lace",
        "nobody",
        "name~田中",
        "name~藤",
        "name~Lovelace",
        "name^=佐",
        "username$=da",
        "name~Lovelock",
        "custom:extra_info~blue",
        "group:staff 佐藤",
        "group:staff a",
        "enabled:false",
        "enabled:false e",
        "status:CONFIRMED e",
        "enabled:true email_verified=true a",
    ],
)
def test_search_takes_no_longer_with_more_people(
    many: list[LocalUserManager], search: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page of a search costs the same with ten times as many people, whoever it finds, but for the steps into
    an index that has more parts."""
    monkeypatch.setattr(_search, "FEW", 10)

    few, more = (steps(users, parse(search)) for users in many)

    assert more <= few * 1.5 + 10


def test_what_changed_leaves_the_index(users: LocalUserManager, path: Path) -> None:
    """Nothing of a text that was changed or deleted is found in the index itself."""
    names, others = INDEXES
    pieces = [(names, "love"), (names, "hopp"), (others, "blue"), (others, "teal")]

    def indexed() -> list[int]:
        with closing(sqlite3.connect(path)) as file:
            return [
                len(file.execute(f"SELECT rowid FROM {index} WHERE {index} MATCH ?", (piece,)).fetchall())  # noqa: S608 - constant
                for index, piece in pieces
            ]

    users.add_user("ada", None, {"name": "Lovelace", "custom:extra_info": "Blue"})
    users.add_user("hopperette")
    added = indexed()
    users.update_user("ada", {"name": "Hopper"})
    named = indexed()
    users.update_user("ada", {"custom:extra_info": "Teal"})
    teamed = indexed()
    users.update_user("ada", {"custom:extra_info": None})
    teamless = indexed()
    users.delete_user("ada")
    users.delete_user("hopperette")

    assert (added, named, teamed) == ([1, 1, 1, 0], [0, 2, 1, 0], [0, 2, 0, 1])
    assert (teamless, indexed()) == ([0, 2, 0, 0], [0, 0, 0, 0])


def test_what_another_program_writes_is_found(users: LocalUserManager, path: Path) -> None:
    """What a program wrote that knows no index is found at once, though not from the index, and indexed with the next
    change."""
    users.add_user("ada", None, {"name": "Ada"})
    users.add_user("bob")
    with closing(sqlite3.connect(path)) as file, file:
        file.execute("UPDATE attributes SET value = 'Grace' WHERE value = 'Ada'")
        file.execute("UPDATE users SET username = 'grace1' WHERE username = 'bob'")
        file.execute(
            "INSERT INTO users (name_key, username, sub, status, created_at, updated_at) "
            "VALUES ('grace', 'grace', '0a1b', 'CONFIRMED', 0, 0)"
        )
    asked = [where("*").mentions("GRACE"), where("username").contains("a")]

    before = [user.username for user in users.search_users(*asked)], list(users.find_users(asked).answered)
    users.add_group("staff")
    after = [user.username for user in users.search_users(*asked)], list(users.find_users(asked).answered)

    assert before == (["ada", "grace1", "grace"], [1])
    assert after == (["ada", "grace1", "grace"], [0, 1])


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
