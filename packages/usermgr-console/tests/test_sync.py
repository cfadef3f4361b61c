"""Sync: the document, the plan, and that just this plan is carried out."""

from __future__ import annotations

import csv
import html
import io
import re

import pytest

from usermgr_console import Role

DESIRED = """users:
  - {username: ada, attributes: {name: Ada King}}
  - {username: kenji, groups: []}
  - {username: mary, attributes: {email: mary@example.org}, groups: [customers]}
groups:
  - {name: customers}
  - {name: mathematicians, description: Everybody who proves things}
"""
FORM = {"format": "", "prune": "", "share": "10", "number": "20"}


def plan_of(browser, document: str, **fields: str):
    """The page of the plan, and its path."""
    answer = browser.post("/sync", {**FORM, "document": document, **fields})
    return browser.follow(answer), answer.path


def lines_of(page) -> list[str]:
    """The plan as it is read, marks and all; for a screen reader each mark is a word."""
    items = re.findall(r'<li class="(?:plus|tilde|minus)">(.*?)(?:</p>|</li>)', page.text, re.DOTALL)
    return [" ".join(html.unescape(re.sub(r"<[^>]+>", " ", item)).split()) for item in items]


def test_a_plan_is_read_and_carried_out(stage, browser) -> None:
    """Each change has a mark and a word; nothing is written before the number of changes is typed."""
    before = stage.state()
    page, path = plan_of(browser, DESIRED)

    assert lines_of(page) == [
        "+ create group mathematicians", "~ change person ada", "~ change person kenji", "- leaves group support",
        "+ create person mary", "+ joins group customers",
    ]  # fmt: skip
    assert "Ada Lovelace" in page.text
    assert browser.post(path, {"typed": "3"}).status == 400
    assert stage.state() == before

    page = browser.follow(browser.post(path, {"typed": "4"}))
    assert "<strong>2</strong> created" in page.text
    assert "<strong>2</strong> changed" in page.text
    assert stage.users.get_user("ada").attributes["name"] == "Ada King"
    assert not list(stage.users.iter_groups_for_user("kenji"))
    again, _ = plan_of(browser, DESIRED)
    assert "Nothing to do" in again.text


def test_a_file_is_as_good_as_what_is_pasted(stage, browser) -> None:
    """JSON in a file, told by its name."""
    document = b'{"users": [{"username": "mary"}]}'

    page = browser.follow(browser.upload("/sync", {**FORM, "document": ""}, "people.json", document))

    assert lines_of(page) == ["+ create person mary"]
    assert browser.post("/sync", {**FORM, "document": " "}).status == 400


def test_just_that_plan_is_carried_out(stage, browser) -> None:
    """Somebody who has changed since is left alone and told; who else would be meant by now is left alone, too."""
    _, path = plan_of(browser, DESIRED)
    stage.users.update_user("ada", {"name": "Countess of Lovelace"})
    stage.users.add_group("another")
    stage.users.add_user_to_group("kenji", "another")

    browser.follow(browser.post(path, {"typed": "4"}))

    report = csv.DictReader(io.StringIO(browser.get(f"{path}/report.csv").body.decode("utf-8-sig")))
    assert {row["key"]: row["code"] for row in report}["ada"] == "conflict"
    assert stage.users.get_user("ada").attributes["name"] == "Countess of Lovelace"
    assert [group.name for group in stage.users.iter_groups_for_user("kenji")] == ["another"]


@pytest.mark.parametrize("lang", ["en", "ja"])
def test_errors_are_told_by_line(stage, browser, lang: str) -> None:
    """All that is wrong with the document, with its lines, and the document to be corrected."""
    stage.prefer("store:kim", language=lang)
    document = "users:\n  - username: ada\n    enabled: yes\n    colour: red\n"

    page, path = plan_of(browser, document)

    assert re.findall(r"<code>(users[^<]*)</code>", page.text) == ["users.enabled", "users"]
    assert re.findall(r'class="number" data-label="[^"]+">(\d)<', page.text) == ["3", "4"]
    told = "users.enabled は、引用符を付けずに true または false と書いてください。"
    assert ("users.enabled must be exactly true" in html.unescape(page.text), told in page.text) == (
        lang == "en", lang == "ja"
    )  # fmt: skip
    form = browser.get(f"/sync?again={path.rpartition('/')[2]}").text
    assert html.unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", form, re.DOTALL)[1]) == document


def test_a_plan_that_takes_too_much_is_refused(stage, browser) -> None:
    """The numbers are told and the plan is shown; with higher limits it is one, and the last administrator stays."""
    before = stage.state()
    page, path = plan_of(browser, "users: [{username: ada}]", prune="disable")
    assert "The plan takes away too much" in page.text
    assert re.search(r"Taken away.>26<.*Managed.>30<.*Allowed.>3<", page.text, re.DOTALL)
    assert "Carry out the plan" not in page.text
    assert browser.post(path).status == 303
    assert stage.state() == before

    page, path = plan_of(browser, "users: [{username: ada}]", prune="disable", share="100", number="30")
    assert "It takes away:" in page.text
    page, path = plan_of(browser, "users: [{username: alan}]", prune="delete", share="100", number="30")
    assert "last enabled member of administrators" in page.text


def test_nobody_removes_themselves(stage) -> None:
    """A plan that would take the account that acts is none."""
    browser = stage.browser(Role.ADMINISTRATOR, stage.users.get_user("grace"))

    page, _ = plan_of(browser, "users: [{username: grace, enabled: false}]")

    assert "It failed" in page.text
    assert stage.users.get_user("grace").enabled


def test_a_long_plan_has_pages(stage, browser, monkeypatch) -> None:
    """Each page shows some of the changes, and all of them are carried out."""
    monkeypatch.setattr("usermgr_console._views.sync.PAGE", 2)
    page, path = plan_of(browser, DESIRED)
    second = browser.get(f"{path}?page=2")

    assert len(re.findall(r"<strong><bdi>", page.text)) == len(re.findall(r"<strong><bdi>", second.text)) == 2
    assert "4 changes" in page.text
    for odd in ("0", "99", "x", "-1", "9" * 9):
        assert browser.get(f"{path}?page={odd}").status == 200


@pytest.mark.parametrize("field", ["share", "number", "prune", "format", "invite"])
def test_a_field_that_is_made_up_is_refused(stage, browser, field: str) -> None:
    """A limit that is no number and a choice that is none begin nothing."""
    assert browser.post("/sync", {**FORM, "document": DESIRED, field: "made up"}).status == 400
    assert not stage.console.services.work.latest("sync")


def test_a_hostile_document_is_shown_as_text(stage, browser) -> None:
    """Names and values, in the plan and in errors, are text."""
    hostile = "<script>alert(1)</script>\"'>{{7*7}}"
    quoted = f"'{hostile.replace(chr(39), chr(39) * 2)}'"
    pages = [
        plan_of(browser, f"users: [{{username: ada, attributes: {{name: {quoted}}}}}, {{username: {quoted}}}]")[0],
        plan_of(browser, f"groups: [{{name: {quoted}, description: {quoted}}}]")[0],
        plan_of(browser, f"users: [{{username: ada, {quoted}: {quoted}}}]")[0],
        plan_of(browser, hostile)[0],
    ]

    for page in pages:
        assert page.status == 200
        assert "<script>alert" not in page.text
        assert "\"'>" not in page.text
