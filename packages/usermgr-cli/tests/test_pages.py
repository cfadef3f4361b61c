"""What the pages about the command line show is what happens."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from usermgr_cli_walk import walk

from usermgr import UserManager
from usermgr_cli._exits import Exit
from usermgr_cli._settings import known_names

DOCS = Path(__file__).parents[3] / "docs"


def test_every_line_of_the_manual_does_what_it_shows(
    screen: Any, users: UserManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/cli.md, in its order, on a terminal."""
    monkeypatch.chdir(tmp_path)

    assert walk(DOCS / "cli.md", screen, monkeypatch) >= 6


def test_every_line_of_the_tutorial_does_what_it_shows(
    screen: Any, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """docs/tutorial.md, in its order, with nothing in the environment."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.delenv("USERMGR_BACKEND")
    monkeypatch.delenv("USERMGR_LOCAL_PATH")

    assert walk(DOCS / "tutorial.md", screen, monkeypatch) >= 25


def test_manual_has_every_exit_status() -> None:
    """The table of docs/cli.md has each status, and no other."""
    rows = re.findall(r"^\| (\d+) \|", (DOCS / "cli.md").read_text(), re.MULTILINE)

    assert [int(row) for row in rows] == sorted(Exit)


def test_settings_are_known_by_one_name() -> None:
    """Every variable of docs/settings.md's first table is one whose origin `usermgr profile show` tells."""
    text = (DOCS / "settings.md").read_text().split("## Deploying")[0]
    names = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", text, re.MULTILINE)
    variables = [name.strip("`") for row in names for name in row.split(", ")]

    assert len(variables) >= 11
    assert known_names(variables) == sorted(variables)


LOADED = """
import sys
from usermgr_cli._main import run
status = run(sys.argv[1:])
heavy = {"usermgr", "rich", "jmespath", "tomllib", "platformdirs", "tomlkit", "usermgr_bulk", "asyncio", "ssl"}
print(sorted(heavy & set(sys.modules)), status, file=sys.stderr)
"""


@pytest.mark.parametrize("arguments", [["--help"], ["user", "--help"], ["profile", "use", "--help"]])
def test_help_loads_nothing(arguments: list[str], environment: dict[str, str]) -> None:
    """Help is there before anything that a command needs."""
    ended = subprocess.run([sys.executable, "-c", LOADED, *arguments], env=environment, capture_output=True, check=True)

    assert ended.stderr == b"[] 0\n"
