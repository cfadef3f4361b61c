"""The search language."""

from __future__ import annotations

import os
import re
import time
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from usermgr import Condition, Operator, where
from usermgr._conditions import TIMES, operators_of
from usermgr.errors import InvalidInputError, InvalidSearchError
from usermgr.search import parse, unparse

PAGE = (Path(__file__).parents[3] / "docs" / "search.md").read_text()
TOKYO = timezone(timedelta(hours=9))

EXAMPLES = int(os.environ.get("USERMGR_EXAMPLES", "250"))
"""How many conditions and texts are tried; more than in every run, to see a figure."""

HOSTILE = st.text("aZ é日\"'\\=~<>!^$:-_.@{}u1n \t\n\r\u3000\u2028\0\x1b\u202e\ud83d\ude00\U0001f600", max_size=8)
TEXTS = st.one_of(HOSTILE, st.text(st.characters(), max_size=8), st.sampled_from(["true", "-", '"', "\\u{41}", " "]))
FIELDS = st.one_of(
    st.sampled_from(["username", "sub", "status", "enabled", "group", *TIMES, "created", "updated", "email"]),
    st.sampled_from(["custom:team", "group:admins", "-phone_number", "status:", "a=b", "*"]),
    TEXTS.filter(bool),
)
MOMENTS = st.builds(
    lambda moment, sep, form: form(moment.isoformat(sep)),
    st.datetimes(
        datetime(1, 1, 3),  # noqa: DTZ001 - hypothesis adds the zone
        datetime(9999, 12, 29),  # noqa: DTZ001 - hypothesis adds the zone
        timezones=st.sampled_from([UTC, TOKYO, timezone(timedelta(hours=-9, minutes=-30, seconds=7))]),
    ),
    st.sampled_from(["T", " ", "\n", '"', "\\"]),
    st.sampled_from([str, lambda text: text.replace("+00:00", "Z")]),
)


@st.composite
def any_condition(draw: st.DrawFn) -> Condition:
    """Any condition that there can be, with values that look like something else."""
    field = draw(FIELDS)
    operator = draw(st.sampled_from(operators_of(field)))
    if operator is Operator.LACKS:
        return Condition(field, operator, "")
    if field == "enabled":
        return Condition(field, operator, draw(st.sampled_from(["true", "false"])))
    if operator is Operator.MENTIONS:
        return Condition(field, operator, draw(TEXTS.filter(bool)))
    return Condition(field, operator, draw(MOMENTS if field in TIMES else TEXTS))


@settings(max_examples=EXAMPLES)
@given(st.lists(any_condition(), max_size=4), st.sampled_from([UTC, TOKYO]))
@example([Condition("name", Operator.EQUALS, "\ud83d\ude00"), Condition("name", Operator.EQUALS, "😀")], UTC)
def test_no_value_changes_its_meaning(conditions: list[Condition], zone: tzinfo) -> None:
    """What is written for any conditions is one line of printable text, and is read as exactly these conditions."""
    text = unparse(conditions)

    assert parse(text, zone=zone) == tuple(conditions)
    assert text.replace("\u3000", "").isprintable()


@settings(max_examples=EXAMPLES)
@given(st.one_of(TEXTS, st.lists(TEXTS | st.sampled_from(["name", "created", "group", "-", "*"])).map("".join)))
def test_any_text_is_a_search_or_an_error_that_says_where(text: str) -> None:
    """Whatever is typed is read and means the same when it is written again, or is refused at a place within it."""
    refusal: InvalidSearchError | None = None
    conditions: tuple[Condition, ...] = ()
    try:
        conditions = parse(text)
    except InvalidSearchError as error:
        refusal = error

    assert parse(unparse(conditions)) == conditions
    assert refusal is None or 1 <= (refusal.position or 0) <= len(text) + 1


def test_table_of_the_page_is_what_parse_does() -> None:
    """Each row of the table in docs/search.md has a search, and the condition that it means."""
    rows = re.findall(r"^\| `([^`]+)` \| `(where[^`]+)` \|", PAGE, re.MULTILINE)
    meant = [eval(condition, {"where": where, "datetime": datetime, "UTC": UTC}) for _, condition in rows]  # noqa: S307 - our page

    assert [parse(text) for text, _ in rows] == [(condition,) for condition in meant]
    assert {condition.operator for condition in meant} == set(Operator)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        (" \n\u3000", ()),
        ("email~a\u3000-name", (where("email").contains("a"), where("name").is_missing())),
        ('name="Ada \\"L\\" \\\\\\u{1f600}\\n"', (where("name").equals('Ada "L" \\😀\n'),)),
        ('name=""', (where("name").equals(""),)),
        ("name=O'Brien", (where("name").equals("O'Brien"),)),
        ("name=-x=y:z", (where("name").equals("-x=y:z"),)),
        ("custom:team=red", (where("custom:team").equals("red"),)),
        ("-custom:team", (where("custom:team").is_missing(),)),
        ("group:a=b:c", (where("group").equals("a=b:c"),)),
        ('"group:a"=b', (where("group:a").equals("b"),)),
        ('status:CONFIRMED enabled:"true"', (where("status").equals("CONFIRMED"), where("enabled").equals(value=True))),
        ('"created"~x', (where("created").contains("x"),)),
        ("ada@example.org", (where("*").mentions("ada@example.org"),)),
        ("田中\u3000花子", (where("*").mentions("田中"), where("*").mentions("花子"))),
        ('"Ada L" -email', (where("*").mentions("Ada L"), where("email").is_missing())),
        ("status:CONFIRMED status", (where("status").equals("CONFIRMED"), where("*").mentions("status"))),
        ("O'Brien 100% *", tuple(map(where("*").mentions, ("O'Brien", "100%", "*")))),
        ("+81(3)1234-5678", (where("*").mentions("+81(3)1234-5678"),)),
        (r'"\"" "-x" "a=b"', tuple(map(where("*").mentions, ('"', "-x", "a=b")))),
    ],
)
def test_text_is_read(text: str, expected: tuple[Condition, ...]) -> None:
    """A search is read as the page says."""
    assert parse(text) == expected


@pytest.mark.parametrize("symbol", ["<", "<=", ">", ">="])
@pytest.mark.parametrize("away", [-1, 0, 1], ids=["before", "at", "after"])
def test_times_compare_as_the_symbols_say(symbol: str, away: int) -> None:
    """A time a microsecond away from midnight is below, at or above it, as the symbols of a search say."""
    midnight = datetime(2026, 1, 1, tzinfo=TOKYO)
    moment = midnight + timedelta(microseconds=away)
    (condition,) = parse(f"created{symbol}2026-01-01", zone=TOKYO)
    meant = {"<": away < 0, "<=": away <= 0, ">": away > 0, ">=": away >= 0}

    met = moment < condition.time() if condition.operator is Operator.BEFORE else moment >= condition.time()

    assert met is meant[symbol]


@pytest.mark.parametrize(
    ("value", "zone", "expected"),
    [
        ("2026-01-01", UTC, "2026-01-01T00:00:00+00:00"),
        ("2026-01-01", TOKYO, "2026-01-01T00:00:00+09:00"),
        ("2026-01-01T09:30", TOKYO, "2026-01-01T09:30:00+09:00"),
        ("2026-01-01T09:30Z", TOKYO, "2026-01-01T09:30Z"),
        ('"2026-01-01 09:30-05:00"', TOKYO, "2026-01-01 09:30-05:00"),
    ],
)
def test_zone_is_for_what_has_no_offset(value: str, zone: tzinfo, expected: str) -> None:
    """A date or a time without an offset is meant in the zone; one with an offset means itself."""
    (condition,) = parse(f"updated>={value}", zone=zone)
    assert condition == Condition("updated_at", Operator.AFTER, expected)


@pytest.mark.parametrize(("day", "offset"), [("2026-01-31", "-05:00"), ("2026-07-31", "-04:00")])
def test_machines_own_zone(day: str, offset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a zone, a date is meant as the machine tells time, with the offset that it has on that day."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "EST5EDT,M3.2.0,M11.1.0")
        time.tzset()
        (condition,) = parse(f"updated>={day}", zone=None)
    time.tzset()

    assert condition == Condition("updated_at", Operator.AFTER, f"{day}T00:00:00{offset}")


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("=x", 1, "a field"),
        ("name~a =x", 8, "a field"),
        ('""=x', 1, "a field"),
        ("name~ada a!b", 11, "a word that holds one of"),
        ('Ada"', 4, "a word that holds one of"),
        ('""', 1, "a word with at least one character"),
        ("'Ada L'", 1, "a word, a field"),
        ('"*"~x', 4, "a space or the end after"),
        ("email:ada", 10, "a colon is part of a name"),
        ("email!=ada", 6, "=, ~=, ~, ^= or $="),
        ("created < 2026-01-01", 9, "a word, a field"),
        ("created=2026-01-01", 8, "<, <=, > or >= after created_at"),
        ("email>ada", 6, "=, ~=, ~, ^= or $= after email"),
        ("group~ada", 6, "= after group"),
        (r'"a\nb\u{1b}[2J"<x', 16, r'$= after "a\nb\u{1b}[2J"'),
        ("name= email=ada", 6, 'or "" for an empty one'),
        ("name==ada", 6, "between double quotes"),
        ("name='Ada L'", 6, "between double quotes"),
        ('name=Ada" L', 9, "a space or the end"),
        ('name="Ada"L', 11, "a space or the end"),
        ('name="Ada', 6, "another double quote"),
        (r'name="Ada\q"', 10, "one of the escapes"),
        (r'name="Ada\u{110000}"', 10, "one of the escapes"),
        ("enabled=yes", 9, "true or false"),
        ("created<2026-13-01", 9, "a date such as 2026-01-31"),
        ("created>9999-12-31T23:59:59.999999", 9, "a date such as 2026-01-31"),
        ("created<0001-01-01T00:00+14:00", 9, "a date such as 2026-01-31"),
        ("-", 2, "the name of an attribute"),
        ("-status", 2, "status is none that a user can be without"),
        ("-created", 2, "created_at is none"),
        ("-group:", 7, "turns no condition round"),
        ("-group:admins", 7, "turns no condition round"),
        ("-email=ada", 7, "turns no condition round"),
    ],
)
def test_error_says_where_and_what_was_expected(text: str, position: int, expected: str) -> None:
    """A text that is no search raises InvalidSearchError with the place, counted from 1, and what is expected there."""
    with pytest.raises(InvalidSearchError) as caught:
        parse(text)

    assert caught.value.position == position
    assert expected in str(caught.value.expected)
    assert f"at character {position}: expected {caught.value.expected}" in caught.value.message


@pytest.mark.parametrize(
    ("call", "field"),
    [
        pytest.param(lambda: parse(b"email=a"), "search", id="bytes"),  # type: ignore[arg-type]
        pytest.param(lambda: parse("", zone="Asia/Tokyo"), "zone", id="a zone's name"),  # type: ignore[arg-type]
        pytest.param(lambda: unparse(where("email").equals("a")), "conditions", id="one condition"),  # type: ignore[arg-type]
        pytest.param(lambda: unparse(["email=a"]), "conditions", id="a list of texts"),  # type: ignore[list-item]
    ],
)
def test_argument_of_another_type_is_refused(call: object, field: str) -> None:
    """What is no text, no zone or no conditions raises InvalidInputError with the parameter."""
    with pytest.raises(InvalidInputError) as caught:
        call()  # type: ignore[operator]
    assert caught.value.field == field
