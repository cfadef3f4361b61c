"""Both languages are complete, and the files of the package keep to their limits."""

from __future__ import annotations

import re
from importlib.resources import files

import pytest

from tools import console_catalog
from usermgr_console import Role
from usermgr_console._i18n import preferred


def test_every_text_is_in_japanese() -> None:
    """Each message has a translation with the same placeholders; none is left over, or without."""
    assert console_catalog.problems(console_catalog.present()) == []


def test_a_missing_text_is_noticed() -> None:
    """The comparison above finds what is missing."""
    catalog = console_catalog.present()
    catalog.delete("Save")

    assert console_catalog.problems(catalog) == ["missing: Save"]


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("ja", "ja"), ("ja-JP,ja;q=0.9,en;q=0.8", "ja"), ("en-US,ja;q=0.5", "en"), ("fr,ja;q=0.2", "ja"), ("fr", "en"),
        ("", "en"), (";q=,,;", "en"), ("ja;q=x", "en"),
    ],
)  # fmt: skip
def test_the_browsers_language_is_answered(accepted: str, code: str) -> None:
    """The language that the browser likes best, English where it likes none of ours."""
    assert preferred(accepted, None) == code


def test_a_page_is_in_the_language_that_was_chosen(stage) -> None:
    """A choice goes before the browser's wish, and before sign-in the address can say it."""
    browser = stage.browser(Role.READER)
    browser.post("/preferences", {"language": "ja", "theme": "dark"})

    page = browser.get("/people", headers={"accept-language": "en"}).text

    assert '<html lang="ja" data-theme="dark">' in page
    assert "ユーザー名" in page
    assert '<html lang="ja"' in stage.browser().get("/sign-in?lang=ja").text


def test_the_health_page_names_each_check_in_japanese(stage) -> None:
    """What is checked is told in Japanese; what a package found that the console does not know is marked as English."""
    stage.prefer("store:kim", language="ja")

    page = stage.browser(Role.READER).get("/health").text

    assert "<strong>usermgr のパッケージ</strong> <code>packages</code>" in page
    assert "すべてのパッケージのバージョンが揃っているかを調べます。" in page
    assert re.search(r"usermgr のパッケージ \d+ 個", page)
    assert re.search(r'<span lang="en">[^<]* is a store of this release</span>', page)


def test_the_script_is_small() -> None:
    """Our own script stays under 8 kB."""
    assert (files("usermgr_console") / "static" / "console.js").stat().st_size < 8_000


def test_no_page_needs_what_the_policy_forbids() -> None:
    """No template has an inline script, an inline style, a handler, or anything of another host."""
    for template in (files("usermgr_console") / "templates").iterdir():
        text = template.read_text()
        for forbidden in ("<style", " style=", "javascript:", " onclick", " onload", "http://", "https://", "|safe"):
            assert forbidden not in text, f"{template.name} has {forbidden}"
        assert text.count("<script") == text.count('<script src="{{ url(')
