"""People, one person, groups, and many at once: what the pages do to the store, and what they refuse to do."""

from __future__ import annotations

import csv
import html
import io
import json
import re
import time
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice

import pytest

from usermgr import Capability, StoreDescription
from usermgr.audit import Audited, FileSink
from usermgr.errors import ServiceUnavailableError, ThrottledError
from usermgr_console import Role, current_actor
from usermgr_console._i18n import language_of
from usermgr_console._passwords import new_password
from usermgr_console._text import FORMULA, cell, visible
from usermgr_console._views import people
from usermgr_console._work import State
from usermgr_local import PasswordPolicy

KEY = b"a key of thirty-two bytes or more"


def names(answer) -> list[str]:
    """The user names of the list, in their order."""
    return [html.unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)</bdi>', answer.text)]


@pytest.fixture
def browser(stage):
    """An administrator's."""
    return stage.browser(Role.ADMINISTRATOR)


# --- The list ----------------------------------------------------------------------------------------


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

    assert names(answer) == expected
    assert ('role="alert"' in answer.text) == (query == "q=%22")


def prefer(stage, key: str, **wanted: object) -> None:
    """Keeps preferences of somebody."""
    kept = stage.console.services.preferences
    kept.keep(key, kept.of(key).changed(wanted))


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_a_search_that_does_not_parse_says_where(stage, lang: str) -> None:
    """The place and what was expected there, and not an empty list."""
    prefer(stage, "store:kim", language=lang)

    answer = stage.browser(Role.READER).get("/people?q=status%3DCONFIRMED%20created%3D2026-01-01")

    assert answer.status == 400
    assert "25" in answer.text


def test_last_seen_is_asked_of_the_activity(shared_stage) -> None:
    """Who was never seen, and how many were looked at."""
    users = shared_stage.users
    never = [user.username for user in users.iter_users() if shared_stage.activity.last_seen(user.sub) is None]

    answer = shared_stage.browser(Role.READER).get("/people?seen=never")

    assert names(answer) == never
    assert "All 30 accounts were looked at" in answer.text


def test_a_search_that_reads_everybody_says_how_far_it_is(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where time is up, the page says what it looked at, and goes on where it was."""
    monkeypatch.setattr("usermgr_console._people.SECONDS", -1)
    monkeypatch.setattr("usermgr_console._people.PAGE", 10)
    browser, found, path, pages = stage.browser(Role.READER), [], "/people?seen=never", 0
    while path:
        answer = browser.get(path)
        found += names(answer)
        more = re.search(r'data-more href="([^"]+)"', answer.text)
        path, pages = html.unescape(more[1]) if more else "", pages + 1

    assert (pages, len(found)) == (3, 4)
    assert len(set(found)) == 4


def test_pages_hold_everybody_once(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Following "next" shows everybody once; a token of another list leads back to the first page."""
    monkeypatch.setattr("usermgr_console._people.PAGE", 7)
    browser, seen, path = stage.browser(Role.READER), [], "/people"
    while path:
        answer = browser.get(path)
        seen += names(answer)
        following = re.search(r'href="([^"]+)" rel="next"', answer.text)
        path = html.unescape(following[1]) if following else ""

    assert sorted(seen) == sorted(user.username for user in stage.users.iter_users())
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


def test_csv_that_broke_off_can_be_told(stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store fails in the middle, the last line says so, and the connection is cut."""
    calls = iter([stage.console.services.users.search_page(limit=5)])

    def page(*_: object, **__: object):
        try:
            return next(calls)
        except StopIteration:
            raise ServiceUnavailableError from None

    monkeypatch.setattr(type(stage.console.services.users), "search_page", page)
    rows = people.stream(stage.console.services.users, None, people.Question(), now=datetime.now(UTC))
    lines = people._lines(["sub"], [], rows)

    last = list(islice(lines, 1))[-1].splitlines()[-1]
    with pytest.raises(ServiceUnavailableError):
        next(lines)

    assert last == people.BROKEN


@pytest.mark.parametrize("first", list(FORMULA))
def test_no_cell_is_a_formula(first: str) -> None:
    """A cell that a spreadsheet would take for a formula begins with an apostrophe."""
    assert cell(f"{first}SUM(A1)")[0] in "'\\"


@pytest.mark.parametrize("character", list("\x00\x1b\x7f\x9b\u202e\u2066\u200f\ud800\ufeff"), ids=ascii)
def test_what_hides_is_written_out(character: str) -> None:
    """Controls, marks of direction and halves of characters are shown by their number."""
    assert visible(f"a{character}b") == f"a\\u{ord(character):04x}b"


# --- One person --------------------------------------------------------------------------------------


def path_of(stage, name: str) -> str:
    return f"/people/{stage.users.get_user(name).sub}"


def form_of(answer) -> dict[str, str]:
    """The fields of the form of attributes, as the page shows them."""
    fields = dict(re.findall(r'name="((?:was|value)\.[^"]+)"\s+value="([^"]*)"', answer.text))
    for name, options in re.findall(r'<select [^>]*name="(value\.[^"]+)">(.*?)</select>', answer.text):
        chosen = re.search(r'value="(\w*)" selected', options)
        fields[name] = chosen[1] if chosen else ""
    return {name: html.unescape(value) for name, value in fields.items()}


def test_only_what_was_changed_is_written(stage, browser, monkeypatch) -> None:
    """Of a form with twenty attributes, the one that was changed goes to the store."""
    written: list[dict] = []
    monkeypatch.setattr(type(stage.users), "update_user", lambda *given: written.append(dict(given[2])))
    fields = form_of(browser.get(path_of(stage, "ada")))

    browser.post(f"{path_of(stage, 'ada')}/attributes", {**fields, "value.nickname": "Countess"})
    browser.post(f"{path_of(stage, 'ada')}/attributes", fields)

    assert written == [{"nickname": "Countess"}]


def test_an_emptied_field_removes_the_attribute(stage, browser) -> None:
    """An attribute whose field is emptied is gone."""
    fields = form_of(browser.get(path_of(stage, "ada")))

    browser.post(f"{path_of(stage, 'ada')}/attributes", {**fields, "value.name": ""})

    assert "name" not in stage.users.get_user("ada").attributes


def test_somebody_elses_change_is_told(stage, browser) -> None:
    """What somebody else changed meanwhile is told and not overwritten, until the form is kept again."""
    path = f"{path_of(stage, 'ada')}/attributes"
    fields = {**form_of(browser.get(path_of(stage, "ada"))), "value.name": "Ada King"}
    stage.users.update_user("ada", {"name": "Countess of Lovelace"})

    answer = browser.post(path, fields)

    assert answer.status == 409
    assert "Countess of Lovelace" in answer.text
    assert stage.users.get_user("ada").attributes["name"] == "Countess of Lovelace"
    assert browser.post(path, form_of(answer)).status == 303
    assert stage.users.get_user("ada").attributes["name"] == "Ada King"


def test_a_change_elsewhere_is_no_conflict(stage, browser) -> None:
    """Two people may change different attributes at the same time."""
    fields = {**form_of(browser.get(path_of(stage, "ada"))), "value.name": "Ada King"}
    stage.users.update_user("ada", {"nickname": "Enchantress"})

    browser.post(f"{path_of(stage, 'ada')}/attributes", fields)

    attributes = stage.users.get_user("ada").attributes
    assert (attributes["name"], attributes["nickname"]) == ("Ada King", "Enchantress")


def test_an_address_and_its_verification_are_one_request(stage, browser) -> None:
    """A new address is unverified, unless whoever changes it says that it is verified."""
    path, fields = f"{path_of(stage, 'ada')}/attributes", form_of(browser.get(path_of(stage, "ada")))
    browser.post(path, {**fields, "value.email": "new@example.org"})
    before = stage.users.get_user("ada").attributes.get("email_verified")
    fields = form_of(browser.get(path_of(stage, "ada")))
    browser.post(path, {**fields, "value.email": "newer@example.org", "verify.email": "1"})

    assert before != "true"
    assert stage.users.get_user("ada").attributes["email_verified"] == "true"


def test_a_value_that_a_field_would_change_is_not_edited(stage, browser) -> None:
    """A value with a control character is shown and left alone by a form that changes something else."""
    stage.users.update_user("ada", {"nickname": "a\u202eb"})
    answer = browser.get(path_of(stage, "ada"))

    browser.post(f"{path_of(stage, 'ada')}/attributes", {**form_of(answer), "value.name": "x", "value.nickname": "y"})

    assert "\\u202e" in answer.text
    assert stage.users.get_user("ada").attributes["nickname"] == "a\u202eb"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_wrong_values_are_told_beside_their_fields(stage, lang: str) -> None:
    """A value that cannot be is told in the reader's language, and the others stay in the form."""
    user = stage.users.get_user("grace")
    prefer(stage, f"store:{user.sub}", language=lang)
    browser = stage.browser(Role.ADMINISTRATOR, user)
    fields = form_of(browser.get(path_of(stage, "ada")))

    answer = browser.post(
        f"{path_of(stage, 'ada')}/attributes", {**fields, "value.email": "no address", "value.name": "Ada King"}
    )

    assert answer.status == 400
    assert re.search(r'class="error" id="e-email">[^<]+<', answer.text)
    assert 'value="Ada King"' in answer.text
    assert stage.users.get_user("ada").attributes["name"] == "Ada Lovelace"


@pytest.mark.parametrize("action", ["disable", "delete", "reset-mfa"])
def test_what_is_dangerous_needs_the_name(stage, browser, action: str) -> None:
    """Without the name typed as it is, nothing happens."""
    path = f"{path_of(stage, 'edsger')}/{action}"

    assert browser.post(path, {"typed": "Edsger"}).status == 400
    assert stage.users.get_user("edsger").enabled
    assert browser.post(path, {"typed": "edsger"}).status == 303


def test_the_person_can_be_helped(stage, browser) -> None:
    """Each of the buttons does what it says."""
    path = path_of(stage, "takeshi")
    assert browser.post(f"{path}/enable").status == 303
    assert stage.users.get_user("takeshi").enabled
    assert browser.post(f"{path}/reset-password").status in (303, 409)  # only with a verified address
    assert browser.post(f"{path}/sign-out").status == 303
    assert browser.post(f"{path}/join", {"group": "beta"}).status == 303
    assert browser.post(f"{path}/leave", {"group": "beta"}).status == 303
    assert browser.post(f"{path}/confirm").status == 409  # confirmed already
    assert browser.post(f"{path_of(stage, 'yuki')}/resend").status == 303


def test_a_made_up_password_is_shown_once_and_works(stage, browser) -> None:
    """The page that sets it shows it; sending the form again does not, and the store took it."""
    token = browser.token()
    path = f"{path_of(stage, 'edsger')}/password"
    answer = browser.post(path, token=token)
    secret = html.unescape(re.search(r'<code class="secret">([^<]+)</code>', answer.text)[1])

    assert browser.post(path, token=token).status == 409
    assert stage.users.authenticate("edsger", secret).name == "NEW_PASSWORD_REQUIRED"
    assert secret not in browser.get(path_of(stage, "edsger")).text


def test_made_up_passwords_meet_the_policy() -> None:
    """Any policy is met, and no two are alike."""
    policy = StoreDescription().password_policy
    strict = PasswordPolicy(16, frozenset({"uppercase", "lowercase", "numbers", "symbols"}))
    made = {new_password(policy) for _ in range(200)}
    for secret in made:
        strict.check(secret)

    assert len(made) == 200


@pytest.mark.parametrize("action", ["disable", "delete", "sign-out", "password", "reset-password", "reset-mfa"])
def test_nobody_hurts_their_own_account(stage, action: str) -> None:
    """What would lock oneself out is refused, whichever way."""
    me = stage.users.get_user("ada")

    answer = stage.browser(Role.ADMINISTRATOR, me).post(f"/people/{me.sub}/{action}", {"typed": "ada"})

    assert answer.status == 409
    assert stage.users.get_user("ada") == me


def test_nobody_takes_their_own_role_away(stage) -> None:
    """Leaving a group that gives a role is for a colleague to do."""
    me = stage.users.get_user("ada")

    answer = stage.browser(Role.ADMINISTRATOR, me).post(f"/people/{me.sub}/leave", {"group": "administrators"})

    assert answer.status == 409


def test_the_last_administrator_stays(stage, browser) -> None:
    """Whoever acts, a group that gives the role administrator keeps an enabled member."""
    assert browser.post(f"{path_of(stage, 'ada')}/disable", {"typed": "ada"}).status == 303
    answer = browser.post(f"{path_of(stage, 'grace')}/disable", {"typed": "grace"})

    assert answer.status == 409
    assert "last enabled member of administrators" in answer.text


@pytest.mark.parametrize("action", ["attributes", "disable", "password", "reset-password", "reset-mfa", "sign-out"])
def test_support_cannot_take_over_an_administrator(stage, action: str) -> None:
    """An account with a higher role than one's own is changed by administrators alone."""
    before = stage.users.get_user("ada")

    answer = stage.browser(Role.SUPPORT).post(
        f"/people/{before.sub}/{action}", {"typed": "ada", "value.email": "mine@example.org"}
    )

    assert answer.status == 409
    assert stage.users.get_user("ada") == before


def test_a_name_that_was_freed_is_not_the_person(stage, browser) -> None:
    """A page is about a sub: somebody else with the name is not meant."""
    path = path_of(stage, "edsger")
    stage.users.delete_user("edsger")
    stage.users.add_user("edsger")

    assert browser.get(path).status == 404
    assert browser.post(f"{path}/delete", {"typed": "edsger"}).status == 404
    assert stage.users.user_exists("edsger")


def test_each_change_has_one_record(make_stage, tmp_path) -> None:
    """The audit names who, from where, and the request, once for each change."""
    log = tmp_path / "audit.jsonl"
    stage = make_stage(wrap=lambda users: Audited(users, FileSink(log, KEY), current_actor))
    browser = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("grace"))

    answer = browser.post(f"{path_of(stage, 'edsger')}/disable", {"typed": "edsger"})

    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (record["operation"], record["actor"]["name"]) == ("disable_user", "grace")
    assert record["actor"]["details"]["address"] == "192.0.2.7"
    assert record["request_id"] == answer.header("x-request-id")


def test_somebody_new(stage, browser) -> None:
    """Somebody new gets a password that is shown once, or an invitation; what is wrong is told in the form."""
    fields = {"username": "new", "value.email": "new@example.org", "way": "password"}
    shown = browser.post("/people/new", fields)
    another = {**fields, "username": "newer", "value.email": "newer@example.org", "way": "email"}
    invited = browser.post("/people/new", another)
    taken = browser.post("/people/new", fields)

    assert (shown.status, invited.status, taken.status) == (200, 303, 400)
    assert stage.users.get_user("new").email == "new@example.org"
    assert "already exists" in taken.text
    assert 'value="new@example.org"' in taken.text


def test_what_the_store_cannot_do_is_not_shown(stage, browser, monkeypatch) -> None:
    """Without the capabilities, neither button nor route is there."""
    described = stage.users.describe()
    left = described.capabilities - {
        Capability.SIGN_OUT, Capability.MFA, Capability.MFA_RESET, Capability.INVITATIONS,
        Capability.TEMPORARY_PASSWORDS,
    }  # fmt: skip
    monkeypatch.setattr(stage.console.services, "describe", lambda: replace(described, capabilities=left))

    page = browser.get(path_of(stage, "edsger"))

    assert page.status == 200
    for text in ("Sign out everywhere", "second factor", "temporary password"):
        assert text not in page.text
    assert browser.post(f"{path_of(stage, 'edsger')}/sign-out").status == 404


@pytest.mark.parametrize("error", [ThrottledError(), ServiceUnavailableError()])
def test_a_store_that_fails_is_told_without_a_trace(stage, browser, error: Exception, monkeypatch) -> None:
    """An error of the store is a page with a sentence."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(stage.users), "find_users", fail)
    answer = browser.get("/people")

    assert answer.status in (429, 502, 503)
    assert "Traceback" not in answer.text


# --- Groups ------------------------------------------------------------------------------------------


def test_groups_are_added_changed_and_deleted(stage, browser) -> None:
    """A group with a slash in its name goes through all of it."""
    added = browser.post("/groups", {"name": "a/b", "description": "first", "precedence": "3"})
    page = browser.get(added.path)
    browser.post("/groups/one", {"name": "a/b", "description": "second", "precedence": ""})
    group = stage.users.get_group("a/b")
    wrong = browser.post("/groups/delete", {"name": "a/b", "typed": "ab"})
    browser.post("/groups/delete", {"name": "a/b", "typed": "a/b"})

    assert (added.status, page.status, wrong.status) == (303, 200, 400)
    assert (group.description, group.precedence) == ("second", 3)
    assert "a/b" not in [found.name for found in stage.users.iter_groups()]


def test_a_group_that_gives_a_role_is_not_deleted(stage, browser) -> None:
    """It would take the role from everybody in it."""
    assert browser.post("/groups/delete", {"name": "support", "typed": "support"}).status == 409
    assert stage.users.get_group("support")


# --- Many at once ------------------------------------------------------------------------------------


def select(browser, **fields: object):
    """Has an action prepared for some people."""
    return browser.post("/people/selection", {name.replace("_name", "-name"): value for name, value in fields.items()})


def finished(stage, answer):
    """The piece of work that the answer leads to, once it does not run."""
    identity = answer.path.rpartition("/")[2]
    deadline = time.monotonic() + 20
    while (piece := stage.console.services.work.find(identity)).state is State.RUNNING and time.monotonic() < deadline:
        time.sleep(0.02)
    return piece


def test_an_action_on_those_who_were_ticked(stage, browser) -> None:
    """The count is shown, must be typed, and only then something happens, to those alone."""
    subs = [stage.users.get_user(name).sub for name in ("edsger", "donald")]
    piece = finished(stage, select(browser, operation="disable_user", sub=subs))
    page = browser.get(f"/work/{piece.id}")

    assert "2 people are meant" in page.text
    assert browser.post(f"/work/{piece.id}", {"typed": "3"}).status == 400
    assert stage.users.get_user("edsger").enabled
    done = finished(stage, browser.post(f"/work/{piece.id}", {"typed": "2"}))
    assert (done.state, done.result["counts"].get("changed")) == (State.DONE, 2)
    assert not stage.users.get_user("edsger").enabled
    report = browser.get(f"/work/{piece.id}/report.csv").body.decode("utf-8-sig").splitlines()
    assert len(report) == 3


def test_who_comes_later_is_left_alone_and_who_no_longer_fits_is_skipped(stage, browser) -> None:
    """What was confirmed is what was frozen: a later match is untouched, and one that no longer matches is skipped."""
    answer = select(browser, operation="add_user_to_group", group_name="beta", who="all", group="support")
    piece = finished(stage, answer)
    stage.users.remove_user_from_group("kenji", "support")
    stage.users.add_user_to_group("edsger", "support")

    done = finished(stage, browser.post(f"/work/{piece.id}", {"typed": "2"}))

    assert done.result["counts"] == {"changed": 1, "skipped": 1} | {
        name: count for name, count in done.result["counts"].items() if not count
    }
    members = [user.username for user in stage.users.iter_users_in_group("beta")]
    assert "alan" in members
    assert "edsger" not in members


def test_everybody_who_fits_is_more_than_a_page(stage, browser, monkeypatch) -> None:
    """All N that match are meant, with the filter "last seen" too, and whatever was ticked."""
    monkeypatch.setattr("usermgr_console._people.PAGE", 2)
    piece = finished(stage, select(browser, operation="sign_out_user", who="all", seen="never"))
    everybody = finished(stage, select(browser, operation="sign_out_user", who="all"))

    assert (piece.result["count"], everybody.result["count"]) == (4, 30)


def test_many_at_once_does_not_lock_out(stage) -> None:
    """The account that acts and the last administrator stay, in bulk too."""
    me = stage.users.get_user("grace")
    browser = stage.browser(Role.ADMINISTRATOR, me)
    piece = finished(stage, select(browser, operation="disable_user", who="all", group="administrators"))

    done = finished(stage, browser.post(f"/work/{piece.id}", {"typed": "2"}))

    assert (done.result["counts"]["changed"], done.result["counts"]["failed"]) == (1, 1)
    assert stage.users.get_user("grace").enabled


def test_work_is_its_owners_alone(stage, browser) -> None:
    """Another administrator neither sees nor starts it."""
    piece = finished(stage, select(browser, operation="enable_user", who="all"))
    other = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("ada"))

    assert other.get(f"/work/{piece.id}").status == 404
    assert other.post(f"/work/{piece.id}", {"typed": "30"}).status == 404


def test_work_that_broke_off_is_told_and_goes_on(stage, browser) -> None:
    """A piece whose process is gone says so, and going on does the rest."""
    piece = finished(stage, select(browser, operation="disable_user", who="all", group="beta"))
    piece.path("state.json").write_text(json.dumps({"state": "running", "result": {}}))

    page = browser.get(f"/work/{piece.id}")
    done = finished(stage, browser.post(f"/work/{piece.id}"))

    assert "It broke off" in page.text
    assert done.state is State.DONE


# --- Times -------------------------------------------------------------------------------------------


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
