"""docs/cli-users.md is a walk that works."""

from __future__ import annotations

import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[4] / "docs" / "cli-users.md"
CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def test_every_line_of_the_page_does_what_it_shows(
    usermgr: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the page's order, on a terminal of 80 columns: what is told, and then the data. `...` is whatever is there."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    runs = 0
    for block in CONSOLE.findall(PAGE.read_text()):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            line, _, shown = step.partition("\n")
            name, *words = shlex.split(line)
            if name == "export":
                for variable, _, value in (word.partition("=") for word in words):
                    monkeypatch.setenv(variable, value)
                continue
            ended = usermgr(*words)
            runs += 1

            told = STYLE.sub("", ended.err + ended.out)
            expected = ".*".join(re.escape(part) for part in shown.split("..."))
            assert re.fullmatch(expected, told), f"$ {line}\n{told}"
    assert runs > 10
