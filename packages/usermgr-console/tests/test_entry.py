"""Ways in and out: the one-time link, the store's own sign-in with its second factor, sessions and their ends."""

from __future__ import annotations

import logging
import re
import time
from datetime import timedelta

import pytest

from usermgr import UserManager
from usermgr.errors import ConfigurationError
from usermgr.guard import Guarded
from usermgr_console import Config, Role
from usermgr_console._attempts import MOST_ADDRESS, MOST_NAME
from usermgr_console._database import Database
from usermgr_console._sample import PASSWORD
from usermgr_local import totp

LOOPBACK = "http://127.0.0.1:8123"


@pytest.fixture
def local(make_stage):
    """A console on loopback."""
    return make_stage(origin=LOOPBACK)


def test_a_link_signs_in_once(local) -> None:
    """The link leads to a page with a button; the button signs in, and neither works a second time."""
    link = local.console.make_link(Role.SUPPORT).removeprefix(LOOPBACK)
    browser = local.browser()

    first = browser.get(link)
    page = browser.get(first.path)
    entered = browser.post("/enter", token=page.tokens()[0])

    assert (first.status, first.path, page.status) == (303, "/enter", 200)
    assert (entered.status, entered.path) == (303, "/")
    assert "<bdi>一回限りのリンク</bdi>" in browser.get("/people?lang=ja").text
    other = local.browser()
    assert other.get(other.get(link).path).status == 403


def test_opening_a_link_spends_nothing(local) -> None:
    """A preview that opens the link, and its page, takes it from nobody."""
    link = local.console.make_link().removeprefix(LOOPBACK)
    for _ in range(3):
        preview = local.browser()
        preview.get(preview.get(link).path)
    browser = local.browser()
    browser.get(link)

    stored = (local.console.services.config.folder / "console.db-wal").read_bytes()
    assert browser.post("/enter").status == 303
    assert link.partition("=")[2].encode() not in stored


def test_a_link_is_good_for_ten_minutes(local) -> None:
    """After that, and for an invented one, there is a page that says so."""
    link = local.console.make_link().removeprefix(LOOPBACK)
    local.clock.seconds += 601
    browser = local.browser()

    assert browser.get(browser.get(link).path).status == 403
    assert browser.get(browser.get("/enter?link=invented").path).status == 403


def test_no_log_has_the_link(local, caplog: pytest.LogCaptureFixture) -> None:
    """Requests are logged by their route, so that neither a link nor a search is kept."""
    caplog.set_level(logging.DEBUG)
    link = local.console.make_link().removeprefix(LOOPBACK)
    browser = local.browser()
    browser.get(link)
    browser.get("/people?q=ada")

    assert "GET /enter" in caplog.text
    assert link.partition("=")[2] not in caplog.text
    assert "ada" not in caplog.text


def test_only_a_console_on_loopback_has_links(stage) -> None:
    """Where others can reach the console, they sign in."""
    with pytest.raises(ValueError, match="loopback"):
        stage.console.make_link()


# --- The store's own sign-in -------------------------------------------------------------------------


def sign_in(browser, name: str = "grace", password: str = PASSWORD, *, following: str = ""):
    page = browser.get("/sign-in")
    return browser.post("/sign-in", {"username": name, "password": password, "next": following}, token=page.tokens()[0])


def with_app(users: UserManager, name: str = "grace") -> str:
    """Sets up an authenticator app; its secret."""
    secret = totp.new_secret()
    users.set_totp_secret(name, secret)  # pyright: ignore[reportAttributeAccessIssue] - of the local store alone
    return secret


def test_sign_in_with_a_second_factor(stage) -> None:
    """Name, password and code sign in, under another number than before, and lead to where somebody wanted to go."""
    secret = with_app(stage.users)
    browser = stage.browser()

    first = sign_in(browser, following="/groups?cursor=")
    before = browser.cookie
    page = browser.get(first.path)
    code = totp.code_at(totp.read_secret(secret), int(time.time()) // 30)
    second = browser.post("/sign-in/step", {"answer": code}, token=page.tokens()[0])

    assert (first.status, first.path, second.status) == (303, "/sign-in/step", 303)
    assert second.path == "/groups?cursor="
    assert browser.cookie != before
    assert "Administrator" in browser.get("/people").text


def test_sign_in_without_a_second_factor_is_not_enough(stage) -> None:
    """A right password alone opens nothing, unless the console is told that it does."""
    browser = stage.browser()

    answer = sign_in(browser)

    assert answer.status == 403
    assert "second factor" in answer.text
    assert browser.get("/people").status == 303


def test_a_wrong_code_is_told_and_opens_nothing(stage) -> None:
    """A wrong code is refused with a page."""
    with_app(stage.users)
    browser = stage.browser()
    sign_in(browser)

    answer = browser.post("/sign-in/step", {"answer": "000000"})

    assert answer.status == 403
    assert browser.get("/people").status == 303


@pytest.fixture
def easy(make_stage):
    """A console that asks for a password alone."""
    return make_stage(second_factor=False)


def test_who_is_no_staff_does_not_come_in(easy) -> None:
    """A right password of somebody in no group with a role is told that, and opens nothing."""
    browser = easy.browser()

    answer = sign_in(browser, "edsger")

    assert answer.status == 403
    assert "no member of the staff" in answer.text
    assert browser.get("/people").status == 303


@pytest.mark.parametrize(
    ("name", "password"), [("ada", "wrong"), ("nobody-of-that-name", "wrong"), ("takeshi", PASSWORD)]
)
def test_every_refused_sign_in_looks_the_same(easy, name: str, password: str) -> None:
    """A wrong password, an unknown name and a disabled account get the same page, but for the name that was typed."""
    texts = {
        re.sub(r'value="[^"]*"|<code>\w+</code>', "", sign_in(easy.browser(), *who).text)
        for who in ((name, password), ("ada", "also wrong"))
    }

    assert len(texts) == 1


@pytest.mark.parametrize("path", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"])
def test_sign_in_leads_to_no_other_site(easy, path: str) -> None:
    """Where to go on is a path of the console, or the first page."""
    assert sign_in(easy.browser(), following=path).path == "/"


def test_attempts_are_limited_for_a_name(easy) -> None:
    """A name that failed often is refused with the right password too, from any address, until time has passed."""
    for number in range(MOST_NAME):
        browser = easy.browser()
        browser.post("/sign-in", {"username": "Grace", "password": "wrong"}, address=f"192.0.2.{number}")

    assert sign_in(easy.browser()).status == 429
    easy.clock.seconds += 15 * 60
    assert sign_in(easy.browser()).status == 303


WIDE = "Grace".translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)})
"""In full-width letters, as a Japanese keyboard may give them."""


def test_attempts_are_limited_for_every_spelling_of_a_name(stage) -> None:
    """Case, width and white space make no other name, so that nobody has ten attempts for each of them."""
    attempts = stage.console.services.attempts
    spellings = ["grace", "Grace", "GRACE", WIDE, WIDE.upper(), " grace", "grace\u3000", "gr ace", "grac\t\n\u2003e"]
    for number in range(MOST_NAME):
        assert attempts.begin(f"192.0.2.{number}", spellings[number % len(spellings)])

    assert not any(attempts.begin("192.0.2.99", name) for name in spellings)
    assert attempts.begin("192.0.2.99", "grâce")


def test_a_right_answer_of_somebody_else_gives_no_attempts_back(stage) -> None:
    """Whoever has an account whose name counts as another one does not go on guessing by signing in between."""
    attempts = stage.console.services.attempts
    for _ in range(MOST_NAME - 1):
        assert attempts.begin("192.0.2.7", "grace")
    assert attempts.begin("192.0.2.8", WIDE)
    attempts.was_right("192.0.2.8", WIDE)

    assert attempts.begin("192.0.2.7", "grace")
    assert not attempts.begin("192.0.2.7", "grace")


class SignsInByAddress(Guarded):
    """A store that signs in by the user name and by an e-mail address."""

    def authenticate(self, username, password):
        return super().authenticate(username.partition("@")[0], password)


def test_codes_are_limited_for_an_account(make_stage) -> None:
    """Somebody who has the password has no more guesses at a code when they type the account's other names."""
    stage = make_stage(wrap=SignsInByAddress)
    with_app(stage.users)
    for number in range(MOST_NAME - 1):
        stage.console.services.attempts.begin(f"192.0.2.{number}", "grace")

    answers = []
    for name in ("grace@one.example.org", "grace@another.example.org"):
        browser = stage.browser()
        assert sign_in(browser, name).status == 303
        answers.append(browser.post("/sign-in/step", {"answer": "000000"}).status)

    assert answers == [403, 429]


def test_attempts_are_limited_for_an_address(make_stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that failed often is refused for every name, and others are not."""
    stage = make_stage(second_factor=False)
    attempts = stage.console.services.attempts
    for number in range(MOST_ADDRESS):
        attempts.begin("192.0.2.7", f"name {number}")

    assert sign_in(stage.browser()).status == 429
    assert (
        stage.browser().post("/sign-in", {"username": "grace", "password": PASSWORD}, address="192.0.2.8").status == 303
    )


def test_right_answers_do_not_count_as_attempts(stage) -> None:
    """A team behind one address can sign in with second factors, however many they are; codes that fail do count."""
    attempts = stage.console.services.attempts
    secret = with_app(stage.users)
    for number in range(MOST_ADDRESS - 1):
        attempts.begin("192.0.2.7", f"name {number}")
    browser = stage.browser()

    for _ in range(MOST_NAME + 1):
        assert sign_in(browser).status == 303
    code = totp.code_at(totp.read_secret(secret), int(time.time()) // 30)
    assert browser.post("/sign-in/step", {"answer": "000000"}).status == 403
    assert browser.post("/sign-in/step", {"answer": code}).status == 429


def test_attempts_from_one_network_of_ipv6_count_together(stage) -> None:
    """Whoever has one address of IPv6 has 64 bits of them, and they are one."""
    attempts = stage.console.services.attempts
    for number in range(MOST_ADDRESS):
        assert attempts.begin(f"2001:db8::{number:x}", f"name {number}")

    assert not attempts.begin("2001:db8::ffff:1", "grace")
    assert attempts.begin("2001:db8:0:1::1", "grace")


def test_forwarded_addresses_count_from_trusted_proxies_alone(make_stage) -> None:
    """The address that a proxy tells is believed of a trusted one, and no further than trust goes."""
    shield = make_stage(trusted_proxies=("10.0.0.0/8",)).console._app
    headers = {"x-forwarded-for": "198.51.100.1, 203.0.113.9, 10.0.0.2"}

    def address(peer: str, given=headers) -> str:
        from starlette.datastructures import Headers  # noqa: PLC0415

        return shield._address({"client": (peer, 1)}, Headers(given))

    assert address("10.0.0.1") == "203.0.113.9"
    assert address("192.0.2.7") == "192.0.2.7"
    assert address("10.0.0.1", {}) == "10.0.0.1"


# --- Sessions ----------------------------------------------------------------------------------------


def test_signing_out_ends_the_session_everywhere(stage) -> None:
    """After sign-out the old number opens nothing."""
    browser = stage.browser(Role.READER)
    before = browser.cookie

    assert browser.post("/sign-out").path == "/sign-in"
    browser.cookie = before
    assert browser.get("/people").status == 303


def test_a_session_ends_when_it_is_idle(make_stage) -> None:
    """Without a request for the idle time a session is over; with requests it goes on until the absolute limit."""
    stage = make_stage(idle=timedelta(minutes=10), absolute=timedelta(minutes=30))
    busy = stage.browser(Role.READER)
    answers = []
    for _ in range(6):
        stage.clock.seconds += 6 * 60
        answers.append(busy.get("/preferences").status)
    quiet = stage.browser(Role.READER)
    stage.clock.seconds += 10 * 60

    assert quiet.get("/preferences").status == 303
    assert answers == [200, 200, 200, 200, 303, 303]


def test_a_session_survives_another_process(stage, tmp_path) -> None:
    """Sessions and used tokens lie in the file, which the processes of a host share."""
    from usermgr_console import create_app  # noqa: PLC0415 - a second process, as far as it can tell

    other = create_app(stage.users, stage.activity, config=stage.console.services.config, now=stage.clock)
    browser = stage.browser(Role.READER)
    token = browser.token()
    first = browser.post("/preferences", {"theme": "dark"}, token=token)
    browser.console = other

    again = browser.post("/preferences", {"theme": "dark"}, token=token)

    assert (first.status, again.status, browser.get("/preferences").status) == (303, 409, 200)
    other.close()


@pytest.mark.parametrize("change", ["disable", "lose the role", "delete", "another of that name"])
def test_who_is_no_longer_staff_is_noticed_within_a_minute(stage, change: str) -> None:
    """A disabled person, one without the role, and one who is gone are signed out at the next look."""
    user = stage.users.get_user("alan")
    browser = stage.browser(Role.SUPPORT, user)
    match change:
        case "disable":
            stage.users.disable_user("alan")
        case "lose the role":
            stage.users.remove_user_from_group("alan", "support")
        case _:
            stage.users.delete_user("alan")
    if change == "another of that name":
        stage.users.add_user("alan")
        stage.users.add_user_to_group("alan", "support")

    stage.clock.seconds += 59
    before = browser.get("/preferences").status
    stage.clock.seconds += 1

    assert (before, browser.get("/preferences").status) == (200, 303)
    assert browser.get("/preferences").status == 303


def test_who_is_still_staff_stays(stage) -> None:
    """A look that finds nothing wrong changes nothing."""
    browser = stage.browser(Role.SUPPORT, stage.users.get_user("alan"))
    stage.clock.seconds += 61

    assert browser.get("/preferences").status == 200


def test_the_cookie_holds_a_number_alone(stage) -> None:
    """The cookie has the prefix that TLS earns, no script sees it, and the file knows its hash alone."""
    answer = stage.browser().get("/sign-in")
    cookie = answer.header("set-cookie") or ""

    assert re.fullmatch(r"__Host-usermgr=[\w-]{43}; HttpOnly; Path=/; SameSite=lax; Secure", cookie)
    value = cookie.partition("=")[2].partition(";")[0]
    stored = (stage.console.services.config.folder / "console.db").read_bytes()
    assert value.encode() not in stored


# --- Configuration -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"origin": "http://people.example.org"}, "https"),
        ({"origin": "https://people.example.org/console"}, "without a path"),
        ({"origin": "https://People.example.org"}, "lower case"),
        ({"idle": timedelta()}, "idle"),
        ({"trusted_proxies": ("proxy",)}, "proxy"),
        ({"language": "fr"}, "language"),
    ],
)
def test_wrong_settings_are_named(settings: dict, problem: str, tmp_path) -> None:
    """A setting that cannot be is a ConfigurationError that names it."""
    with pytest.raises(ConfigurationError, match=problem):
        Config(**{"origin": "https://people.example.org", "folder": tmp_path, **settings})


def test_settings_come_from_the_environment(tmp_path) -> None:
    """Every member has a variable, and what is malformed is named all at once."""
    prefix = "USERMGR_CONSOLE_"
    environ = {
        f"{prefix}ORIGIN": "https://people.example.org", f"{prefix}FOLDER": str(tmp_path),
        f"{prefix}ADMINISTRATORS": "admins, owners", f"{prefix}IDLE_MINUTES": "5", f"{prefix}RECHECK_SECONDS": "7",
        f"{prefix}TRUSTED_PROXIES": "10.0.0.0/16", f"{prefix}ZONE": "Asia/Tokyo", f"{prefix}SECOND_FACTOR": "optional",
    }  # fmt: skip

    config = Config.read(environ)

    assert config.administrators == {"admins", "owners"}
    assert (config.idle, config.recheck) == (timedelta(minutes=5), timedelta(seconds=7))
    assert (config.trusted_proxies, str(config.zone), config.second_factor) == (("10.0.0.0/16",), "Asia/Tokyo", False)
    with pytest.raises(ConfigurationError) as error:
        Config.read({f"{prefix}IDLE_MINUTES": "soon", f"{prefix}ZONE": "Mars"})
    assert len(error.value.problems or []) == 4


def test_a_folder_that_others_can_read_is_refused(tmp_path) -> None:
    """The folder holds sessions, so it must be its owner's alone."""
    (tmp_path / "open").mkdir(mode=0o755)

    with pytest.raises(ConfigurationError, match="owner"):
        Database(tmp_path / "open")
