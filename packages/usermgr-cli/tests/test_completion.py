"""Completion, in the shells themselves. Bash must be there; zsh and fish are asked where they are."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from usermgr_cli_harness import USERMGR, Terminal

from usermgr import UserManager
from usermgr_cli._completing import complete_groups, within

SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
SET_UP = {
    "bash": 'eval "$(usermgr completion bash)"',
    "zsh": 'autoload -Uz compinit && compinit -u -D && eval "$(usermgr completion zsh)"',
    "fish": "usermgr completion fish | source",
}


@pytest.fixture
def profiles(environment: dict[str, str]) -> None:
    Path(environment["USERMGR_CONFIG"]).write_text("[profiles.staging]\n[profiles.production]\n")


@pytest.mark.parametrize("shell", list(SHELLS))
def test_shell_completes(
    shell: str, profiles: None, terminal: Callable[..., Terminal], environment: dict[str, str], tmp_path: Path
) -> None:
    """The script that the command prints teaches the shell: Tab writes the rest of a profile's name."""
    if shell != "bash" and shutil.which(shell) is None:
        pytest.skip(f"{shell} is not here")
    path = f"{USERMGR.parent}{os.pathsep}{environment['PATH']}"
    screen = terminal(program=SHELLS[shell], PATH=path, HOME=str(tmp_path), PS1="$ ")
    screen.type(f"{SET_UP[shell]} && echo rea''dy\n")
    screen.expect("ready")

    screen.type("usermgr prof\t")
    screen.expect("usermgr profile")
    screen.type("use st\t")

    screen.expect("usermgr profile use staging")


@pytest.fixture
def offered(usermgr: Any) -> Callable[..., list[str]]:
    """What is offered for the last of these words."""

    def offer(*words: str, **variables: str) -> list[str]:
        line = {"COMP_WORDS": " ".join(("usermgr", *words)), "COMP_CWORD": str(len(words))}
        ended = usermgr(_USERMGR_COMPLETE="bash_complete", **line, **variables)
        assert ended.err == ""
        return [each.partition(",")[2] for each in ended.out.splitlines() if each]

    return offer


def test_everything_is_completed(offered: Callable[..., list[str]], profiles: None) -> None:
    """Commands, options of all commands before and after the command, their values, and profiles."""
    assert offered("pro") == ["profile"]
    assert offered("--prof") == ["--profile"]
    assert {"list", "show"} <= set(offered("user", ""))
    assert offered("profile", "use", "") == ["production", "staging"]
    assert offered("--profile", "s") == ["staging"]
    assert offered("user", "list", "--out") == ["--output"]
    assert offered("user", "list", "-o", "js") == ["json", "jsonl"]


def test_groups_are_completed_and_a_store_that_fails_offers_none(
    users: UserManager,
    environment: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Groups come from the store in force; where there is none, nothing is offered and nothing said."""
    monkeypatch.setattr("usermgr_cli._completing.SECONDS", 60)  # of a machine that does other things, too
    users.add_group("admins")
    users.add_group("staff")
    context, argument = click.Context(click.Command("x")), click.Argument(["group"])

    assert complete_groups(context, argument, "a") == ["admins"]
    os.environ["USERMGR_BACKEND"] = "nothing"
    assert complete_groups(context, argument, "a") == []
    assert capfd.readouterr() == ("", "")


def test_store_that_does_not_answer_does_not_keep_the_shell() -> None:
    """What is not there in time is not offered, and what fails is nothing."""
    asked = threading.Event()

    assert within(0.05, lambda: [str(asked.wait(60))]) == []
    asked.set()
    assert within(60, lambda: ["a"]) == ["a"]


def test_file_that_is_wrong_offers_nothing(offered: Callable[..., list[str]], environment: dict[str, str]) -> None:
    """Completion says nothing of its own."""
    Path(environment["USERMGR_CONFIG"]).write_text("[")

    assert offered("--profile", "") == []
