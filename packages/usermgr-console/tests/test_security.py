"""Every attack on every route: refused, or harmless. The routes come from the table, so a new one is covered."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime

import pytest

from usermgr.audit import Actor, FileSink, Outcome, Record
from usermgr.audit._record import Described
from usermgr_bulk.formats import harmless
from usermgr_console import Role
from usermgr_console._routes import ROUTES
from usermgr_console._routing import Route
from usermgr_console._shield import headers_for

HOSTILE = "<script>alert(1)</script>\"'>{{7*7}}\u202e\x07"
QUERIES = {"/groups/one": "?name=customers"}
"""What a page needs in its query to be one."""
PAGES = tuple(route for route in ROUTES if route.method == "GET")
CHANGES = tuple(route for route in ROUTES if route.method == "POST")
INSIDE = tuple(route for route in ROUTES if route.role is not None)


def ids(route: Route) -> str:
    return route.name


def path_of(route: Route, stage) -> str:
    """The route's path with parameters that lead somewhere."""
    work = stage.console.services.work
    if "{id}" in route.path and not work.latest("action"):
        facts = {"operation": "disable_user", "group": "", "question": {}, "subs": ["nobody"], "acting": None}
        work.begin("action", "store:kim", **facts)
    examples = {
        "sub": lambda: next(iter(stage.users.iter_users())).sub,
        "id": lambda: work.latest("action")[0].id,
    }
    path = route.path
    for name in re.findall(r"{(\w+)}", path):
        assert name in examples, f"give an example for the parameter {name} of {route.path}"
        path = path.replace(f"{{{name}}}", examples[name]())
    return path + QUERIES.get(path, "")


@pytest.fixture(scope="module")
def subject(shared_stage):
    """The console that is attacked, which must be as it was in the end."""
    before = shared_stage.state()
    yield shared_stage
    assert shared_stage.state() == before


every = pytest.mark.parametrize("route", ROUTES, ids=ids)
every_page = pytest.mark.parametrize("route", PAGES, ids=ids)
every_change = pytest.mark.parametrize("route", CHANGES, ids=ids)
every_inside = pytest.mark.parametrize("route", INSIDE, ids=ids)


def send(browser, route: Route, stage, **how):
    path = path_of(route, stage)
    return browser.get(path, **how) if route.method == "GET" else browser.post(path, **how)


def is_led_to_sign_in(answer) -> bool:
    return answer.status == 401 or (answer.status == 303 and answer.path.startswith("/sign-in"))


@every_inside
def test_nobody_comes_in_without_a_session(route: Route, subject) -> None:
    """Without a session, a page leads to the sign-in and a change is refused."""
    assert is_led_to_sign_in(send(subject.browser(), route, subject))


@every_inside
def test_a_session_that_is_over_opens_nothing(route: Route, subject) -> None:
    """A number that was signed out is as good as none."""
    browser = subject.browser(Role.ADMINISTRATOR)
    subject.console.services.sessions.end(subject.console.services.sessions.find(browser.cookie).id)

    assert is_led_to_sign_in(send(browser, route, subject))


@every_inside
def test_an_invented_number_opens_nothing(route: Route, subject) -> None:
    """A cookie that the console never gave is no session, whatever it holds."""
    browser = subject.browser()
    browser.cookie = "administrator"

    assert is_led_to_sign_in(send(browser, route, subject))


@pytest.mark.parametrize("route", [r for r in INSIDE if r.role is not None and r.role > Role.READER], ids=ids)
def test_a_lower_role_is_refused(route: Route, subject) -> None:
    """The role just below what the route declares is refused."""
    assert route.role is not None
    answer = send(subject.browser(Role(route.role - 1)), route, subject)

    assert answer.status == 403
    assert "Nothing was changed" in answer.text


@every_change
def test_a_change_without_a_token_is_refused(route: Route, subject) -> None:
    """A form without its token changes nothing."""
    answer = send(subject.browser(Role.ADMINISTRATOR), route, subject, token="")

    assert answer.status == 403


@every_change
def test_anothers_token_is_refused(route: Route, subject) -> None:
    """A token of another session is not good in this one."""
    other = subject.browser(Role.ADMINISTRATOR)

    answer = send(subject.browser(Role.ADMINISTRATOR), route, subject, token=other.token())

    assert answer.status == 403


@every_change
def test_a_token_is_good_once(route: Route, subject) -> None:
    """The same form a second time is told to have been sent."""
    browser = subject.browser(Role.ADMINISTRATOR)
    token = browser.token()
    subject.console.services.forms.use(browser.cookie, token)

    answer = send(browser, route, subject, token=token)

    assert answer.status == 409
    assert "sent already" in answer.text


@every
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"origin": "https://evil.example"}, id="origin"),
        pytest.param({"origin": "null"}, id="null origin"),
        pytest.param(
            {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, id="picture"
        ),
        pytest.param({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "sec-fetch-dest": "empty"}, id="script"),
        pytest.param({"sec-fetch-site": "cross-site", "sec-fetch-dest": "iframe"}, id="frame"),
    ],
)
def test_another_site_is_refused(route: Route, headers: dict[str, str], subject) -> None:
    """What another site's page sends is refused, a good token notwithstanding."""
    answer = send(subject.browser(Role.ADMINISTRATOR), route, subject, headers=headers)

    assert answer.status == 403


@every_change
def test_a_form_that_comes_from_nowhere_is_refused(route: Route, subject) -> None:
    """A POST that tells neither its origin nor its site is no browser's form."""
    headers = {"origin": None, "sec-fetch-site": None}

    assert send(subject.browser(Role.ADMINISTRATOR), route, subject, headers=headers).status == 403


@every
def test_a_foreign_host_is_refused(route: Route, subject) -> None:
    """A Host that the console does not have, as in DNS rebinding, is refused."""
    headers = {"host": "evil.example"}

    assert send(subject.browser(Role.ADMINISTRATOR), route, subject, headers=headers).status == 421


@every_change
def test_get_changes_nothing(route: Route, subject) -> None:
    """The path of a change answers a GET with a page or with nothing, and never with the change."""
    before = subject.state()

    answer = subject.browser(Role.ADMINISTRATOR).get(path_of(route, subject))

    assert answer.status < 500
    assert subject.state() == before


@every
@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(route: Route, method: str, subject) -> None:
    """Only GET, HEAD and POST are answered."""
    answer = subject.browser(Role.ADMINISTRATOR).send(method, path_of(route, subject))

    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD, POST")


@every_change
def test_a_body_that_is_too_large_is_refused(route: Route, subject) -> None:
    """More than the limit is refused by what the request says, and by what comes where it does not say."""
    browser, path = subject.browser(Role.ADMINISTRATOR), path_of(route, subject)
    limit = route.files or subject.console.services.config.max_body

    assert browser.send("POST", path, headers={"content-length": str(limit + 1)}).status == 413
    chunk = b"a" * (limit // 4 + 1)
    assert browser.send("POST", path, chunks=[chunk] * 5).status == 413


@every_change
@pytest.mark.parametrize(
    ("headers", "body"),
    [
        pytest.param({"content-type": "application/json"}, b"{}", id="json"),
        pytest.param({"content-type": "text/plain"}, b"form-token=x", id="plain"),
        pytest.param({"content-type": None}, b"form-token=x", id="none"),
        pytest.param({"content-type": "multipart/form-data; boundary=x"}, b"--x\r\nbroken", id="multipart"),
        pytest.param({"content-type": "multipart/form-data"}, b"--x", id="no boundary"),
        pytest.param({"content-length": "many"}, b"a=b", id="length"),
        pytest.param({}, b"&".join(b"a=%d" % n for n in range(3000)), id="fields"),
        pytest.param({}, b"form-token=%ff%fe%00", id="bytes"),
    ],
)
def test_a_malformed_body_is_refused(route: Route, headers: dict[str, str], body: bytes, subject) -> None:
    """A body that is no form is refused with a page, and breaks nothing."""
    answer = subject.browser(Role.ADMINISTRATOR).send("POST", path_of(route, subject), headers=headers, chunks=[body])

    assert answer.status in (400, 403, 415)


@every
def test_every_answer_has_all_headers(route: Route, subject) -> None:
    """Good or refused, an answer has every header, and nothing behind a session may be stored."""
    wanted = {name.lower(): value for name, value in headers_for(subject.console.services.config).items()}
    inside = subject.browser(Role.ADMINISTRATOR)
    answers = [
        send(inside, route, subject) if route.method == "GET" else send(inside, route, subject, token=""),
        send(subject.browser(), route, subject),
        send(inside, route, subject, headers={"host": "evil.example"}),
    ]

    for answer in answers:
        got = dict(answer.headers)
        assert {name: got.get(name) for name in wanted} == wanted
        assert "unsafe" not in got["content-security-policy"]
        assert len(answer.headers) - len(got) == 0  # no header twice


@every_page
def test_hostile_values_are_reflected_as_text(route: Route, subject) -> None:
    """What an address says comes back escaped, and nothing in it hides or turns the text round."""
    names = (
        "q",
        "status",
        "enabled",
        "group",
        "seen",
        "lacks",
        "cursor",
        "read",
        "who",
        "actor",
        "operation",
        "since",
        "until",
        "again",
        "next",
        "lang",
        "link",
        "day",
        "page",
    )
    query = "&".join(f"{name}={percent(HOSTILE)}" for name in names)

    path = path_of(route, subject)
    answer = subject.browser(Role.ADMINISTRATOR).get(f"{path}{'&' if '?' in path else '?'}{query}")

    assert answer.status < 500
    check_harmless(answer)


@every_change
def test_hostile_values_in_every_field_are_harmless(route: Route, make_stage, request) -> None:
    """A form full of scripts and formulas is refused or kept as text, and the answer shows it as text."""
    stage = make_stage()
    path = path_of(route, stage).partition("?")[0]
    names = re.findall(r'name="([^"]+)"', stage.browser(Role.ADMINISTRATOR).get(path.rpartition("/")[0] or "/").text)
    fields = dict.fromkeys({*names, "username", "password", "answer", "next", "name", "group", "q", "action"}, HOSTILE)
    fields.pop("form-token", None)
    browser = stage.browser(Role.ADMINISTRATOR)

    answer = browser.post(path, fields)

    assert answer.status < 500
    check_harmless(answer)
    if answer.status == 303:
        assert answer.path.startswith("/")
        assert not answer.path.startswith("//")


@pytest.fixture(scope="module")
def hostile_store(staged, sample, tmp_path_factory):
    """A store whose people and groups are called what an attacker would call them."""
    running = staged(sample, tmp_path_factory.mktemp("hostile"))
    stage = next(running)
    for user in list(stage.users.iter_users()):
        stage.users.delete_user(user.username)
    name = "=1+1<script>alert(1)</script>\"'>{{7*7}}"  # without what no name may hold
    stage.users.add_user(name, attributes={"name": HOSTILE, "nickname": f"@{HOSTILE}", "locale": HOSTILE})
    for group in list(stage.users.iter_groups()):
        stage.users.delete_group(group.name)
    stage.users.add_group("customers", description=HOSTILE)
    stage.users.add_group(name)
    stage.users.add_user_to_group(name, name)
    stage.users.add_user_to_group(name, "customers")
    audit = stage.console.services.audit
    sink = FileSink(audit.path, audit.keys)
    target = Described({"username": name, "group": HOSTILE}, attributes=(HOSTILE,), values={HOSTILE: HOSTILE})
    sink.write(
        Record("1", datetime.now(UTC), Actor(HOSTILE, {HOSTILE: HOSTILE}), HOSTILE, target, Outcome.FAILED, HOSTILE)
    )
    with audit.path.open("a") as stream:
        stream.write(f"{HOSTILE}\n")
    yield stage
    next(running, None)


@every_page
def test_hostile_values_in_the_store_are_shown_as_text(route: Route, hostile_store) -> None:
    """Whatever people and groups are called, pages show it as text, and a file holds no formula of theirs."""
    browser = hostile_store.browser(Role.ADMINISTRATOR)
    browser.post("/people/columns", {"column": ["name", "nickname", "status"]})

    answer = browser.get(path_of(route, hostile_store))

    assert answer.status < 500
    if (answer.header("content-type") or "").startswith("text/csv"):
        cells = [text for row in csv.reader(io.StringIO(answer.text.lstrip("\ufeff"))) for text in row]
        assert not [text for text in cells if text[:1] != "'" and harmless(text) != text]
        assert not HIDDEN.search(answer.text.lstrip("\ufeff"))
    else:
        check_harmless(answer)


HIDDEN = re.compile("[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def percent(text: str) -> str:
    return "".join(f"%{byte:02x}" for byte in text.encode())


def check_harmless(answer) -> None:
    """No element, no attribute and no control character of the hostile value is in the answer."""
    assert "<script>alert" not in answer.text
    assert "\"'>" not in answer.text
    assert "49" not in re.findall(r"alert\(1\)[^a-z]*?(49)", answer.text)
    assert not HIDDEN.search(answer.text)
    assert "Traceback" not in answer.text


def test_how_many_routes_and_attacks(subject, request) -> None:
    """The figure: routes times attacks, of those that this module has."""
    items = [
        item
        for item in request.session.items
        if item.path == request.path and "route" in getattr(item, "fixturenames", ())
    ]
    attacks = {item.originalname for item in items}
    kinds = f"{len(PAGES)} pages, {len(CHANGES)} changes"
    print(f"{len(ROUTES)} routes ({kinds}), {len(attacks)} kinds of attack, {len(items)} tests")
    assert all(route.role is not None for route in ROUTES if not route.path.startswith(("/sign-in", "/enter")))
