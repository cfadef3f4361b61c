"""How much memory does a long list take, and how long?

    .venv/bin/python benchmarks/cli/many.py [users]

Makes local stores of 1,000, 100,000 and 200,000 users, and lists each to a pipe, as lines, JSON, JSON lines and CSV.
Prints the peak of the process's memory and its time. The first of the stores is small enough to be read whole into
SQLite's cache of 16 MiB, and the others fill it: exits with 1 where the longest list takes more than a twentieth more
memory than the one of half its length.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import usermgr_local
from usermgr import Change

WITHIN = 1.05
FORMS = {"lines": [], "json": ["-o", "json"], "jsonl": ["-o", "jsonl"], "csv": ["-o", "csv"]}


def make(path: Path, number: int) -> None:
    """A store of so many users."""
    with usermgr_local.connect(path=str(path)) as users:
        changes = (
            Change(
                "add_user",
                {"username": f"user{n:06}", "attributes": {"email": f"user{n}@example.org", "name": f"U {n}"}},
            )
            for n in range(number)
        )
        for outcome in users.write_many(changes):
            if outcome.error is not None:
                raise outcome.error


RUN = """
import sys
from usermgr_cli._main import run
status = run(sys.argv[1:])
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(peak, file=sys.stderr)
sys.exit(status)
"""
"""The command, and its own peak: what the system tells of a child counts the memory of whoever started it."""


def listed(path: Path, arguments: list[str]) -> tuple[float, float, int]:
    """MiB at the peak, seconds, and lines."""
    settings = {"USERMGR_BACKEND": "local", "USERMGR_LOCAL_PATH": str(path), "USERMGR_CONFIG": f"{path}.toml"}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, "user", "list", *arguments],
        env=os.environ | settings, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    lines = 0
    while part := process.stdout.read(65536):
        lines += part.count(b"\n")
    told = process.stderr.read()
    if process.wait():
        raise SystemExit(told.decode())
    return int(told.split()[-1]) / 1024, time.monotonic() - started, lines


def main() -> int:
    """Measures and prints; the exit status."""
    many = int(sys.argv[1]) if sys.argv[1:] else 200_000
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        paths = {number: Path(folder, f"{number}.db") for number in (1_000, many // 2, many)}
        for number, path in paths.items():
            make(path, number)
        for form, arguments in FORMS.items():
            peaks: list[float] = []
            for number, path in paths.items():
                peak, seconds, lines = listed(path, arguments)
                peaks.append(peak)
                print(f"{form:<6} {number:>8,} users: {peak:6.1f} MiB at the peak, {seconds:5.1f} s, {lines:,} lines")
            worst = max(worst, peaks[2] / peaks[1])
    print(f"the longest list takes at most {worst:.2f} times the memory of the one of half its length")
    return 0 if worst <= WITHIN else 1


if __name__ == "__main__":
    sys.exit(main())
