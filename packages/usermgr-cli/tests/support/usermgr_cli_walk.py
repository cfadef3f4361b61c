"""Runs the pages whose `console` blocks show what is typed and what is seen."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from usermgr_cli_harness import USERMGR

CONSOLE = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
STYLE = re.compile(r"\x1b\[[0-9;]*m")


def walk(page: Path, screen: Callable[..., Any], patch: pytest.MonkeyPatch, *, columns: int = 200) -> int:
    """Does every step in the page's order; how many there were. In what is shown, `...` is whatever is there."""
    steps = list(_steps(page))
    for line, shown in steps:
        if line.startswith("export "):
            for variable, _, value in (word.partition("=") for word in shlex.split(line)[1:]):
                patch.setenv(variable, value)
            continue
        told = _told(line, screen, columns)
        expected = ".*".join(re.escape(part) for part in shown.rstrip("\n").split("..."))
        assert re.fullmatch(expected, told, re.DOTALL), f"{page.name}: $ {line}\n{told}"
    return len(steps)


def _steps(page: Path) -> Iterator[tuple[str, str]]:
    """What is typed, with the lines below it that begin with `> `, and what is shown."""
    for block in CONSOLE.findall(page.read_text()):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            first, *rest = step.splitlines()
            typed = [first]
            while rest and rest[0].startswith("> "):
                typed.append(rest.pop(0)[2:])
            yield "\n".join(typed), "\n".join(rest)


def _told(line: str, screen: Callable[..., Any], columns: int) -> str:
    words = shlex.split(line)
    if words[0] == "usermgr" and not set(line) & set("|<>&\n"):
        return "\n".join(screen(*words[1:], columns=columns).lines)
    path = f"{USERMGR.parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", "-c", line], env=os.environ | {"PATH": path}, capture_output=True, text=True, check=False
    )
    return STYLE.sub("", ended.stderr + ended.stdout).rstrip("\n")
