"""`usermgr user search`: the language as people write it on a command line."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from usermgr_local import LocalUserManager


@pytest.mark.parametrize(
    ("arguments", "found"),
    [
        pytest.param(["email~@example.org"], ["ada", "grace"], id="contains"),
        pytest.param(["email~@example.org", "enabled:false"], ["grace"], id="two"),
        pytest.param(["group:admins"], ["ada"], id="group"),
        pytest.param(["-phone_number"], ["grace", "花子"], id="lacks"),
        pytest.param(["-o", "jsonl", "-phone_number", "-email"], ["花子"], id="lacks-two-and-output"),
        pytest.param(["LOVELACE"], ["ada"], id="word"),
        pytest.param(["Ada Love", "-nickname"], ["ada"], id="words-in-one-argument"),
        pytest.param(['"山田 花子"'], ["花子"], id="phrase-of-another-width"),
        pytest.param(["44-20"], ["ada"], id="phone-number"),
        pytest.param(["-ojsonl", "-name"], ["grace"], id="output-in-one-word"),
        pytest.param(["-phone_number", "--", "-name"], ["grace"], id="lacks-after-dashes"),
        pytest.param(['name="Ada Lovelace"'], ["ada"], id="quoted"),
        pytest.param(["email^=ada", "name^=Ada"], ["ada"], id="begins"),
        pytest.param(["email^=ada name^=Grace"], [], id="one-argument"),
        pytest.param(
            ["created>=2026-01-31", "created<2026-02-01", "status:FORCE_CHANGE_PASSWORD"],
            ["ada", "grace", "花子"],
            id="time-and-status",
        ),
        pytest.param(["name^=山田"], ["花子"], id="east-asian"),
        pytest.param(["-phone_number", "--limit", "1"], ["grace"], id="limit"),
    ],
)
def test_conditions_are_arguments(
    usermgr: Any, people: LocalUserManager, arguments: list[str], found: list[str]
) -> None:
    """Each argument is a condition or more, and one that begins with a minus is no option."""
    ended = usermgr("user", "search", "-o", "jsonl", *arguments)

    assert ended.status == 0, ended.err
    assert [json.loads(line)["username"] for line in ended.out.splitlines()] == found


@pytest.fixture
def kiritimati(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is 14 hours before UTC."""
    monkeypatch.setenv("TZ", "Pacific/Kiritimati")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def test_a_date_is_meant_where_the_reader_is(usermgr: Any, people: LocalUserManager, kiritimati: None) -> None:
    """Everybody was made at 09:30 in UTC, when it was 23:30 on Kiritimati."""
    assert usermgr("user", "search", "created>=2026-01-31T20:00").out.count("\n") == 3
    assert usermgr("user", "search", "created>=2026-01-31T20:00", "--utc").out == ""


def test_a_search_that_does_not_parse_says_where(usermgr: Any, people: LocalUserManager) -> None:
    """And one without conditions is misuse."""
    ended = usermgr("user", "search", "created=2026-01-01")
    assert ended.status == 2
    assert "at character 8" in ended.err
    assert usermgr("user", "search").status == 2
    assert usermgr("user", "search", "custom:misspelt=x").status == 2


def test_quotes_that_the_shell_took_are_missed(usermgr: Any, people: LocalUserManager) -> None:
    """`name="Ada Lovelace"` arrives without its quotes; a note says how to write it."""
    ended = usermgr("user", "search", "name=Ada Lovelace")
    assert """for one, write 'name="Ada Lovelace"'""" in ended.err
    assert "for one, write" not in usermgr("user", "search", "email~ada name^=Ada").err


def test_explain_says_who_answers_and_searches_nothing(usermgr: Any, people: LocalUserManager) -> None:
    """The local store answers every condition itself."""
    ended = usermgr("user", "search", "--explain", "email~example", "-phone_number", "-o", "json")

    assert json.loads(ended.out) == {
        "by_service": ["email~example", "-phone_number"],
        "filtered_here": [],
        "reads": "the pages of those who meet what the service answers",
        "pages": None,
    }
    assert usermgr("user", "search", "--explain", "email~example", "-o", "table").out.splitlines() == [
        "the service answers  email~example",
        "filtered here        nothing",
        "read                 the pages of those who meet what the service answers",
    ]
