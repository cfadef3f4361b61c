"""Pages that are written from code are as the code is."""

from __future__ import annotations

from tools import cli_docs, cli_picture, reference_docs
from usermgr.errors import errors_by_code


def test_reference_is_as_make_docs_writes_it() -> None:
    """docs/reference.md is what `make docs` would write now."""
    assert reference_docs.PAGE.read_text() == reference_docs.rendered()


def test_reference_has_every_error() -> None:
    """Every code that can cross the wire has its row."""
    page = reference_docs.rendered()
    assert [code for code in errors_by_code() if f"| `{code}` |" not in page] == []


def test_reference_of_commands_is_as_make_docs_writes_it() -> None:
    """docs/cli-reference.md is what `make docs` would write now."""
    assert cli_docs.PAGE.read_text() == cli_docs.rendered()


def test_reference_of_commands_has_every_command() -> None:
    """Every command that can be typed has its heading."""
    page = cli_docs.rendered()
    names = [" ".join(("usermgr", *words)) for words, _ in cli_docs.commands()]
    assert len(names) > 10
    assert [name for name in names if f"# `{name}`\n" not in page] == []


def test_picture_is_of_a_run_that_is_like_that() -> None:
    """docs/cli.svg is what `make docs` would draw now, and loads nothing."""
    picture = cli_picture.PICTURE.read_text()

    assert picture == cli_picture.drawn()
    assert "url(http" not in picture
