"""Does memory stay the same, however many people are exported and imported?

    .venv/bin/python -m benchmarks.bulk.memory [users] [few]

Exports `users` (default 200,000) people without passwords from a stub, and imports them into a new local store, each in
a process of its own; and before that the same with `few` of them (default 10,000). Prints rates and peaks of resident
memory. The local store's page cache is full after some 40,000 users, so an import may take more by its size and a bit:
exits with 1 where a peak grows by more than 20 MB. (`benchmarks/bulk/local.py` compares rates.)
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import usermgr_local
from benchmarks.bulk.stub import StubStore
from usermgr import Condition, User, UserMatches, UserStatus
from usermgr.validation import PAGE_LIMIT
from usermgr_bulk import export_users, import_users, read_export

GROWTH = 20
"""MB by which a peak may be higher, however many there are: 100 bytes a user would be five times that for a million."""

WHEN = datetime(2026, 1, 31, tzinfo=UTC)


class Endless(StubStore):
    """Users that are made up when they are asked for; every third is in a group."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self.count = count
        self.add_group("staff")

    def find_users(
        self, conditions: Sequence[Condition] = (), *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> UserMatches:
        start, step = int(page_token or 0), 3 if conditions else 1
        numbers = range(start, min(start + limit * step, self.count), step)
        users = [
            User(
                f"u{n}",
                f"s{n}",
                UserStatus.CONFIRMED,
                True,
                WHEN,
                WHEN,
                {"email": f"u{n}@example.org", "name": f"User {n}"},
            )
            for n in numbers
        ]
        more = start + limit * step
        return UserMatches(users, str(more) if more < self.count else None, (0,) if conditions else ())


def work(what: str, folder: Path, count: int) -> dict[str, Any]:
    """One of the two in this process."""
    start = time.perf_counter()
    if what == "export":
        done = export_users(Endless(count), folder / "people").users
    else:
        export = read_export(folder / "people")
        with usermgr_local.create(path=folder / "users.db") as users:
            done = import_users(users, export, journal=folder / "journal", groups=export.groups()).rows
    seconds = time.perf_counter() - start
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"done": done, "per_second": done / seconds, "peak": peak}


def main(count: int, few: int) -> int:
    """Prints what both sizes took."""
    fine = True
    peaks: dict[str, float] = {}
    for size in (few, count):
        with tempfile.TemporaryDirectory() as name:
            for what in ("export", "import"):
                command = [sys.executable, "-m", "benchmarks.bulk.memory", "--work", what, name, str(size)]
                found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
                grown = found["peak"] / peaks.setdefault(what, found["peak"])
                rate, peak = found["per_second"], found["peak"]
                print(f"{what} {found['done']:8}  {rate:7.0f} a second  peak {peak:5.0f} MB ({grown:.2f})", flush=True)
                fine = fine and peak - peaks[what] <= GROWTH
    return int(not fine)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        print(json.dumps(work(sys.argv[2], Path(sys.argv[3]), int(sys.argv[4]))))
    else:
        sizes = [int(argument) for argument in sys.argv[1:]]
        sys.exit(main(*(sizes + [200_000, 10_000][len(sizes) :])))
