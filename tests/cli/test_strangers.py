"""A command of a stranger's package, which only has to be installed, and commands of ours that are not."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoints
from pathlib import Path

import pytest

from tests.cli.running import usermgr
from usermgr_cli import _root

MODULE = '''
from dataclasses import dataclass
import click

@dataclass
class Greeting:
    """A greeting."""
    text: str
    loud: bool

@click.group(help="Say hello.")
def greet():
    """The group."""

@greet.command()
@click.argument("name")
@click.option("--loud", is_flag=True)
@click.pass_obj
def hello(line, name, loud) -> Greeting:
    """Say it to somebody."""
    line.confirm(f"Greet {name}?")
    line.note("saying it")
    return Greeting(f"hello, {name}", loud)

class Refused(click.ClickException):
    exit_code, code, remedy = 4, "greeting_refused", "say please"

@greet.command()
def refuse():
    """Fail."""
    raise Refused("no greeting")
'''


@pytest.fixture(autouse=True)
def stranger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installed package with commands, one of which cannot be imported; its folder."""
    info = tmp_path / "stranger_greetings-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: stranger-greetings\nVersion: 1.0\nSummary: Greets \x1b[31mpeople\n"
    )
    (info / "entry_points.txt").write_text(
        "[usermgr.commands]\ngreet = strangers_commands:greet\nbroken = strangers_missing:command\n"
        "wrong = strangers_commands:MESSAGE\n"
    )
    (tmp_path / "strangers_commands.py").write_text(f"{MODULE}\nMESSAGE = 'hello'\n")
    (tmp_path / "strangers_missing.py").write_text("raise RuntimeError('S3cret-planted')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "strangers_commands", raising=False)
    monkeypatch.setenv("USERMGR_BACKEND", "local")
    monkeypatch.setenv("USERMGR_LOCAL_PATH", str(tmp_path / "users.db"))
    return tmp_path


def test_command_is_listed_with_its_summary() -> None:
    """The list has each command of a stranger with the summary of its distribution, made safe, and loads none."""
    listed = usermgr("--help")

    assert listed.status == 0
    assert "greet" in listed.out
    assert "Greets \\x1b[31mpeople (from stranger-greetings)" in " ".join(listed.out.split())
    assert "strangers_commands" not in sys.modules


def test_command_works_with_the_shared_options() -> None:
    """Its data comes out in the form that is asked for, by options behind it too; its question and notes are ours."""
    done = usermgr("greet", "hello", "ada", "--loud", "--yes", "--output", "json", "--fields", "text")

    assert (done.status, done.data, done.err) == (0, {"text": "hello, ada"}, "saying it\n")
    asked = usermgr("greet", "hello", "ada")
    assert (asked.status, asked.out) == (2, "")
    assert "Greet ada? Nobody can answer here" in asked.err


def test_schema_tells_its_fields() -> None:
    """`usermgr schema` reads them off its return annotation."""
    fields = usermgr("schema", "greet", "hello", "-o", "json").data

    assert fields == [{"field": "text", "type": "string"}, {"field": "loud", "type": "boolean"}]


def test_error_of_a_package_that_knows_nobody_is_told_as_ours() -> None:
    """Its exception of click has the status, the code and the remedy."""
    refused = usermgr("greet", "refuse")

    assert (refused.status, refused.err) == (4, "usermgr: no greeting [greeting_refused]\n  say please\n")


def test_broken_command_is_told_in_a_sentence() -> None:
    """One that cannot be imported, or is no command, names its distribution and no text of the error; others work."""
    broken, wrong = usermgr("broken"), usermgr("wrong")

    assert broken.status == wrong.status == 1
    assert broken.err == (
        "usermgr: the command broken of stranger-greetings cannot be loaded: RuntimeError [not_loaded]\n"
        "  reinstall stranger-greetings, or uninstall it; no other command needs it\n"
    )
    assert "strangers_commands:MESSAGE is no click command" in wrong.err
    assert "strangers_missing.py:1" in usermgr("--debug", "broken").err
    assert usermgr("user", "list", "-o", "json").data == []


@pytest.mark.parametrize("name", sorted(_root.DOORS))
def test_command_that_is_not_installed_says_how_to_get_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command of ours whose package is missing names the package and the one place that it may come from."""
    monkeypatch.setattr(_root, "_entry_points", EntryPoints)

    missing = usermgr(name, "x", "--help")

    assert missing.status == 2
    assert f"it is in {_root.DOORS[name].package} " in missing.err
    assert f"did you mean `usermgr {name}`?" in usermgr(f"{name}x").err
    assert "somebody else on a public index" in missing.err
    assert "\n  install usermgr-" in missing.err
    assert usermgr("user", "list", "-o", "json").data == []


def test_doors_are_those_that_our_packages_register() -> None:
    """Every command that a package of ours registers is in the table, by the package that registers it."""
    points = {point.name: point.dist.name for point in _root._entry_points() if point.dist}
    ours = {name: package for name, package in points.items() if package.startswith("usermgr-")}

    assert ours == {name: door.package for name, door in _root.DOORS.items() if name in ours}
    assert {"jwks", "token", "trigger", "quotas", "sandbox"} <= ours.keys()
