"""Conditions."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from usermgr import Condition, Operator, User, UserStatus, where
from usermgr.errors import InvalidInputError
from usermgr.search import WORD_FIELDS, fold, matches, parse, plan

NOW = datetime(2026, 1, 31, tzinfo=UTC)


def user(**attributes: str) -> User:
    """A user with these attributes."""
    return User("alice", "s-1", UserStatus.CONFIRMED, True, NOW, NOW, attributes)


@given(st.text(), st.text())
def test_text_conditions_mean_what_python_means(text: str, value: str) -> None:
    """equals, starts_with, contains and ends_with are Python's ==, startswith, in and endswith."""
    person = user(name=text)
    asked = where("name")
    assert matches(person, asked.equals(value)) is (text == value)
    assert matches(person, asked.starts_with(value)) is text.startswith(value)
    assert matches(person, asked.contains(value)) is (value in text)
    assert matches(person, asked.ends_with(value)) is text.endswith(value)


@given(st.datetimes(timezones=st.just(UTC)))
def test_times_are_before_or_after(moment: datetime) -> None:
    """Every moment is before or after another, never both."""
    assert matches(user(), where("created_at").before(moment)) is (moment > NOW)
    assert matches(user(), where("created_at").after(moment)) is (moment <= NOW)


@pytest.mark.parametrize(
    ("field", "operator", "value"),
    [
        ("", Operator.EQUALS, "x"),
        ("name", Operator.BEFORE, "2026-01-01T00:00:00+00:00"),
        ("created_at", Operator.EQUALS, "2026-01-01T00:00:00+00:00"),
        ("created_at", Operator.BEFORE, "2026-01-01T00:00:00"),
        ("created_at", Operator.BEFORE, "yesterday"),
        ("enabled", Operator.EQUALS, "yes"),
        ("group", Operator.STARTS_WITH, "a"),
        ("sub", Operator.CONTAINS, "a"),
        ("name", Operator.EQUALS, 7),
        ("name", Operator.LACKS, "x"),
        ("name", Operator.MENTIONS, "x"),
        ("*", Operator.CONTAINS, "x"),
        ("*", Operator.LACKS, ""),
        ("*", Operator.MENTIONS, ""),
        ("status", Operator.LACKS, ""),
        ("group", Operator.LACKS, ""),
        ("created_at", Operator.LACKS, ""),
    ],
)
def test_condition_that_makes_no_sense_is_refused(field: str, operator: Operator, value: str) -> None:
    """A condition whose operator or value does not fit its field raises InvalidInputError."""
    with pytest.raises(InvalidInputError):
        Condition(field, operator, value)


@pytest.mark.parametrize("moment", ["2026-01-31", None, 7, NOW.date(), NOW.replace(tzinfo=None)], ids=repr)
def test_time_that_is_none_is_refused(moment: Any) -> None:
    """A text, a date or a time without an offset, where a time is asked for, is an error of the field."""
    for condition in (where("created_at").before, where("created_at").after):
        with pytest.raises(InvalidInputError) as caught:
            condition(moment)
        assert caught.value.field == "created_at"


@given(st.text(), st.text())
def test_word_occurs_in_what_is_folded(text: str, word: str) -> None:
    """A word is found in every field that words are looked for in, by what the two become when they are folded."""
    assume(word)
    for name in WORD_FIELDS[1:-1]:
        occurs = fold(word) in fold(text) or fold(word) in "alice"  # the user name is such a field, too
        assert matches(user(**{name: text}), where("*").mentions(word)) is occurs
    assert matches(user(name=text + word + text), where("*").mentions(text + word + text))


@pytest.mark.parametrize(
    ("words", "is_found"),
    [
        ("田", True),
        ("花子 田中", True),
        ('"田中 花子"', True),
        ("花子田中", False),
        ("ﾀﾅｶ", True),
        ("ﾊﾅｺﾞ", True),
        ("たなか", False),
        ("\uff54ANAK\uff41", True),
        ("TANAKA", True),
        ("strasse", True),
        ("cafe\u0301", True),
        ("cafe", False),
        ("@Example.ORG ALICE", True),
        ("090-1234-5678", True),
        ("０９０ー１２３４ー５６７８", True),
        ("090 1234 5678", True),
        ("(090) 1234", True),
        ("+81 90", True),
        ("0081.90", True),
        ("+8190", True),
        ("+81(0)90-12", True),
        ("+90", False),
        ("5679", False),
        ("red", False),
        ("confirmed", False),
        ("s-1", False),
    ],
)
def test_words_that_people_type(words: str, is_found: bool) -> None:
    """Words find people in any case, width and Unicode form, and by a phone number as people write it."""
    person = user(
        name="田中\u3000花子",
        preferred_username="タナカ ハナゴ",
        email="Tanaka@example.org",
        phone_number="+819012345678",
        nickname="Café in der Straße",
        **{"custom:team": "red"},
    )

    assert all(matches(person, condition) for condition in parse(words)) is is_found


@pytest.mark.parametrize(("attributes", "lacks"), [({}, True), ({"name": ""}, True), ({"name": " "}, False)])
def test_attribute_is_missing_or_empty(attributes: dict[str, str], lacks: bool) -> None:
    """A user lacks an attribute that is not there, or is the empty string."""
    assert matches(user(**attributes), where("name").is_missing()) is lacks


@pytest.mark.parametrize(
    ("answered", "users", "pages"),
    [
        pytest.param([], 121, 3, id="all pages"),
        pytest.param([], 0, 1, id="an empty store"),
        pytest.param([], None, None, id="a store that does not tell"),
        pytest.param([1], 121, None, id="narrowed by the store"),
    ],
)
def test_plan_says_how_many_pages(answered: list[int], users: int | None, pages: int | None) -> None:
    """The plan counts the pages where every one must be read, and the store tells how many users there are."""
    conditions = [where("name").is_missing(), where("email").equals("a@example.org")]
    assert plan(conditions, answered, users).pages == pages


def test_group_cannot_be_seen_on_a_user() -> None:
    """A condition on a group is for the store: a user does not carry its groups."""
    with pytest.raises(InvalidInputError):
        matches(user(), where("group").equals("admins"))
