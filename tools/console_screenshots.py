"""Pictures of every page of the console: light and dark, wide and narrow, English and Japanese.

uv run python -m tools.console_screenshots [--folder build/screenshots] [PART ...]

Each PART limits the pages to those whose address has it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, sync_playwright

from tools.console_examples import examples
from usermgr import UserManager
from usermgr.audit import Actor, Audited, FileSink
from usermgr.errors import GroupNotFoundError, UserExistsError
from usermgr.frontends import AuditFile
from usermgr_console import Acting, Config, Console, Role, acting, create_app, current_actor
from usermgr_console._activity import CENSUS
from usermgr_console._routes import ROUTES
from usermgr_console._sample import open_sample
from usermgr_console._server import bind
from usermgr_console._sessions import Person

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"wide": {"width": 1280, "height": 860}, "narrow": {"width": 390, "height": 844}}
TALLEST = 1600
EXTRA = ("/people?q=sato", "/people?q=nobody", "/people?seen=not-90", "/nothing-here")
QUERIES = {"/groups/one": "?name=support"}


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "screenshots")
    parser.add_argument("parts", nargs="*")
    given = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        print("chromium is missing: apt-get install chromium fonts-ipafont-gothic", file=sys.stderr)
        return 1
    given.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="usermgr-screenshots-") as temporary, sync_playwright() as playwright:
        console, users, stop = _serve(Path(temporary))
        try:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            person = Person("Kim Example", Role.ADMINISTRATOR, "store")
            number = console.services.sessions.open(person)
            origin = console.services.config.origin
            context = browser.new_context(base_url=origin, reduced_motion="reduce")
            cookie = console.services.config.cookie
            count = 0
            for path, name in _addresses(console, users).items():
                if given.parts and not any(part in f"{path} {name}" for part in given.parts):
                    continue
                outside = path.startswith(("/sign-in", "/enter"))
                for language in ("en", "ja"):
                    console.services.preferences.keep(
                        person.key, console.services.preferences.of(person.key).changed({"language": language})
                    )
                    context.clear_cookies()
                    if not outside:
                        context.add_cookies([{"name": cookie, "value": number, "url": origin}])
                    context.set_extra_http_headers({"Accept-Language": language})
                    page = context.new_page()
                    page.goto(path)
                    count += _take(page, given.folder, f"{name}.{language}")
                    page.close()
            browser.close()
        finally:
            stop()
    print(f"{count} pictures in {given.folder}")
    return 0


def _take(page: Page, folder: Path, name: str) -> int:
    for size, viewport in SIZES.items():
        page.set_viewport_size(viewport)  # pyright: ignore[reportArgumentType] - two whole numbers
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)  # pyright: ignore[reportArgumentType] - one of its words
            tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            clip = {"x": 0, "y": 0, "width": viewport["width"], "height": max(tall, viewport["height"])}
            page.screenshot(path=folder / f"{name}.{size}.{theme}.png", full_page=True, clip=clip)  # pyright: ignore[reportArgumentType] - four whole numbers
    return len(SIZES) * 2


def _addresses(console: Console, users: UserManager) -> dict[str, str]:
    """The addresses of all pages, with names for their pictures."""
    work = console.services.work
    facts = {"operation": "disable_user", "group": "", "subs": [], "question": {"group": "beta"}, "acting": None}
    piece = work.begin("action", "store:Kim Example", **facts)
    work.start(piece, Acting(Actor("Kim Example"), None))
    while (found := work.find(piece.id)) is not None and found.state == "running":
        time.sleep(0.05)
    known = {"sub": users.get_user("kenji").sub, "id": piece.id}
    paths: list[str] = []
    for route in ROUTES:
        if route.method == "GET" and not route.path.endswith((".csv", ".zip")) and route.path != "/":
            path = re.sub(r"{(\w+)}", lambda match: known.get(match[1], "x"), route.path)
            paths.append(path + QUERIES.get(path, ""))
    found = {path: _name(path) for path in (*paths, *EXTRA)}
    return found | {path: name for name, path in examples(console, "store:Kim Example").items()}


def _name(path: str) -> str:
    return re.sub(r"[0-9a-f]{8}-?[0-9a-f-]{20,}", "one", path).strip("/").replace("/", "-").replace("?", "_") or "home"


def _serve(folder: Path) -> tuple[Console, UserManager, Callable[[], None]]:
    users, activity = open_sample(folder)
    audit = AuditFile(folder / "audit.jsonl", [b"a key for sample people, which is no secret"])
    audited = Audited(users, FileSink(audit.path, audit.keys), current_actor)
    listening = bind(0)
    origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
    roles = {name: frozenset({name}) for name in ("administrators", "support", "readers")}
    with acting(
        Acting(Actor("Kim Example", {"address": "192.0.2.7", "by": "usermgr-console"}, "15afed309054a313"), None)
    ):
        audited.disable_user("edsger")
        audited.update_user("ada", {"nickname": "Countess"})
        audited.add_user_to_group("donald", "beta")
        with suppress(UserExistsError):
            audited.add_user("ada")
        audited.update_user("kenji", {"nickname": "Ken", "email_verified": "true"})
        audited.add_user_to_group("kenji", "beta")
        with suppress(GroupNotFoundError):
            audited.add_user_to_group("kenji", "helpdesk")
        audited.sign_out_user("kenji")
    console = create_app(audited, activity, config=Config(origin, folder / "console", **roles), audit=audit)
    server = uvicorn.Server(uvicorn.Config(console, access_log=False, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    services = console.services
    services.work.start(services.work.begin(CENSUS, "screenshots"), Acting(Actor("screenshots"), None))

    def stop() -> None:
        server.should_exit = True
        thread.join()
        listening.close()
        console.close()
        users.close()

    return console, users, stop


if __name__ == "__main__":
    sys.exit(main())
