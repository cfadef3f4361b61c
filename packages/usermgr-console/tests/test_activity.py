"""Activity: the plots, counting everybody, those who are away for long, and disabling them."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.activity import Sighting, SightingKind
from usermgr_console import Role
from usermgr_console._plots import plot
from usermgr_console._work import State


@pytest.fixture
def browser(stage):
    """An administrator's, now: the sample's people were seen until today."""
    stage.clock.seconds = datetime.now(UTC).timestamp()
    return stage.browser(Role.ADMINISTRATOR)


def table(answer, heading: str) -> dict[str, str]:
    """The rows of a table by their first cell."""
    part = answer.text.split(f'<caption class="only-read">{heading}</caption>')[1].split("</table>")[0]
    return dict(re.findall(r'<th scope="row">([^<]*)</th><td class="number">([^<]*)</td>', part))


def test_days_are_counted(stage, browser) -> None:
    """The plot's table has the number of people who were seen on each of the last thirty days, and 0 for nobody."""
    rows = table(browser.get("/activity"), "People active each day")
    today = datetime.fromtimestamp(stage.clock.seconds, UTC).date()
    assert len(rows) == 30
    for back in (0, 1, 12):
        day = today - timedelta(days=back)
        assert rows[day.isoformat()] == str(stage.activity.count_active(day))


def test_everybody_is_counted_when_somebody_asks(stage, browser) -> None:
    """Nobody is counted before that; then each account is in exactly one group of how long people are away."""
    assert "Not counted yet." in browser.get("/activity").text
    assert browser.post("/activity/count").status == 303
    assert stage.newest("census").state is State.DONE
    answer = browser.get("/activity")
    total = sum(1 for _ in stage.users.iter_users())
    assert f"{total} accounts" in answer.text
    shares = [int(value) for value in re.findall(r'<meter [^>]*value="(\d+)"', answer.text)]
    assert sum(shares) == total
    never = sum(stage.activity.last_seen(user.sub) is None for user in stage.users.iter_users())
    assert shares[-1] == never > 0
    new = table(answer, "New accounts each month")
    assert len(new) == 12


def test_reader_cannot_have_everybody_counted(stage) -> None:
    """Counting reads every account, which some services bill."""
    assert stage.browser(Role.READER).post("/activity/count").status == 403
    assert stage.console.services.work.latest("census") == []


def dormant(answer) -> set[str]:
    """The names in the file."""
    return {row["username"] for row in csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig")))}


def test_away_for_long(stage, browser) -> None:
    """The list and the file have who was seen, but not for so long; not who is disabled, and nobody of the staff."""
    now = datetime.fromtimestamp(stage.clock.seconds, UTC)
    staff = {"ada", "grace", "alan", "kenji", "barbara"}
    expected = {
        user.username
        for user in stage.users.iter_users()
        if user.enabled
        and user.username not in staff
        and (seen := stage.activity.last_seen(user.sub)) is not None
        and seen.last_seen < now - timedelta(days=30, minutes=5)
    }
    assert expected
    assert dormant(browser.get("/activity/dormant.csv?days=30")) == expected
    shown = set(
        re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)</bdi>', browser.get("/activity/dormant?days=30").text)
    )
    assert shown == expected


def test_never_seen_counts_from_the_beginning_of_recording(stage, browser) -> None:
    """Who was never seen is away since recording began, and is in no list before that day is known."""
    never = {
        user.username
        for user in stage.users.iter_users()
        if user.enabled and stage.activity.last_seen(user.sub) is None
    }
    without = dormant(browser.get("/activity/dormant.csv?days=90"))
    known = dormant(browser.get("/activity/dormant.csv?days=90&since=2020-01-01"))
    assert not without & never
    assert known & never


@pytest.mark.parametrize(
    ("query", "told"),
    [
        pytest.param("days=0", "days", id="no day"),
        pytest.param("days=-3", "days", id="negative"),
        pytest.param("days=9999999999", "days", id="too many"),
        pytest.param("grace=x", "grace", id="no number"),
        pytest.param("since=yesterday", "since", id="no date"),
    ],
)
def test_question_that_is_none(browser, query: str, told: str) -> None:
    """What cannot be meant is told, and nobody is in the list."""
    answer = browser.get(f"/activity/dormant?{query}")
    assert answer.status == 400
    assert told in answer.text
    assert "<tbody>" not in answer.text


def begin(stage, browser, **asked: str) -> str:
    """Asks for those away to be disabled; the address of the work, once it waits for a yes."""
    address = browser.post("/activity/dormant", {"days": "90", "grace": "0", "since": "", **asked}).path
    assert stage.newest("dormant").state is State.WAITING
    return address


def test_disabling_shows_first_and_spares_who_came_back(stage, browser) -> None:
    """Nobody is disabled before a yes; then those who were shown are, but for one who was seen meanwhile."""
    expected = dormant(browser.get("/activity/dormant.csv?days=90"))
    address = begin(stage, browser)
    shown = browser.get(address).text
    assert f"{len(expected)} people are meant" in shown
    assert all(stage.users.get_user(name).enabled for name in expected)

    back = min(expected)
    seen = Sighting(stage.users.get_user(back).sub, SightingKind.SIGN_IN, "app", datetime.now(UTC))
    stage.activity.record(seen)
    assert browser.post(address, {"typed": "0"}).status == 400
    assert browser.post(address, {"typed": str(len(expected))}).status == 303
    assert stage.newest("dormant").state is State.DONE
    assert {name for name in expected if stage.users.get_user(name).enabled} == {back}
    report = browser.get(f"{address}/report.csv").text
    assert f'"{back}","skipped"' in report


def test_grace_is_waited_for(stage, browser) -> None:
    """Who is away, with days of grace left, is in the list and is not disabled."""
    address = begin(stage, browser, days="30", grace="30")
    due = stage.console.services.work.latest("dormant")[0].result["count"]
    file = browser.get("/activity/dormant.csv?days=30&grace=30").body.decode("utf-8-sig")
    listed = list(csv.DictReader(io.StringIO(file)))
    assert 0 < due == sum(row["due"] == "true" for row in listed) < len(listed)
    assert "are meant" in browser.get(address).text


@given(st.lists(st.integers(0, 10**9), max_size=40))
def test_bars_stand_in_the_plot(values: list[int]) -> None:
    """Whatever the numbers, bars stand on the line, none is higher than the plot, and the highest rule is not below."""
    drawn = plot([(str(number), value) for number, value in enumerate(values)])
    assert len(drawn.rules) <= 7
    assert drawn.rules[-1][1] >= max(values, default=0)
    base = drawn.rules[0][0]
    for bar in drawn.bars:
        assert bar.y >= 0
        assert abs(bar.y + bar.height - base) < 0.2
        assert bar.x + bar.width <= drawn.width
