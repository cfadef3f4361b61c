"""What was acknowledged is on the disk, and what was killed left nothing half-done."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent


def run(script: str, *arguments: object) -> Any:
    """Runs a script beside this file, and returns the JSON that it prints."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_acknowledged_operation_was_synced(path: Path) -> None:
    """Each operation that writes syncs the log before it returns, and a batch of changes does it once."""
    syncs = run("count_syncs.py", path, "FULL")
    assert [name for name, count in syncs.items() if count < 1] == []
    # One for each batch; SQLite moves the log into the file now and then, which costs a few more.
    assert (syncs["write_many"], syncs["write_many, ten times as many"] // 10) == (1, 1)


def test_the_count_notices_what_is_not_synced(path: Path) -> None:
    """With `synchronous=NORMAL` the same operations are acknowledged without a sync, and the count shows it."""
    syncs = run("count_syncs.py", path, "NORMAL")
    assert sum(count < 1 for count in syncs.values()) > len(syncs) / 2


def test_hundred_kills_leave_nothing_half_applied(path: Path) -> None:
    """After each of 100 kills during writes, every operation is there whole or not at all, and none is lost."""
    result = run("kill_writers.py", path, 50)
    assert result["kills"] == 100
    assert (result["half_applied"], result["lost"]) == ([], [])
    assert result["in_an_operation"] > 50  # else the kills proved little


def test_the_kills_notice_what_is_half_applied(path: Path) -> None:
    """The same kills find half-applied rows in a store that writes without transactions."""
    assert run("kill_writers.py", path, 150, "torn")["half_applied"] != []
