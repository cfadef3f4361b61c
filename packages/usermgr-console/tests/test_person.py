"""One person: what the page does to the store, what it refuses, and whom it protects."""

from __future__ import annotations

import html
import json
import re
from dataclasses import replace

import pytest

from usermgr import Capability, StoreDescription
from usermgr.audit import Audited, FileSink
from usermgr.errors import ServiceUnavailableError, ThrottledError
from usermgr_console import Role, current_actor
from usermgr_console._forms import AttributesForm
from usermgr_console._i18n import language_of
from usermgr_console._passwords import new_password
from usermgr_console._sessions import Person
from usermgr_local import PasswordPolicy

KEY = b"a key of thirty-two bytes or more"


def test_only_what_was_changed_is_written(stage, browser, monkeypatch) -> None:
    """Of a form with twenty attributes, the one that was changed goes to the store."""
    written: list[dict] = []
    monkeypatch.setattr(type(stage.users), "update_user", lambda *given: written.append(dict(given[2])))
    fields = browser.get(stage.path_of("ada")).form()

    browser.post(f"{stage.path_of('ada')}/attributes", {**fields, "value.nickname": "Countess"})
    browser.post(f"{stage.path_of('ada')}/attributes", fields)

    assert written == [{"nickname": "Countess"}]


def test_an_emptied_field_removes_the_attribute(stage, browser) -> None:
    """An attribute whose field is emptied is gone."""
    fields = browser.get(stage.path_of("ada")).form()

    browser.post(f"{stage.path_of('ada')}/attributes", {**fields, "value.name": ""})

    assert "name" not in stage.users.get_user("ada").attributes


def test_somebody_elses_change_is_told(stage, browser) -> None:
    """What somebody else changed meanwhile is told and not overwritten, until the form is kept again."""
    path = f"{stage.path_of('ada')}/attributes"
    fields = {**browser.get(stage.path_of("ada")).form(), "value.name": "Ada King"}
    stage.users.update_user("ada", {"name": "Countess of Lovelace"})

    answer = browser.post(path, fields)

    assert answer.status == 409
    assert "Countess of Lovelace" in answer.text
    assert stage.users.get_user("ada").attributes["name"] == "Countess of Lovelace"
    assert browser.post(path, answer.form()).status == 303
    assert stage.users.get_user("ada").attributes["name"] == "Ada King"


def test_a_change_elsewhere_is_no_conflict(stage, browser) -> None:
    """Two people may change different attributes at the same time."""
    fields = {**browser.get(stage.path_of("ada")).form(), "value.name": "Ada King"}
    stage.users.update_user("ada", {"nickname": "Enchantress"})

    browser.post(f"{stage.path_of('ada')}/attributes", fields)

    attributes = stage.users.get_user("ada").attributes
    assert (attributes["name"], attributes["nickname"]) == ("Ada King", "Enchantress")


@pytest.mark.parametrize("reason", ["conflict", "error"])
def test_a_form_that_is_shown_again_undoes_nobodys_change(stage, browser, reason: str) -> None:
    """A field that was left alone shows what the store holds now, so that saving again does not write it back."""
    path = f"{stage.path_of('ada')}/attributes"
    wrong = {"value.name": "Ada King"} if reason == "conflict" else {"value.email": "no address"}
    fields = {**browser.get(stage.path_of("ada")).form(), **wrong}
    stage.users.update_user("ada", {"nickname": "Enchantress", "name": "Countess", "family_name": "King"})

    answer = browser.post(path, fields)
    browser.post(path, {**answer.form(), "value.email": "ada@example.org"})

    attributes = stage.users.get_user("ada").attributes
    assert (attributes["nickname"], attributes["family_name"]) == ("Enchantress", "King")
    assert attributes["name"] == ("Ada King" if reason == "conflict" else "Countess")


def test_a_wrong_value_of_what_somebody_else_changed_is_told_as_both(stage, browser) -> None:
    """What is corrected afterwards writes over somebody else's value, so that value is shown."""
    fields = {**browser.get(stage.path_of("ada")).form(), "value.email": "no address"}
    stage.users.update_user("ada", {"email": "countess@example.org"})

    answer = browser.post(f"{stage.path_of('ada')}/attributes", fields)

    assert answer.status == 409
    assert "countess@example.org" in answer.text


def test_a_yes_or_no_that_is_written_otherwise_stays(stage, browser) -> None:
    """A value that is neither "true" nor "false" is shown as it is, and not removed by a form that left it alone."""
    form = AttributesForm(stage.console.services.describe(), language_of("en"))
    [field] = [field for field in form.fields({"email_verified": "True"}) if field.name == "email_verified"]

    assert field.value in [value for value, _ in field.choices]


def test_an_address_and_its_verification_are_one_request(stage, browser) -> None:
    """A new address is unverified, unless whoever changes it says that it is verified."""
    path, fields = f"{stage.path_of('ada')}/attributes", browser.get(stage.path_of("ada")).form()
    browser.post(path, {**fields, "value.email": "new@example.org"})
    before = stage.users.get_user("ada").attributes.get("email_verified")
    fields = browser.get(stage.path_of("ada")).form()
    browser.post(path, {**fields, "value.email": "newer@example.org", "verify.email": "1"})

    assert before != "true"
    assert stage.users.get_user("ada").attributes["email_verified"] == "true"


def test_a_value_that_a_field_would_change_is_not_edited(stage, browser) -> None:
    """A value with a control character is shown and left alone by a form that changes something else."""
    stage.users.update_user("ada", {"nickname": "a\u202eb"})
    answer = browser.get(stage.path_of("ada"))

    browser.post(f"{stage.path_of('ada')}/attributes", {**answer.form(), "value.name": "x", "value.nickname": "y"})

    assert "\\u202e" in answer.text
    assert stage.users.get_user("ada").attributes["nickname"] == "a\u202eb"


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_wrong_values_are_told_beside_their_fields(stage, lang: str) -> None:
    """A value that cannot be is told in the reader's language, and the others stay in the form."""
    user = stage.users.get_user("grace")
    stage.prefer(f"store:{user.sub}", language=lang)
    browser = stage.browser(Role.ADMINISTRATOR, user)
    fields = browser.get(stage.path_of("ada")).form()

    answer = browser.post(
        f"{stage.path_of('ada')}/attributes", {**fields, "value.email": "no address", "value.name": "Ada King"}
    )

    assert answer.status == 400
    assert re.search(r'class="error" id="e-email">[^<]+<', answer.text)
    assert 'value="Ada King"' in answer.text
    assert stage.users.get_user("ada").attributes["name"] == "Ada Lovelace"


@pytest.mark.parametrize("action", ["disable", "delete", "reset-mfa"])
def test_what_is_dangerous_needs_the_name(stage, browser, action: str) -> None:
    """Without the name typed as it is, nothing happens."""
    path = f"{stage.path_of('edsger')}/{action}"

    assert browser.post(path, {"typed": "Edsger"}).status == 400
    assert stage.users.get_user("edsger").enabled
    assert browser.post(path, {"typed": "edsger"}).status == 303


def test_the_person_can_be_helped(stage, browser) -> None:
    """Each of the buttons does what it says."""
    path = stage.path_of("takeshi")
    assert browser.post(f"{path}/enable").status == 303
    assert stage.users.get_user("takeshi").enabled
    assert browser.post(f"{path}/reset-password").status in (303, 409)  # only with a verified address
    assert browser.post(f"{path}/sign-out").status == 303
    assert browser.post(f"{path}/join", {"group": "beta"}).status == 303
    assert browser.post(f"{path}/leave", {"group": "beta"}).status == 303
    assert browser.post(f"{path}/confirm").status == 409  # confirmed already
    assert browser.post(f"{stage.path_of('yuki')}/resend").status == 303


def test_a_made_up_password_is_shown_once_and_works(stage, browser) -> None:
    """The page that sets it shows it; sending the form again does not, and the store took it."""
    token = browser.token()
    path = f"{stage.path_of('edsger')}/password"
    answer = browser.post(path, token=token)
    secret = html.unescape(re.search(r'<code class="secret">([^<]+)</code>', answer.text)[1])

    assert browser.post(path, token=token).status == 409
    assert stage.users.authenticate("edsger", secret).name == "NEW_PASSWORD_REQUIRED"
    assert secret not in browser.get(stage.path_of("edsger")).text


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


@pytest.mark.parametrize("action", ["sign-out", "disable", "delete", "password", "reset-password"])
def test_what_ends_sessions_ends_those_in_the_console(stage, browser, action: str) -> None:
    """A member of the staff who is signed out everywhere, or cannot sign in as before, is out at once."""
    stage.users.update_user("kenji", {"email": "kenji@example.org", "email_verified": "true"})
    kenji = stage.browser(Role.SUPPORT, stage.users.get_user("kenji"))
    assert kenji.get("/people").status == 200

    assert browser.post(f"{stage.path_of('kenji')}/{action}", {"typed": "kenji"}).status in (200, 303)

    assert kenji.get("/people").path.startswith("/sign-in")


def test_nobody_takes_their_own_role_away(stage) -> None:
    """Leaving a group that gives a role is for a colleague to do."""
    me = stage.users.get_user("ada")

    answer = stage.browser(Role.ADMINISTRATOR, me).post(f"/people/{me.sub}/leave", {"group": "administrators"})

    assert answer.status == 409


def test_the_last_administrator_stays(stage, browser) -> None:
    """Whoever acts, a group that gives the role administrator keeps an enabled member."""
    assert browser.post(f"{stage.path_of('ada')}/disable", {"typed": "ada"}).status == 303
    answer = browser.post(f"{stage.path_of('grace')}/disable", {"typed": "grace"})

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
    path = stage.path_of("edsger")
    stage.users.delete_user("edsger")
    stage.users.add_user("edsger")

    assert browser.get(path).status == 404
    assert browser.post(f"{path}/delete", {"typed": "edsger"}).status == 404
    assert stage.users.user_exists("edsger")


def test_each_change_has_one_record(make_stage, tmp_path) -> None:
    """The audit names who, from where, and the request, once for each change."""
    log = tmp_path / "audit.jsonl"
    stage = make_stage(wrap=lambda users: Audited(users, FileSink(log, KEY), current_actor))
    grace = stage.users.get_user("grace")
    browser = stage.browser(Role.ADMINISTRATOR)
    browser.cookie = stage.console.services.sessions.open(
        Person("calls herself ada", Role.ADMINISTRATOR, "store", grace.username, grace.sub)
    )

    answer = browser.post(f"{stage.path_of('edsger')}/disable", {"typed": "edsger"})

    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert (record["operation"], record["actor"]["name"]) == ("disable_user", "grace")
    assert record["actor"]["details"]["address"] == "192.0.2.7"
    assert record["actor"]["details"]["sub"] == grace.sub
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

    page = browser.get(stage.path_of("edsger"))

    assert page.status == 200
    for text in ("Sign out everywhere", "second factor", "temporary password"):
        assert text not in page.text
    assert browser.post(f"{stage.path_of('edsger')}/sign-out").status == 404


@pytest.mark.parametrize("error", [ThrottledError(), ServiceUnavailableError()])
def test_a_store_that_fails_is_told_without_a_trace(stage, browser, error: Exception, monkeypatch) -> None:
    """An error of the store is a page with a sentence."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(type(stage.users), "find_users", fail)
    answer = browser.get("/people")

    assert answer.status in (429, 502, 503)
    assert "Traceback" not in answer.text


def test_what_only_the_backend_knows_is_told_in_both_languages(stage, browser) -> None:
    """A refusal in a backend's own words is told by its code in Japanese, and as it is, marked as English."""
    stage.prefer("store:kim", language="ja")

    page = browser.post(f"{stage.path_of('edsger')}/resend")

    assert page.status == 409
    assert "このアカウントの状態ではできません。" in page.text
    assert '<p lang="en">edsger is CONFIRMED' in page.text


def test_a_listing_that_lags_names_nobody_else(stage, browser, monkeypatch) -> None:
    """Where the listing still knows the sub, and the name is another person's by now, that person is not meant."""
    before = stage.users.get_user("edsger")
    stage.users.delete_user("edsger")
    stage.users.add_user("edsger")
    monkeypatch.setattr(type(stage.console.services.users), "get_user_by_sub", lambda *_: before)

    assert browser.post(f"/people/{before.sub}/delete", {"typed": "edsger"}).status == 404
    assert stage.users.user_exists("edsger")
