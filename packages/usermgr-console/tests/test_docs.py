"""What docs/console.md and the package's README say is so."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
import urllib.request
from dataclasses import fields
from pathlib import Path
from typing import IO, Any

import pytest
from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from usermgr_console import Config, _config, from_environment
from usermgr_console._shield import ALIVE

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "console.md"
DEPLOY = Path(__file__).parents[1] / "deploy"


def run(page: Path) -> dict[str, Any]:
    """Runs the page's examples; their names."""
    document = Sybil([PythonCodeBlockParser()]).parse(page)
    for example in document.examples():
        example.evaluate()
    return document.namespace


async def status(app: Any, path: str) -> tuple[int, str]:
    """The status and the first header `location` of a page of a mounted console."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "",
        "scheme": "https", "headers": [(b"host", b"people.example.org")], "client": ("192.0.2.1", 1),
        "http_version": "1.1", "server": ("127.0.0.1", 1),
    }  # fmt: skip
    await app(scope, receive, send)
    return sent[0]["status"], dict(sent[0]["headers"]).get(b"location", b"").decode()


def test_the_console_can_be_mounted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the page runs, and its pages lead to each other below the path that it is mounted at."""
    monkeypatch.chdir(tmp_path)
    names = run(PAGE)

    assert asyncio.run(status(names["app"], "/staff/people")) == (303, "/staff/sign-in?next=%2Fpeople")
    assert asyncio.run(status(names["app"], "/staff/sign-in"))[0] == 200
    assert asyncio.run(status(names["app"], f"/staff{ALIVE}"))[0] == 200
    names["console"].close()
    names["store"].close()


def test_the_readme_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The example of the package's README runs."""
    monkeypatch.chdir(tmp_path)
    names = run(ROOT / "packages" / "usermgr-console" / "README.md")
    names["app"].close()
    names["users"].close()


def test_every_setting_is_documented() -> None:
    """The table has each member of `Config` and each variable that it reads, and no others."""
    table = PAGE.read_text().partition("## Settings")[2].partition("## Sign-in")[0]
    first = re.findall(r"^\| (`[^|]+`) \|", table, re.MULTILINE)
    members = {name for cell in first for name in re.findall(r"`(\w+)`", cell)}
    variables = set(re.findall(r"`(USERMGR_CONSOLE_\w+)`", table))
    source = Path(_config.__file__).read_text()
    suffixes = set(re.findall(r'f"{prefix}(\w+)"', source))
    groups = {"READERS", "SUPPORT", "ADMINISTRATORS", "IDLE_MINUTES", "ABSOLUTE_MINUTES"}

    assert members == {field.name for field in fields(Config)}
    assert variables == {f"USERMGR_CONSOLE_{suffix}" for suffix in suffixes | groups}


def test_the_recipe_starts_what_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The unit names the factory, which makes a console from the environment; the proxy passes on what is believed."""
    unit, proxy = (DEPLOY / "usermgr-console.service").read_text(), (DEPLOY / "nginx.conf").read_text()
    for name, value in {
        "USERMGR_BACKEND": "local", "USERMGR_LOCAL_PATH": str(tmp_path / "users.db"),
        "USERMGR_CONSOLE_ORIGIN": "https://people.example.org", "USERMGR_CONSOLE_FOLDER": str(tmp_path / "console"),
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)

    console = from_environment()

    assert "usermgr_console:from_environment" in unit
    assert {"--no-access-log", "--no-proxy-headers"} <= set(unit.split())
    assert "proxy_set_header Host $host;" in proxy
    assert asyncio.run(status(console, "/people"))[0] == 303
    console.close()


def test_the_command_is_registered() -> None:
    """`usermgr console` is found by its entry point, and loading it loads no server."""
    project = tomllib.loads((DEPLOY.parent / "pyproject.toml").read_text())["project"]

    assert project["entry-points"]["usermgr.commands"] == {"console": "usermgr_console.cli:console"}


def open_link(
    process: subprocess.Popen[str], output: IO[str] | None, end: signal.Signals = signal.SIGINT
) -> tuple[str, str]:
    """The address and the page that the printed link leads to; then ends the console as Ctrl-C does, or that signal."""
    try:
        assert output
        link = next(line.strip() for line in output if "http://" in line)
        with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link, timeout=60) as answer:
            return answer.url, answer.read().decode()
    finally:
        process.send_signal(end)
        process.wait(timeout=60)


def test_the_sample_console_prints_a_link_that_works(sample: Path, tmp_path: Path) -> None:
    """`make console` prints one link, which opens a page of the console; ending it ends all."""
    shutil.copytree(sample, tmp_path / "store", dirs_exist_ok=True)
    (tmp_path / "store").chmod(0o700)
    command = [sys.executable, "-m", "usermgr_console", "--folder", str(tmp_path / "store")]

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        url, page = open_link(process, process.stdout)

    assert url.endswith("/enter")
    assert "Open the console" in page
    assert process.returncode == 0


def test_the_command_serves_the_store_in_force(sample: Path, tmp_path: Path) -> None:
    """`usermgr console` prints its link to standard error, serves, and leaves nothing when its terminal is closed."""
    shutil.copytree(sample, tmp_path / "store")
    environment = {
        **os.environ, "USERMGR_BACKEND": "local", "USERMGR_LOCAL_PATH": str(tmp_path / "store" / "sample.db"),
        "TMPDIR": str(tmp_path), "HOME": str(tmp_path),
    }  # fmt: skip
    command = [sys.executable, "-m", "usermgr_cli", "console", "--role", "reader"]

    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),  # noqa: PLW1509 - a runner may have it ignored
    ) as process:  # fmt: skip
        url, page = open_link(process, process.stderr, signal.SIGHUP)
        printed = process.stdout.read() if process.stdout else ""

    assert url.endswith("/enter")
    assert "Open the console" in page
    assert "link=" not in printed
    assert process.returncode == 129
    assert list(tmp_path.glob("usermgr-console-*")) == []
