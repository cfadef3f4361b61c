"""The console on Cognito, in a real browser: the main path of support staff, from their own sign-in."""

from __future__ import annotations

import io
import re
import shutil
import threading
from pathlib import Path

import uvicorn
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import Pool
from usermgr import Factory, where
from usermgr.records import UserRecord, find_format
from usermgr_console import Config, create_app
from usermgr_console._server import bind

PASSWORD = "a-Long-passw0rd"
PATIENCE = 60_000
"""Milliseconds that a step may take: the machine does other things, too."""


def test_staff_help_somebody_on_cognito(pool: Pool, tmp_path: Path) -> None:
    """They sign in with their own account, find a person by a word, change, disable and regroup them, and sign out."""
    users = Factory.create(Factory.AWS_COGNITO)
    users.add_group("staff")
    users.add_group("customers")
    users.add_user("kim", PASSWORD, {"email": "kim@example.org", "name": "Kim"})
    users.add_user_to_group("kim", "staff")
    users.add_user("ada", PASSWORD, {"email": "ada@example.org", "name": "Ada Lovelace"})
    listening = bind(0)
    config = Config(
        f"http://127.0.0.1:{listening.getsockname()[1]}", tmp_path, administrators=frozenset({"staff"}),
        second_factor=False,
    )  # fmt: skip
    console = create_app(users, config=config)
    server = uvicorn.Server(uvicorn.Config(console, access_log=False, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: apt-get install chromium"

    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"], timeout=PATIENCE)
            page = browser.new_page(base_url=config.origin, locale="en")
            page.set_default_timeout(PATIENCE)
            expect.set_options(timeout=PATIENCE)
            page.goto("/people")
            page.get_by_label("User name").fill("kim")
            page.get_by_label("Password").fill("wrong")
            page.get_by_role("button", name="Sign in").click()
            expect(page.get_by_role("alert")).to_contain_text("refused")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()

            page.get_by_role("searchbox").fill("lovelace")
            expect(page.locator("#results tbody th")).to_have_text(["ada"])
            expect(page.locator("[data-progress]")).to_contain_text("1 account was looked at")
            page.get_by_role("link", name="ada").click()
            page.get_by_label("Name", exact=True).fill("Ada King")
            page.get_by_role("button", name="Save").click()
            expect(page.get_by_role("status")).to_have_text("Saved.")
            page.get_by_label("Group").fill("customers")
            page.get_by_role("button", name="Add", exact=True).click()
            expect(page.get_by_role("status")).to_have_text("Added to the group.")
            corner = page.locator(".corner details", has=page.locator("form[action$='/disable']"))
            corner.locator("summary").click()
            corner.get_by_label("Type the user name").fill("ada")
            corner.get_by_role("button", name="Disable").click()
            expect(page.get_by_role("status")).to_have_text("The person cannot sign in any more.")
            _import_and_sync(page)
            page.get_by_role("button", name="Sign out", exact=True).click()
            expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
            browser.close()
    finally:
        server.should_exit = True
        thread.join()
        listening.close()
        console.close()

    assert {user.username for user in users.search_users(where("group").equals("readers"))} == {"grace", "mary"}
    ada = users.get_user("ada")
    assert (ada.attributes["name"], ada.enabled) == ("Ada King", False)
    assert [user.username for user in users.search_users(where("group").equals("customers"))] == ["ada"]


def _import_and_sync(page: Page) -> None:
    """Three people by the file of Cognito's own import job; then two of them become members of a new group."""
    file = io.BytesIO()
    people = [
        UserRecord(name, {"email": f"{name}@example.org", "email_verified": "true", "name": name.title()})
        for name in ("grace", "mary", "hana")
    ]
    find_format("cognito-csv").write(people, file)
    page.goto("/import")
    page.get_by_label("File").set_input_files({"name": "job.csv", "mimeType": "text/csv", "buffer": file.getvalue()})
    page.get_by_role("button", name="Look into the file").click()
    expect(page.get_by_role("heading", name="3 rows were found")).to_be_visible()
    expect(page.get_by_text("Format: cognito-csv.")).to_be_visible()
    page.get_by_role("button", name="Check all rows").click()
    page.get_by_label("Type the number 3").fill("3")
    page.get_by_role("button", name="Import 3 rows").click()
    expect(page.locator(".figures")).to_have_text("3 created")

    page.goto("/sync")
    page.get_by_label("Paste the document").fill("groups: [{name: readers, members: [grace, mary]}]")
    page.get_by_role("button", name="Make the plan").click()
    page.get_by_label("Type the number 3").fill("3")
    page.get_by_role("button", name="Carry out the plan").click()
    expect(page.locator(".figures").first).to_have_text(re.compile("1 created.*2 changed"))
