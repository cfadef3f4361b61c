"""The audit trail: newest first, a page at a time, filtered, and verified."""

from __future__ import annotations

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from usermgr.audit import Actor, Audited, FileSink, Outcome, Record
from usermgr.audit._record import Described
from usermgr_console import Role, current_actor

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
COUNT = 25


@pytest.fixture
def recorded(stage):
    """A stage with changes of kim's and lee's: one an hour, of many people."""
    audit = stage.console.services.audit
    sink = FileSink(audit.path, audit.keys, max_bytes=4096)
    for number in range(COUNT):
        operation, outcome = ("disable_user", Outcome.DONE) if number % 2 else ("add_user", Outcome.FAILED)
        actor = Actor("kim" if number % 5 else "lee", {"address": "192.0.2.7"}, f"request-{number}")
        target = Described({"username": f"user{number:02d}"})
        error = "user_exists" if outcome is Outcome.FAILED else None
        sink.write(Record(f"{number:032x}", NOON + timedelta(hours=number), actor, operation, target, outcome, error))
    return stage


def users(answer) -> list[str]:
    """Whose changes the page shows."""
    return re.findall(r"<bdi>(user\d\d)</bdi>", answer.text)


def walk(browser, path: str) -> list[str]:
    """Whose changes all pages show."""
    found: list[str] = []
    while path:
        answer = browser.get(path)
        assert answer.status == 200
        found += users(answer)
        more = re.search(r'href="([^"]+)">(?:Older|Go on looking)', answer.text.replace(' rel="next"', ""))
        more = more or re.search(r'rel="next" href="([^"]+)"', answer.text)
        path = html.unescape(more[1]) if more else ""
    return found


@pytest.mark.parametrize(("page", "lines"), [(50, 20_000), (4, 20_000), (50, 3)])
def test_changes_are_shown_newest_first(recorded, monkeypatch, page: int, lines: int) -> None:
    """All pages hold each change once, whatever fits on a page and however many lines are looked at at a time."""
    monkeypatch.setattr("usermgr_console._views.audit.PAGE", page)
    monkeypatch.setattr("usermgr_console._views.audit.LINES", lines)

    assert walk(recorded.browser(Role.READER), "/audit") == [f"user{number:02d}" for number in reversed(range(COUNT))]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("who=USER07", ["user07"]),
        ("actor=lee", ["user20", "user15", "user10", "user05", "user00"]),
        ("operation=disable_user&actor=lee", ["user15", "user05"]),
        ("outcome=failed&actor=lee", ["user20", "user10", "user00"]),
        ("until=2026-01-31&actor=lee", ["user10", "user05", "user00"]),
        ("since=2026-02-01&actor=lee", ["user20", "user15"]),
        ("who=nobody", []),
    ],
)
def test_changes_are_filtered(recorded, query: str, expected: list[str]) -> None:
    """Filters are met together, and where nothing fits, the page says so."""
    answer = recorded.browser(Role.READER).get(f"/audit?{query}")

    assert users(answer) == expected
    assert ("No change fits" in answer.text) == (not expected)


def test_a_day_is_one_of_the_consoles_zone(make_stage) -> None:
    """In a zone nine hours ahead, the last of January has begun at 15 o'clock of the day before."""
    stage = make_stage(zone=timezone(timedelta(hours=9)))
    audit = stage.console.services.audit
    sink = FileSink(audit.path, audit.keys)
    for number, at in enumerate((NOON - timedelta(hours=22), NOON - timedelta(hours=20))):
        target = Described({"username": f"user{number:02d}"})
        sink.write(Record(f"{number:032x}", at, Actor("kim"), "disable_user", target, Outcome.DONE))

    assert users(stage.browser(Role.READER).get("/audit?since=2026-01-31")) == ["user01"]


@pytest.mark.parametrize("query", ["operation=made_up", "since=yesterday", "until=2026-13-01", "until=9999-12-31"])
def test_a_filter_that_is_none_is_told(recorded, query: str) -> None:
    """It never looks like no changes."""
    answer = recorded.browser(Role.READER).get(f"/audit?{query}")

    assert answer.status == 400
    assert 'role="alert"' in answer.text
    assert "No change fits" not in answer.text


def test_a_token_that_is_none_leads_to_the_newest(recorded) -> None:
    """As after the file was moved away."""
    assert recorded.browser(Role.READER).get("/audit?cursor=7-7&actor=lee").path == "/audit?actor=lee"


def test_a_change_of_the_console_is_there(make_stage) -> None:
    """What somebody does is on the page at once, with who and from where, and the person's page leads there."""
    stage = make_stage()
    audit = stage.console.services.audit
    stage.console.services.users.manager = Audited(stage.users, FileSink(audit.path, audit.keys), current_actor)
    browser = stage.browser(Role.ADMINISTRATOR)
    browser.post(f"{stage.path_of('edsger')}/disable", {"typed": "edsger"})

    person = browser.get(stage.path_of("edsger"))
    page = browser.get(html.unescape(re.search(r'href="(/audit\?who=[^"]+)"', person.text)[1]))

    assert page.text.count("<bdi>edsger</bdi>") == 1
    assert "Disabled the account" in page.text
    assert "192.0.2.7" in page.text


# --- On the page of a person -------------------------------------------------------------------------


def write(stage, names: list[str]) -> None:
    """Changes of these people, one an hour."""
    audit = stage.console.services.audit
    records = [
        Record(f"{n:032x}", NOON + timedelta(hours=n), Actor(f"kim{n}"), "disable_user", Described({"username": name}),
               Outcome.FAILED, "throttled")
        for n, name in enumerate(names)
    ]  # fmt: skip
    FileSink(audit.path, audit.keys).write_all(records)


def rows(answer) -> list[tuple[str, ...]]:
    """When and by whom the page says that somebody was changed."""
    return re.findall(
        r'<td data-label="When"><time datetime="([^"]+)".*?<bdi>(kim\d+)</bdi>.*?Disabled the account'
        r'.*?mark bad">(\w+)</span> <code>(\w+)<',
        answer.text,
        re.DOTALL,
    )


def test_a_persons_page_shows_their_newest_changes(stage) -> None:
    """Five of that person alone, the newest first: when, what, by whom, and what became of it."""
    write(stage, ["ada", "grace", "ada", "Ada", "grace", "ada", "ada", "ada", "grace"])

    answer = stage.browser(Role.READER).get(stage.path_of("ada"))

    expected = [((NOON + timedelta(hours=n)).isoformat(), f"kim{n}", "Failed", "throttled") for n in (7, 6, 5, 3, 2)]
    assert rows(answer) == expected
    assert "lines of the audit file" not in answer.text
    assert 'href="/audit?who=ada">All changes' in answer.text


def test_a_persons_page_looks_at_a_stated_part_of_the_file(stage, monkeypatch) -> None:
    """It says where it stopped, and leads to the page that goes on there."""
    monkeypatch.setattr("usermgr_console._trail.LINES", 4)
    write(stage, ["ada", "grace", "ada", "alan", "alan", "alan"])
    browser = stage.browser(Role.READER)

    ada, grace = (browser.get(stage.path_of(name)) for name in ("ada", "grace"))
    on = html.unescape(re.search(r'href="(/audit\?who=grace&amp;cursor=[^"]+)">Go on looking', grace.text)[1])

    assert [row[1] for row in rows(ada)] == ["kim2"]
    assert "The newest 4 lines of the audit file were looked at." in ada.text
    assert "No change to this account is among them." in grace.text
    assert re.findall(r"<bdi>(kim\d)</bdi>", browser.get(on).text) == ["kim1"]


def test_a_persons_page_begins_before_the_file_is_looked_at(stage, monkeypatch) -> None:
    """How soon the first byte is there does not depend on the audit file, nor on who writes it just then."""
    from usermgr_console._trail import trail_of  # noqa: PLC0415 - the one that is replaced

    sent, before = bytearray(), bytearray()

    async def watched(scope, receive, send) -> None:
        async def note(message) -> None:
            sent.extend(message.get("body", b""))
            await send(message)

        await stage.console(scope, receive, note)

    def look(*arguments):
        before.extend(sent)
        return trail_of(*arguments)

    monkeypatch.setattr("usermgr_console._views.person.trail_of", look)
    browser = stage.browser(Role.READER)
    browser.console = watched
    answer = browser.get(stage.path_of("ada"))

    assert b"<h1><bdi>Ada Lovelace</bdi></h1>" in before
    assert answer.body.startswith(before)
    assert answer.text.rstrip().endswith("</html>")
    assert "No change to this account is recorded." in answer.text


def test_a_persons_page_is_there_without_the_audit_file(stage, make_stage) -> None:
    """One that cannot be read is told; without one nothing is said, and so to a role that may not read the trail."""
    heading = "Who changed this account"
    bare = make_stage(audit=None)
    assert heading not in bare.browser(Role.ADMINISTRATOR).get(bare.path_of("ada")).text

    stage.console.services.audit.path.mkdir()
    assert "The audit file cannot be read." in stage.browser(Role.READER).get(stage.path_of("ada")).text

    stage.console.services.menu = [
        (item, replace(route, role=Role.ADMINISTRATOR)) for item, route in stage.console.services.menu
    ]
    assert heading not in stage.browser(Role.SUPPORT).get(stage.path_of("ada")).text
    assert heading in stage.browser(Role.ADMINISTRATOR).get(stage.path_of("ada")).text


def test_the_file_is_verified(recorded) -> None:
    """A file as it was written is told to be, with the hash to note; a changed line and a damaged one are found."""
    audit = recorded.console.services.audit
    browser = recorded.browser(Role.ADMINISTRATOR)
    good = browser.follow(browser.post("/audit/verify"))
    text = audit.path.read_text()
    audit.path.write_text(text.replace('"kim"', '"lee"', 1) + "damaged\n")
    bad = browser.follow(browser.post("/audit/verify"))

    assert "The file is as it was written" in good.text
    assert re.search(r'class="secret">[0-9a-f]{64}<', good.text)
    assert "wrong with the file" in bad.text
    assert ">changed<" in bad.text
    assert "a line that is no record" in recorded.browser(Role.READER).get("/audit?who=nobody").text


def test_without_an_audit_file_there_is_no_page(make_stage) -> None:
    """Neither in the menu nor by its address."""
    browser = make_stage(audit=None).browser(Role.ADMINISTRATOR)

    assert browser.get("/audit").status == 404
    assert 'href="/audit"' not in browser.get("/people").text
