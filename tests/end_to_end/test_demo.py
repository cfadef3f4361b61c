"""The main job, end to end: `make demo` as a test."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS = 8
REPR = re.compile(r"datetime\.|[\[{(]'|'[\]})]|\w\((?:\w+=)|\bNone\b|\bTrue\b|<\w+[ .]")
"""What Python's representation of a value looks like. The demo is told in sentences and tables."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """For all temporary files of one demo. Its path is short, since Terraform's sockets lie below it."""
    with tempfile.TemporaryDirectory(prefix="usermgr-") as name:
        yield Path(name)


def start(folder: Path, **more: str) -> subprocess.Popen[str]:
    """The demo, as `make demo` runs it, with its temporary files in that folder."""
    return subprocess.Popen(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(folder), **more},
    )


def processes(folder: Path) -> list[str]:
    """The command lines of what a demo has started, by its folder: in their environment, or around where they run."""
    found: list[str] = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            environment = (process / "environ").read_bytes().decode(errors="replace")
            place = str((process / "cwd").readlink())
            line = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if f"TMPDIR={folder}\0" in environment or place.startswith(f"{folder}/"):
            found.append(line)
    return found


def left(folder: Path) -> list[str]:
    """What of it still runs after a minute: who is told to end takes a moment."""
    ends = time.monotonic() + 60
    while (running := processes(folder)) and time.monotonic() < ends:
        time.sleep(0.1)
    return running


@pytest.mark.timeout(420)
def test_demo_keeps_every_promise(folder: Path) -> None:
    """The demo ends with status 0 and one title per step, shows no secret, and leaves no process behind."""
    with start(folder) as demo:
        told, errors = demo.communicate(timeout=400)
    print(told)
    assert demo.returncode == 0, errors[-2000:]
    lines = told.splitlines()
    assert [line.split(".")[0] for line in lines if line[:1].isdigit()] == [str(n) for n in range(1, STEPS + 1)]
    assert REPR.findall(told) == []
    assert "a-Long-passw0rd" not in told + errors
    assert "\x1b" not in told
    assert left(folder) == []


def test_demo_ends_at_once_where_a_step_fails(folder: Path, tmp_path: Path) -> None:
    """Without Terraform the demo names the step and the remedy, ends with a non-zero status, and leaves nothing."""
    with start(folder, PATH=str(tmp_path)) as demo:
        _, errors = demo.communicate(timeout=120)
    assert demo.returncode == 1
    assert "terraform" in errors.lower()
    assert "step 3" in errors
    assert left(folder) == []


def test_interrupted_demo_leaves_nothing(folder: Path) -> None:
    """A demo that is asked to stop stops everything that it started."""
    with start(folder) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith("2."):
                break
        assert any("usermgr_sandbox" in line for line in processes(folder))
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    assert demo.returncode == 143
    assert left(folder) == []
