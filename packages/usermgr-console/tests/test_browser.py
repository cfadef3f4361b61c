"""The console in a real browser, Debian's Chromium: every page, the main path with and without a script, and axe.

One browser and one server for all of it. Without Chromium, or without axe, this fails.
"""

from __future__ import annotations

import re
import shutil
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect, sync_playwright

from tools.console_examples import examples
from usermgr import UserManager
from usermgr.audit import Actor, Audited, FileSink
from usermgr.frontends import AuditFile
from usermgr_console import Acting, Config, Console, Role, create_app, current_actor
from usermgr_console._people import PAGE
from usermgr_console._routes import ROUTES
from usermgr_console._sample import PASSWORD, open_sample
from usermgr_console._server import bind
from usermgr_console._sessions import Person
from usermgr_local import totp

from .conftest import finished

AXE = Path(__file__).parents[3] / ".tools" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
PATIENCE = 60_000
"""Milliseconds that a step may take: the machine does other things, too."""
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 760}


@dataclass
class Served:
    """A console that listens."""

    console: Console
    users: UserManager
    origin: str


@pytest.fixture(scope="module")
def served(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A console on loopback with sample people."""
    store = tmp_path_factory.mktemp("served") / "store"
    shutil.copytree(sample, store)
    users, activity = open_sample(store)
    listening = bind(0)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    roles = {name: frozenset({name}) for name in ("administrators", "support", "readers")}
    audit = AuditFile(store / "audit.jsonl", [b"a key of thirty-two bytes or more"])
    audited = Audited(users, FileSink(audit.path, audit.keys), current_actor)
    config = Config(origin, store / "console", second_factor=False, **roles)
    console = create_app(audited, activity, config=config, audit=audit)
    with listen(console, listening):
        yield Served(console, users, origin)
    users.close()
    activity.close()


@contextmanager
def listen(console: Console, listening: socket.socket) -> Iterator[None]:
    """Serves the console, and closes it."""
    server = uvicorn.Server(uvicorn.Config(console, access_log=False, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        console.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"], timeout=PATIENCE)
        expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@pytest.fixture
def context(chromium: Browser, served: Served) -> Iterator[Callable[..., BrowserContext]]:
    """Makes browsers' profiles, which fail the test for what their consoles say and for requests to other hosts."""
    made: list[BrowserContext] = []
    complaints: list[str] = []

    def make(**options: object) -> BrowserContext:
        one = chromium.new_context(viewport=WIDE, base_url=served.origin, **options)  # pyright: ignore[reportArgumentType]
        one.set_default_timeout(PATIENCE)
        one.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        one.on("weberror", lambda error: complaints.append(str(error.error)))
        one.on("request", lambda request: _check_host(request.url, served.origin, complaints))
        made.append(one)
        return one

    yield make
    for one in made:
        one.close()
    assert [text for text in complaints if "status of 4" not in text] == []


def _check_host(url: str, origin: str, complaints: list[str]) -> None:
    if not url.startswith((f"{origin}/", "data:", "blob:")):
        complaints.append(f"a request to another host: {url}")


def sign_in(context: BrowserContext, served: Served, role: Role = Role.ADMINISTRATOR, *, name: str = "kim") -> Page:
    """A page of somebody who is signed in."""
    number = served.console.services.sessions.open(Person(name, role, "store"))
    context.add_cookies([{"name": served.console.services.config.cookie, "value": number, "url": served.origin}])
    return context.new_page()


def pages_of(served: Served) -> list[str]:
    """An address for every page of the table."""
    services = served.console.services
    piece = services.work.begin(
        "action", "store:axe", operation="disable_user", group="", subs=[], question={"group": "beta"}, acting=None
    )
    services.work.start(piece, Acting(Actor("axe"), None))
    finished(served.console, piece.id)
    known = {"sub": served.users.get_user("kenji").sub, "id": piece.id}
    extra = {"/groups/one": "?name=customers", "/people": "?q=a&seen=in-30"}
    found = ["/people", "/people?q=nobody-of-that-name", "/nothing-here", "/people/no-such-person"]
    found += examples(served.console, "store:axe").values()
    for route in ROUTES:
        if route.method == "GET" and not route.path.endswith((".csv", ".zip")) and route.path != "/":
            path = route.path
            for name, value in known.items():
                path = path.replace(f"{{{name}}}", value)
            found.append(path + extra.get(path, ""))
    return found


@pytest.mark.parametrize("language", ["en", "ja"])
def test_every_page_is_accessible(context, served: Served, language: str) -> None:
    """axe finds nothing serious or critical on any page in light or dark, and no page is wider than a phone."""
    services = served.console.services
    key = "store:axe"
    services.preferences.keep(key, services.preferences.of(key).changed({"language": language}))
    outside = context(locale=language).new_page()
    inside = sign_in(context(), served, name="axe")
    script = AXE.read_text()
    found: list[str] = []
    addresses = pages_of(served)
    secret = _offer_challenge(served, outside)
    for page, paths in ((inside, [*addresses, secret]), (outside, ["/sign-in/step", "/sign-in", "/enter"])):
        for path in paths:
            page.goto(path)
            if path == secret:  # the one page that only a change leads to
                page.locator("form[action$='/password'] button").click()
            assert page.locator("html").get_attribute("lang") == language
            page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
            page.evaluate(script)
            for theme in ("light", "dark"):
                page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
                result = page.evaluate("axe.run({resultTypes: ['violations']})")
                found += [
                    f"{path} {theme}: {violation['impact']} {violation['id']} {node['html'][:120]}"
                    for violation in result["violations"]
                    if violation["impact"] in ("serious", "critical")
                    for node in violation["nodes"]
                ]
            page.set_viewport_size(PHONE)
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > PHONE["width"]:
                found.append(f"{path}: {width} pixels wide on a phone")
            page.set_viewport_size(WIDE)
    print(f"{len(addresses) + 4} pages, {language}, light and dark: {len(found)} serious or critical")

    assert found == []


def _offer_challenge(served: Served, page: Page) -> str:
    """Has the browser wait for a code; the address of somebody for whom a password can be made up."""
    served.users.set_totp_secret("grace", totp.new_secret())  # pyright: ignore[reportAttributeAccessIssue] - of this store
    page.goto("/sign-in")
    page.locator("[name=username]").fill("grace")
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("form button").click()
    page.wait_for_url("**/sign-in/step")
    return f"/people/{served.users.get_user('radia').sub}"


@pytest.mark.parametrize("scripts", [True, False], ids=["with a script", "without a script"])
def test_the_main_path(context, served: Served, scripts: bool) -> None:
    """From the link to a helped person and back out: with a script and without one, by the same steps."""
    page = context(java_script_enabled=scripts).new_page()
    page.goto(served.console.make_link())
    assert page.url == f"{served.origin}/enter"
    page.get_by_role("button", name="Open the console").click()
    expect(page).to_have_url(f"{served.origin}/people")

    page.get_by_role("searchbox").fill("Dijkstra")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.get_by_role("link", name="edsger").click()

    nickname = "Edsger W." if scripts else "E. W."
    page.get_by_text("More attributes").click()
    page.get_by_label("Nickname").fill(nickname)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")
    assert served.users.get_user("edsger").attributes["nickname"] == nickname

    corner = page.locator(".corner details", has=page.locator("form[action$='/disable']"))
    corner.locator("summary").click()
    corner.get_by_label("Type the user name").fill("edsger")
    corner.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status")).to_have_text("The person cannot sign in any more.")
    page.get_by_role("button", name="Let them sign in").click()
    expect(page.get_by_role("status")).to_have_text("The person may sign in again.")
    page.get_by_role("button", name="New temporary password").click()
    expect(page.locator(".secret")).to_be_visible()

    page.goto("/people?q=donald")
    page.get_by_label("donald").check()
    page.get_by_text("Do something to many").click()
    page.get_by_label("What to do").select_option("add_user_to_group")
    page.get_by_label("Group, where one is needed").fill("readers")
    page.get_by_role("button", name="Look who is meant").click()
    follow(page, "1 person is meant", scripts=scripts)
    page.get_by_label("Type the number 1").fill("1")
    page.get_by_role("button", name="Add to the group").click()
    follow(page, "Done", scripts=scripts)
    assert "donald" in [user.username for user in served.users.iter_users_in_group("readers")]
    served.users.remove_user_from_group("donald", "readers")

    with page.expect_download() as download:
        page.goto("/people")
        page.get_by_role("link", name="As CSV").click()
    assert download.value.suggested_filename == "people.csv"
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_sign_in_at_an_identity_provider(chromium, served: Served, provider, tmp_path: Path) -> None:
    """To a real provider, in, out, and out there, without a script; the pages on the way are accessible."""
    listening = bind(0)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    groups = {name: frozenset({name}) for name in ("administrators", "support", "readers")}
    oidc = {"oidc_issuer": provider.issuer, "oidc_client_id": "loopback", "oidc_scopes": "openid profile groups"}
    config = Config(origin, tmp_path / "console", **groups, **oidc)
    provider.put("u-1", name="Kim", groups=["support"])
    with (
        listen(create_app(served.users, config=config), listening),
        chromium.new_context(base_url=origin, java_script_enabled=False) as plain,
        chromium.new_context(base_url=origin) as context,
    ):
        plain.set_default_timeout(PATIENCE)
        context.set_default_timeout(PATIENCE)
        page = plain.new_page()
        page.route(re.compile("fonts"), lambda route: route.abort())  # of the provider's own page
        page.goto("/people?q=ada")
        page.get_by_role("button", name="Sign in with your organization's account").click()
        page.locator("[name=login]").fill("u-1")
        page.locator("[name=password]").fill("any")
        page.locator("[type=submit]").click()
        page.get_by_role("button", name="Continue").click()  # a provider asks before it leads to a program's loopback
        expect(page).to_have_url(f"{origin}/people?q=ada")
        expect(page.locator(".me")).to_contain_text("Kim")
        page.get_by_role("button", name="Sign out").click()
        page.get_by_role("link", name="Sign out of your organization's account, too").click()
        page.get_by_role("button", name="Yes, sign me out").click()
        expect(page).to_have_url(f"{origin}/sign-in")
        page.get_by_role("button", name="Sign in with your organization's account").click()
        expect(page.locator("[name=login]")).to_be_visible()  # nobody is signed in there any more

        page = context.new_page()
        page.route(f"{provider.issuer}/**", lambda route: route.fulfill(status=204))  # the browser stays where it is
        found = []
        for step in (lambda: page.goto("/sign-in?ended=oidc"), lambda: page.locator(".primary").click()):
            step()
            page.evaluate(AXE.read_text())
            found += page.evaluate("axe.run({resultTypes: ['violations']})")["violations"]

    assert [one["id"] for one in found if one["impact"] in ("serious", "critical")] == []


@pytest.mark.parametrize("scripts", [True, False], ids=["with a script", "without a script"])
def test_files_come_in_and_go_out(context, served: Served, scripts: bool) -> None:
    """A file is imported, a document synced, an export taken and the trail read: with a script and without one."""
    page = sign_in(context(java_script_enabled=scripts), served, name=f"kim {scripts}")
    name = "mary" if scripts else "hana"
    page.goto("/import")
    table = f"username,full name,email\n{name},Somebody New,{name}@example.org\n"
    page.get_by_label("File").set_input_files({"name": "new.csv", "mimeType": "text/csv", "buffer": table.encode()})
    page.get_by_role("button", name="Look into the file").click()
    follow(page, "1 row was found", scripts=scripts)
    page.get_by_label("full name").select_option("name")
    page.get_by_role("button", name="Check all rows").click()
    follow(page, "No row is certain to fail", scripts=scripts)
    page.get_by_label("Type the number 1").fill("1")
    page.get_by_role("button", name="Import 1 row").click()
    follow(page, "Done", scripts=scripts)
    assert served.users.get_user(name).attributes["name"] == "Somebody New"
    with page.expect_download() as download:
        page.get_by_role("link", name="Report as CSV").click()
    assert "created" in Path(download.value.path()).read_text()

    page.goto("/sync")
    page.get_by_label("Paste the document").fill(f"users:\n  - username: {name}\n    attributes: {{nickname: New}}\n")
    page.get_by_role("button", name="Make the plan").click()
    follow(page, "The plan has 1 change", scripts=scripts)
    expect(page.get_by_label("The plan")).to_contain_text("nickname")
    page.get_by_label("Type the number 1").fill("1")
    page.get_by_role("button", name="Carry out the plan").click()
    follow(page, "Done", scripts=scripts)
    assert served.users.get_user(name).attributes["nickname"] == "New"

    page.goto("/export")
    page.get_by_role("button", name="Make an export").click()
    follow(page, "The export is ready", scripts=scripts)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download the archive").click()
    assert zipfile.is_zipfile(download.value.path())
    page.get_by_role("button", name="Delete it all now").click()
    expect(page.get_by_role("status")).to_have_text("It was deleted, with its files.")

    page.goto("/import")
    page.get_by_label("File").set_input_files(download.value.path())
    page.get_by_role("button", name="Look into the file").click()
    follow(page, f"{sum(1 for _ in served.users.iter_users())} rows were found", scripts=scripts)
    page.get_by_label("They are left alone").check()
    page.get_by_role("button", name="Check all rows").click()
    follow(page, "No row is certain to fail", scripts=scripts)
    expect(page.locator("#work")).to_contain_text("groups of the export are made first")

    page.goto("/audit")
    page.get_by_role("searchbox").fill(name)
    if not scripts:
        page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("#results tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Verify the file").click()
    follow(page, "The file is as it was written", scripts=scripts)
    served.users.delete_user(name)


def follow(page: Page, heading: str, *, scripts: bool) -> None:
    """Waits for work; without a script, by looking again."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not scripts and not page.get_by_role("heading", name=heading).count() and time.monotonic() < deadline:
        time.sleep(0.1)
        page.reload()
    expect(page.get_by_role("heading", name=heading)).to_be_visible()


@contextmanager
def held(page: Page, part: str) -> Iterator[list[Route]]:
    """Keeps requests whose address has that part waiting."""
    waiting: list[Route] = []
    page.route(re.compile(part), lambda route: waiting.append(route))  # noqa: PLW0108 - Playwright marks what it is given
    yield waiting
    page.unroute(re.compile(part))


def wait_for(page: Page, waiting: list[Route]) -> None:
    """Waits until a request waits."""
    deadline = time.monotonic() + PATIENCE / 1000
    while not waiting:
        assert time.monotonic() < deadline, "nothing was asked for"
        page.wait_for_timeout(20)


def test_searching_as_you_type(context, served: Served) -> None:
    """The list follows what is typed, the address too, and an answer that comes late replaces nothing newer."""
    page = sign_in(context(), served)
    page.goto("/people")
    box = page.get_by_role("searchbox")
    # Two questions whose answers come in the wrong order, the older one even though it was called off.
    with held(page, r"q=grace$") as waiting:
        box.fill("grace")
        wait_for(page, waiting)
        box.fill("turing")
        expect(page.locator("#results tbody th")).to_have_text(["alan"])
        for route in waiting:
            route.fulfill(body=page.content().replace("alan", "grace"), content_type="text/html")
        page.wait_for_timeout(200)

    expect(page.locator("#results tbody th")).to_have_text(["alan"])
    assert page.url.endswith("/people?q=turing")
    assert box.evaluate("box => box === document.activeElement")


def test_a_search_that_is_taken_back_or_half_typed(context, served: Served) -> None:
    """An answer to words that were erased meanwhile is not shown; half a condition is told beside what is typed."""
    page = sign_in(context(), served)
    page.goto("/people")
    box, rows = page.get_by_role("searchbox"), page.locator("#results tbody th")
    count = rows.count()
    with held(page, r"q=grace$") as waiting:
        box.fill("grace")
        wait_for(page, waiting)
        box.fill("")
        page.wait_for_timeout(400)
        for route in waiting:
            route.continue_()
        page.wait_for_timeout(300)
    expect(rows).to_have_count(count)

    page.evaluate("window.same = true")
    box.press_sequentially("email~")
    expect(page.get_by_role("alert")).to_be_visible()
    box.press_sequentially("grace@")

    expect(rows).to_have_text(["grace"])
    assert page.evaluate("window.same")
    assert box.evaluate("box => box === document.activeElement")


def test_nothing_is_sent_while_an_input_method_composes(context, served: Served) -> None:
    """A word that is still being converted is not searched for; the one that was chosen is."""
    page = sign_in(context(), served)
    page.goto("/people")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if "/people" in request.url else None)
    page.get_by_role("searchbox").focus()
    keyboard = page.context.new_cdp_session(page)
    for text in ("も", "もr", "もり"):
        keyboard.send("Input.imeSetComposition", {"text": text, "selectionStart": len(text), "selectionEnd": len(text)})
        page.wait_for_timeout(400)
    before = list(sent)
    keyboard.send("Input.insertText", {"text": "森"})

    expect(page.locator("#results tbody th")).to_have_text(["yuki"])
    assert before == []
    assert len(sent) == 1


def test_the_keyboard_reaches_everything(context, served: Served) -> None:
    """The first stop skips to the content, "/" goes to the search, and the focus is always seen."""
    page = sign_in(context(), served)
    page.goto("/people")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "q"
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_boxes_are_counted(context, served: Served) -> None:
    """One box ticks all of the page, shift ticks a range, and the number is shown."""
    page = sign_in(context(), served)
    page.goto("/people")
    boxes = page.locator("input[data-pick]")
    boxes.nth(1).check()
    boxes.nth(4).click(modifiers=["Shift"])
    expect(page.locator("[data-count]")).to_have_text("(4)")
    page.get_by_label("All on this page").check()

    expect(page.locator("[data-count]")).to_have_text(f"({boxes.count()})")


def test_a_search_that_reads_everybody_can_be_stopped(context, served: Served, monkeypatch) -> None:
    """With a script it goes on by itself, tells how far it is, and stops when it is told to."""
    monkeypatch.setattr("usermgr_console._people.SECONDS", -1)
    monkeypatch.setattr("usermgr_console._people.PAGE", 5)
    page = sign_in(context(), served)
    page.goto("/people?seen=never")
    expect(page.locator("[data-progress]")).to_contain_text("All 30 accounts were looked at")
    expect(page.locator("#results tbody tr")).to_have_count(4)
    with held(page, "cursor=") as waiting:
        page.goto("/people?seen=never")
        page.get_by_role("button", name="Stop").click()
        wait_for(page, waiting)
        for route in waiting:
            route.continue_()
        page.wait_for_timeout(200)

    expect(page.locator("[data-progress]")).to_contain_text("5 looked at so far")


def test_the_people_page_is_light(context, served: Served) -> None:
    """All that a browser loads for a full page of people, the style and the script too, is at most 100 kB."""
    fill = [f"customer-with-a-long-name-{number:04d}" for number in range(PAGE)]
    for name in fill:
        served.users.add_user(name, attributes={"name": f"Name of {name}", "email": f"{name}@mail.example.org"})
    page = sign_in(context(), served)
    sizes: dict[str, int] = {}
    page.on("response", lambda answer: sizes.__setitem__(answer.url, len(answer.body())))
    page.goto("/people?q=customer", wait_until="networkidle")
    assert page.locator("#results tbody tr").count() == PAGE
    print(f"{sum(sizes.values()):,} bytes in {len(sizes)} answers")
    for name in fill:
        served.users.delete_user(name)

    assert len(sizes) >= 4
    assert sum(sizes.values()) <= 100_000
