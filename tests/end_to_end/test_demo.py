"""The main job, end to end: `make demo` as a test."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
STEPS = 8
REPR = re.compile(r"datetime\.|[\[{(]'|'[\]})]|\w\((?:\w+=)|\bNone\b|\bTrue\b|<\w+[ .]")
"""What Python's representation of a value looks like. The demo is told in sentences and tables."""


def processes() -> set[str]:
    """The command lines of processes of a sandbox or of Terraform that this checkout, or a demo's folder, started."""
    found: set[str] = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            place = str((folder / "cwd").readlink())
        except OSError:
            continue
        is_ours = str(ROOT) in line or str(ROOT) in place or "usermgr-demo-" in place
        if is_ours and any(name in line for name in ("usermgr_sandbox", "awslambdaric", "terraform-provider")):
            found.add(f"{folder.name} {line}")
    return found


@pytest.mark.timeout(420)
def test_demo_keeps_every_promise() -> None:
    """The demo ends with status 0 and one title per step, shows no secret, and leaves no process behind."""
    before = processes()
    done = subprocess.run(
        [sys.executable, "-m", "demo"], cwd=ROOT, capture_output=True, text=True, timeout=400, check=False
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert [line.split(".")[0] for line in lines if line[:1].isdigit()] == [str(n) for n in range(1, STEPS + 1)]
    assert REPR.findall(done.stdout) == []
    assert "a-Long-passw0rd" not in done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    assert processes() - before == set()


def test_demo_ends_at_once_where_a_step_fails(tmp_path: Path) -> None:
    """Without Terraform the demo names the step and the remedy, ends with a non-zero status, and leaves nothing."""
    before = processes()
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        env=environment,
        check=False,
    )
    assert done.returncode == 1
    assert "terraform" in done.stderr.lower()
    assert "step 3" in done.stderr
    assert processes() - before == set()


def test_interrupted_demo_leaves_nothing() -> None:
    """A demo that is asked to stop stops everything that it started."""
    before = processes()
    with subprocess.Popen(
        [sys.executable, "-m", "demo"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as demo:
        assert demo.stdout is not None
        for line in demo.stdout:
            if line.startswith(b"2."):
                break
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    ends = time.monotonic() + 10
    while processes() - before and time.monotonic() < ends:
        time.sleep(0.1)
    assert demo.returncode == 143
    assert processes() - before == set()
