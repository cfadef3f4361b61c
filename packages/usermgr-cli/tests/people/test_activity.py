"""Every command of `usermgr activity`, on the local store's record of sign-ins."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from usermgr.activity import Sighting, SightingKind
from usermgr_local import LocalUserManager

from .conftest import CREATED

NOW = datetime.now(UTC)
SINCE = ("--recording-since", "2026-01-01")


@pytest.fixture
def activity(usermgr: Any) -> Any:
    """`usermgr activity` with the local store."""
    return partial(usermgr, "activity", USERMGR_ACTIVITY="local")


@pytest.fixture
def seen(people: LocalUserManager) -> LocalUserManager:
    """Ada was seen on two days, three and two months ago; the other two were never seen."""
    for months in (3, 2):
        at = NOW - timedelta(days=30 * months)
        people.activity.record(Sighting(people.get_user("ada").sub, SightingKind.SIGN_IN, "web", at))
    people.enable_user("grace")
    return people


def test_show_tells_when_somebody_was_seen(activity: Any, seen: LocalUserManager) -> None:
    """To people with how long ago that was, to programs with every member."""
    ended = activity("show", "ada", "-o", "json")
    known = seen.activity.last_seen(seen.get_user("ada").sub)

    assert known is not None
    assert json.loads(ended.out) == {
        "username": "ada", "sub": known.sub, "first_seen": known.first_seen.isoformat(),
        "last_seen": known.last_seen.isoformat(), "last_sign_in": known.last_seen.isoformat(), "sign_in_count": 2,
        "client_id": "web",
    }  # fmt: skip
    assert "(60 days ago)" in activity("show", "ada", "-o", "table").out
    assert "never, since recording began" in activity("show", "grace", "-o", "table").out
    assert json.loads(activity("show", "grace", "-o", "json").out)["last_seen"] is None


def test_user_show_has_the_activity_too(usermgr: Any, seen: LocalUserManager) -> None:
    """Where an activity store is configured."""
    assert "(60 days ago)" in usermgr("user", "show", "ada", "-o", "table", USERMGR_ACTIVITY="local").out
    found = json.loads(usermgr("user", "show", "ada", "-o", "json", USERMGR_ACTIVITY="local").out)
    assert (found["activity"]["sign_in_count"], found["not_read"]) == (2, {})


def test_without_an_activity_store_it_says_what_to_set(usermgr: Any, people: LocalUserManager) -> None:
    """Nothing falls into a file that nobody named."""
    ended = usermgr("activity", "show", "ada")
    assert ended.status == 2
    assert "USERMGR_ACTIVITY is not set" in ended.err


def test_daily_counts_each_day_with_a_bar_where_a_table_is_drawn(activity: Any, people: LocalUserManager) -> None:
    """The bar of the fullest day is the longest; a day with anybody has some of it, and a day with nobody none."""
    subs = [user.sub for user in people.iter_users()]
    for day, count in ((1, 3), (3, 1)):
        for sub in subs[:count]:
            at = datetime(2026, 3, day, 12, tzinfo=UTC)
            people.activity.record(Sighting(sub, SightingKind.SIGN_IN, "web", at))
    table = activity("daily", "--from", "2026-03-01", "--to", "2026-03-03", "-o", "table", COLUMNS="40")

    assert table.out.splitlines() == [
        "day         active",
        "2026-03-01  3       ████████████████████",
        "2026-03-02  0",
        "2026-03-03  1       ██████▋",
    ]
    assert activity("daily", "--days", "2", "--to", "2026-03-03").out == "2026-03-02\t0\n2026-03-03\t1\n"
    assert json.loads(activity("daily", "--days", "1", "--to", "2026-03-03", "-o", "json").out) == [
        {"day": "2026-03-03", "active": 1}
    ]


def test_daily_takes_days_that_exist(activity: Any, people: LocalUserManager) -> None:
    """A last day before the first, more days than there are, and what is no day are misuse."""
    for arguments in (["--from", "2026-03-02", "--to", "2026-03-01"], ["--days", "99999999"], ["--from", "2026-02-30"]):
        assert activity("daily", *arguments).status == 2


def test_dormant_lists_those_who_were_away_for_long(activity: Any, seen: LocalUserManager) -> None:
    """Absence is counted from when recording began at the earliest, so that must be said; the limit decides."""
    found = json.loads(activity("dormant", *SINCE, "--days", "50", "--grace", "5", "-o", "json").out)
    assert {row["username"]: (row["absence"], row["due"], row["outcome"]) for row in found} == {
        "ada": ("dormant", True, None),
        "grace": ("never_signed_in", True, None),
        "花子": ("never_signed_in", True, None),
    }
    assert found[1]["idle_days"] == (datetime.now(UTC) - CREATED).days

    assert "ada" not in activity("dormant", *SINCE, "--days", "70").out
    without = activity("dormant", *SINCE, "--days", "50", "--exclude", "grace", "--exclude-group", "admins")
    assert [line.split("\t")[0] for line in without.out.splitlines()] == ["花子"]
    assert activity("dormant", *SINCE, "--days", "9999", "-o", "table").sentences == ["There are none."]
    missing = activity("dormant")
    assert missing.status == 2
    assert "--recording-since 2026-01-31, or USERMGR_RECORDING_SINCE" in missing.err
    assert activity("dormant", "--days", "50", USERMGR_RECORDING_SINCE="2026-01-01T00:00:00Z").status == 0
    assert activity("dormant", USERMGR_RECORDING_SINCE="soon").status == 2


def test_disabled_users_are_listed_only_where_they_are_asked_for(activity: Any, people: LocalUserManager) -> None:
    """Whoever is disabled needs no attention."""
    assert "grace" not in activity("dormant", *SINCE, "--days", "1").out
    assert "grace" in activity("dormant", *SINCE, "--days", "1", "--all").out


def test_dormant_users_are_disabled_after_a_question(activity: Any, seen: LocalUserManager) -> None:
    """It names and counts; a dry run and no answer change nothing; --yes disables those who are due, and no others."""
    arguments = ("dormant", *SINCE, "--days", "50", "--grace", "20", "--disable")
    dry = activity(*arguments, "--dry-run", "-o", "json")
    assert [(row["username"], row["outcome"]) for row in json.loads(dry.out)] == [
        ("grace", "would be disabled"), ("花子", "would be disabled"),
    ]  # fmt: skip
    asked = activity(*arguments, "--price", "0.0055")
    assert asked.status == 2
    assert "Disable 2 users: grace and 花子? It is billed at most 0.0110 USD, because" in asked.err
    assert all(user.enabled for user in seen.iter_users())

    done = activity(*arguments, "--yes")
    assert (done.status, done.sentences) == (0, ["2 of 2 users are disabled"])
    assert [user.username for user in seen.iter_users() if user.enabled] == ["ada"]
    assert activity(*arguments, "--yes", "-o", "json").out == "[]\n"
    assert activity("dormant", *SINCE, "--dry-run").status == 2
    assert activity("dormant", *SINCE, "--price", "-1").status == 2


def test_somebody_who_cannot_be_disabled_makes_the_run_a_part(
    activity: Any, seen: LocalUserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The guard keeps the account that acts; the row says so, and the others are disabled."""
    sub = seen.get_user("grace").sub
    ended = activity("dormant", *SINCE, "--days", "50", "--disable", "--yes", "-o", "json", USERMGR_ACTING_SUB=sub)

    assert ended.status == 5
    assert {row["username"]: (row["outcome"], row["code"]) for row in json.loads(ended.out)} == {
        "ada": ("disabled", None), "grace": ("failed", "protected_user"), "花子": ("disabled", None),
    }  # fmt: skip
    assert seen.get_user("grace").enabled


def test_ctrl_c_leaves_those_who_were_not_tried(
    activity: Any, seen: LocalUserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The change that was under way is done, and its row says so; the same command goes on."""

    def interrupted(self: LocalUserManager, username: str, disable: Any = LocalUserManager.disable_user) -> None:
        disable(self, username)
        raise KeyboardInterrupt("it is done")

    with monkeypatch.context() as patch:
        patch.setattr(LocalUserManager, "disable_user", interrupted)
        ended = activity("dormant", *SINCE, "--days", "50", "--disable", "--yes", "-o", "json")

    assert ended.status == 130
    outcomes = [(row["username"], row["outcome"]) for row in json.loads(ended.out)]
    assert outcomes == [("ada", "disabled"), ("grace", "not tried"), ("花子", "not tried")]
    assert not seen.get_user("ada").enabled
    assert "2 of 2" in activity("dormant", *SINCE, "--days", "50", "--disable", "--yes").err
