"""The list of people: what is found, told, paged, remembered and saved; and how times are shown."""

from __future__ import annotations

import csv
import html
import io
import re
import traceback
from datetime import UTC, datetime
from itertools import islice

import pytest

from usermgr.errors import ServiceUnavailableError
from usermgr_console import Role
from usermgr_console._i18n import language_of
from usermgr_console._shield import BrokenOffError
from usermgr_console._text import cell, visible
from usermgr_console._views import people

KEY = b"a key of thirty-two bytes or more"


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("q=lovelace", ["ada"], id="a word in any case"),
        pytest.param("q=%E6%A3%AE", ["yuki"], id="one character"),
        pytest.param("q=%E3%82%B9%E3%82%BA%E3%82%AD", ["takeshi"], id="full width finds half width"),
        pytest.param("q=email%3Dgrace@example.org", ["grace"], id="the command line's language"),
        pytest.param("group=support", ["alan", "kenji"], id="group"),
        pytest.param("group=support&q=turing", ["alan"], id="both"),
        pytest.param("enabled=false", ["takeshi", "john", "customer005"], id="disabled"),
        pytest.param("q=%22", [], id="half a quote"),
    ],
)
def test_people_are_found(shared_stage, query: str, expected: list[str]) -> None:
    """The list has those who meet the words and the filters, and no others."""
    answer = shared_stage.browser(Role.READER).get(f"/people?{query}")

    assert answer.names() == expected
    assert ('role="alert"' in answer.text) == (query == "q=%22")


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_search_that_does_not_parse_says_where(stage, lang: str) -> None:
    """The place and what was expected there, and not an empty list."""
    stage.prefer("store:kim", language=lang)

    answer = stage.browser(Role.READER).get("/people?q=status%3DCONFIRMED%20created%3D2026-01-01")

    assert answer.status == 400
    assert "25" in answer.text


def test_last_seen_is_asked_of_the_activity(shared_stage) -> None:
    """Who was never seen, and how many were looked at."""
    users = shared_stage.users
    never = [user.username for user in users.iter_users() if shared_stage.activity.last_seen(user.sub) is None]

    answer = shared_stage.browser(Role.READER).get("/people?seen=never")

    assert answer.names() == never
    assert "All 30 accounts were looked at" in answer.text


def test_a_search_that_reads_everybody_says_how_far_it_is(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time is up, the page says what it looked at, and goes on where it was."""
    monkeypatch.setattr("usermgr_console._people.SECONDS", -1)
    monkeypatch.setattr("usermgr_console._people.PAGE", 10)
    browser, found, path, pages = stage.browser(Role.READER), [], "/people?seen=never", 0
    while path:
        answer = browser.get(path)
        found += answer.names()
        more = re.search(r'data-more href="([^"]+)"', answer.text)
        path, pages = html.unescape(more[1]) if more else "", pages + 1

    assert (pages, len(found)) == (3, 4)
    assert len(set(found)) == 4


def test_people_are_there_without_the_activity(stage, monkeypatch) -> None:
    """Where the activity store fails, people and their pages are shown without it, and the list says so."""

    def fail(*_: object) -> None:
        raise ServiceUnavailableError

    monkeypatch.setattr(type(stage.activity), "last_seen_many", fail)
    browser = stage.browser(Role.READER)
    listed = browser.get("/people")

    assert "cannot be read at the moment" in listed.text
    assert len(listed.names()) == 30
    assert browser.get(stage.path_of("ada")).status == 200
    assert browser.get("/people?seen=never").status == 503


@pytest.mark.parametrize(
    "path",
    [
        "/people",
        "/people?enabled=true",
        "/people?lacks=phone_number",
        "/people?q=customer&seen=not-30",
        "/people?seen=never",
        "/activity/dormant?days=30",
        "/activity/dormant?days=1&since=2020-01-01",
        "/groups",
        "/groups/one?name=customers",
    ],
)
def test_pages_hold_everybody_once(shared_stage, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    """However small the pages of a list are, they hold what one page holds, in its order: who has no value, too."""
    browser, found = shared_stage.browser(Role.READER), []
    expected = browser.get(path).names()
    for module in ("_people", "_views.activity", "_views.groups"):
        monkeypatch.setattr(f"usermgr_console.{module}.PAGE", 2)
    while path:
        answer = browser.get(path)
        found += answer.names()
        following = re.search(r'href="([^"]+)" rel="next"|rel="next" href="([^"]+)"', answer.text)
        path = html.unescape(following[1] or following[2]) if following else ""

    assert len(expected) > 2
    assert found == expected


def test_a_token_of_another_list_leads_to_the_first_page(shared_stage) -> None:
    """It is no error of who follows an old link."""
    browser = shared_stage.browser(Role.READER)

    assert browser.get("/people?q=ada&cursor=invented").path == "/people?q=ada"


def test_columns_are_remembered_for_the_person(stage) -> None:
    """The chosen columns are there at the next visit, in whatever browser, and not for others."""
    user = stage.users.get_user("ada")
    stage.browser(Role.READER, user).post("/people/columns", {"column": ["phone_number", "made-up"]})

    mine = stage.browser(Role.READER, user).get("/people").text
    others = stage.browser(Role.READER).get("/people").text

    assert re.findall(r'<th scope="col">([^<]+)</th>', mine) == ["User name", "Phone"]
    assert "Status" in re.findall(r'<th scope="col">([^<]+)</th>', others)


def test_csv_is_the_whole_filter(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file has everybody who fits, not the page alone, with a byte order mark."""
    monkeypatch.setattr("usermgr_console._people.PAGE", 2)
    answer = stage.browser(Role.READER).get("/people.csv?group=customers")
    rows = list(csv.DictReader(io.StringIO(answer.body.decode("utf-8-sig"))))

    assert answer.body.startswith(b"\xef\xbb\xbf")
    assert answer.header("cache-control") == "no-store"
    assert answer.header("content-disposition") == 'attachment; filename="people.csv"'
    assert [row["username"] for row in rows] == [u.username for u in stage.users.iter_users_in_group("customers")]


@pytest.mark.parametrize("error", [ServiceUnavailableError, OSError])
def test_csv_that_broke_off_can_be_told(stage, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store fails in the middle, in whatever way, the last line says so, and the connection is cut."""
    calls = iter([stage.console.services.users.search_page(limit=5)])

    def page(*_: object, **__: object):
        try:
            return next(calls)
        except StopIteration:
            raise error from None

    monkeypatch.setattr(type(stage.console.services.users), "search_page", page)
    rows = people.stream(stage.console.services.users, None, people.Question(), now=datetime.now(UTC))
    lines = people._lines(["sub"], [], rows, people.BROKEN)

    last = list(islice(lines, 1))[-1].splitlines()[-1]
    with pytest.raises(error):
        next(lines)

    assert last == people.BROKEN


@pytest.mark.parametrize("path", ["/people", "/people.csv"])
@pytest.mark.parametrize("query", ["seen=in-x", "seen=not-", "seen=x", "group=nobody-has-it", "lacks=nothing", 'q="'])
def test_a_question_that_is_none_is_told_with_a_page(shared_stage, path: str, query: str) -> None:
    """The list and the file tell what is wrong with the question, before anything else is sent."""
    answer = shared_stage.browser(Role.READER).get(f"{path}?{query}")

    assert 400 <= answer.status < 500
    assert "text/html" in (answer.header("content-type") or "")


def test_what_breaks_an_answer_off_is_in_no_log(stage, browser, monkeypatch, caplog: pytest.LogCaptureFixture) -> None:
    """An error in the middle of a file cuts it, and neither our log nor the server's quotes the error."""

    text = "ada".upper() + "@example.org"  # so that no line of code quotes it

    def broken(*_: object) -> str:
        raise ValueError(text)

    monkeypatch.setattr("usermgr_console._views.people.value_of", broken)
    with pytest.raises(BrokenOffError) as caught:
        browser.get("/people.csv")

    shown = "".join(traceback.format_exception(caught.value))
    assert "ValueError" in caplog.text
    assert text not in caplog.text + shown


def test_no_cell_is_a_formula() -> None:
    """A cell that a spreadsheet would take for a formula has a mark, behind whatever hides."""
    assert [cell("=SUM(A1)"), cell(" =1\u202e"), cell("\x00=1")] == ["'=SUM(A1)", "' =1\\u202e", "\\u0000=1"]


@pytest.mark.parametrize("character", list("\x00\x1b\x7f\x9b\u202e\u2066\u200f\ud800\ufeff"), ids=ascii)
def test_what_hides_is_written_out(character: str) -> None:
    """Controls, marks of direction and halves of characters are shown by their number."""
    assert visible(f"a{character}b") == f"a\\u{ord(character):04x}b"


def test_times_are_never_ahead() -> None:
    """A time that lies ahead, as clocks differ, is now; others are how long ago."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    english, japanese = language_of("en"), language_of("ja")

    assert english.ago(datetime(2026, 1, 31, 17, tzinfo=UTC), now) == "just now"
    assert english.ago(datetime(2026, 1, 28, 12, tzinfo=UTC), now) == "3 days ago"
    assert japanese.ago(datetime(2026, 1, 28, 12, tzinfo=UTC), now) == "3 日前"
    assert english.exact(datetime(2026, 1, 28, 12, tzinfo=UTC), UTC) == "2026-01-28 12:00:00 UTC"


def test_times_have_their_zone_and_can_be_exact(stage) -> None:
    """Each time is a `<time>` with its zone; a preference shows it without pointing at it."""
    browser = stage.browser(Role.READER)
    ago = browser.get("/people").text
    browser.post("/preferences", {"exact_times": "1"})
    exact = browser.get("/people").text

    assert re.search(r'<time datetime="[^"]+\+00:00" title="[^"]+ UTC">[^<]*ago</time>', ago) or "just now" in ago
    assert re.search(r"<time [^>]*>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC</time>", exact)
