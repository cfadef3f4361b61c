"""The command on a store of its own: in this process, behind pipes, and on a terminal."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pytest

import usermgr_local
from usermgr import UserManager

sys.path.insert(0, str(Path(__file__).with_name("support")))

from usermgr_cli_harness import (
    USERMGR,
    Ended,
    Shown,
    Terminal,
    in_pipes,
    in_process,
    on_terminal,
    without_settings,
)


class Command(Protocol):
    """Runs the command in this process, on the store of the fixture `users`."""

    def __call__(self, *arguments: str, stdin: bytes | None = None, **environment: str) -> Ended: ...


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of an empty store, which is copied: making one takes longer."""
    path = tmp_path_factory.mktemp("store") / "users.db"
    usermgr_local.connect(path=str(path)).close()
    return path


@pytest.fixture
def environment(empty_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of each run: a local store in the test's folder, no profile, and times in UTC."""
    kept = without_settings(os.environ) | {
        "USERMGR_BACKEND": "local",
        "USERMGR_LOCAL_PATH": str(tmp_path / "users.db"),
        "USERMGR_CONFIG": str(tmp_path / "config.toml"),
        "TZ": "UTC",
    }
    shutil.copy(empty_store, tmp_path / "users.db")
    for name in set(os.environ) - set(kept):
        monkeypatch.delenv(name)
    for name, value in kept.items():
        monkeypatch.setenv(name, value)
    return kept


@pytest.fixture
def users(environment: dict[str, str]) -> Iterator[UserManager]:
    """The store, to set up and to look."""
    with usermgr_local.connect(path=environment["USERMGR_LOCAL_PATH"]) as manager:
        yield manager


@pytest.fixture
def usermgr(environment: dict[str, str], capfd: pytest.CaptureFixture[str]) -> Command:
    """Runs the command in this process."""

    def run(*arguments: str, stdin: bytes | None = None, **variables: str) -> Ended:
        return in_process(arguments, capfd.readouterr, stdin, variables)

    return run


@pytest.fixture
def screen(environment: dict[str, str]) -> Callable[..., Shown]:
    """Runs the command in this process, on a terminal that nobody types at."""

    def run(*arguments: str, columns: int = 80, **variables: str) -> Shown:
        return on_terminal(arguments, variables, columns=columns)

    return run


@pytest.fixture
def process(environment: dict[str, str]) -> Command:
    """Runs the command in a process of its own, behind pipes."""

    def run(*arguments: str, stdin: bytes | None = None, **variables: str) -> Ended:
        return in_pipes(arguments, environment | variables, stdin or b"")

    return run


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Starts the command in a process of its own, for a test that sends signals or closes pipes."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        variables = environment | options.pop("variables", {})
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        running.append(subprocess.Popen([USERMGR, *arguments], env=variables, **pipes))
        return running[-1]

    yield start
    for each in running:
        if each.poll() is None:
            each.kill()
        each.communicate()


@pytest.fixture
def terminal(environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Runs the command on a terminal."""
    opened: list[Terminal] = []

    def start(*arguments: str, columns: int = 80, rows: int = 24, program: Any = None, **variables: str) -> Terminal:
        opened.append(Terminal(arguments, environment | variables, columns=columns, rows=rows, program=program))
        return opened[-1]

    yield start
    for each in opened:
        each.__exit__()
