"""The command lines of docs/bulk.md, run on a terminal as they are printed."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[3] / "docs" / "bulk.md"
FENCE = re.compile(r"^```(console|csv|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
RUN = """
import shlex, sys
from usermgr_cli._main import run
for command in sys.argv[1:]:
    print("$", command, flush=True)
    run(shlex.split(command)[1:])
"""
"""Runs all of them in one process, because each start takes its time."""

FILES = {"csv": "people.csv", "json": "people.json"}


def test_lines_of_the_page_show_what_they_say(
    terminal: Any, users: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every command line shows what stands below it, with `…` for what is another each time."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    section = PAGE.read_text().split("## From the command line")[1].split("\n## ")[0]
    fences = FENCE.findall(section)
    for kind, content in fences:
        if kind in FILES:
            Path(FILES[kind]).write_text(content)
    expected = "".join(content for kind, content in fences if kind == "console")
    commands = re.findall(r"^\$ (usermgr .*)$", expected, re.MULTILINE)

    screen = terminal(*commands, program=[sys.executable, "-c", RUN], columns=220, rows=100)
    screen.expect("? [y/N]:")
    screen.type("y\n")

    assert screen.wait() == 0
    shown = screen.screen
    for line, seen in zip(expected.splitlines(), shown, strict=True):
        assert re.fullmatch(".*".join(map(re.escape, line.split("…"))), seen), (line, seen)
    assert len(commands) == 8
