"""Kills an import or an export again and again and resumes it: is anybody missing, or done twice?

    .venv/bin/python -m benchmarks.bulk.kills [kills] [invite | export]

One import of people who get groups and are disabled is killed by SIGKILL at random moments and resumed each time, until
it ends by itself. The store is a file of effects that the stub appends to before a call returns. With `invite`, each
gets an invitation. Prints one JSON object, and exits with 1 where anybody is missing, done twice, or invited twice.

With `export`, an export of people in a group is killed amid a random one of its next requests, and resumed each time.
Exits with 1 where it does not end with the files of one that was not killed, byte for byte but for the times in the
manifest, or where a run that was killed did not spare the next ones any request.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.bulk.memory import Endless
from benchmarks.bulk.stub import People, StubStore
from usermgr import Medium, UserMatches
from usermgr_bulk import Existing, ImportOptions, export_users, import_users

ROWS_FOR_EACH_KILL = 150

REQUESTS_OF_A_RUN = range(3, 20)
"""After how many requests an export is killed: the page of the first is kept before the second is made."""

USERS_FOR_EACH_KILL = 1080
"""In 18 pages, and as members in 6 more: an export is not over before it was killed often enough."""


def work(folder: Path, rows: int, *, invite: bool) -> None:
    """The process that is killed. Says when it begins."""
    store = StubStore(latency=0.003, log=folder / "store")
    if not store.groups:
        store.add_group("staff")
    print("ready", flush=True)
    options = ImportOptions(existing=Existing.FAIL, invite=Medium.EMAIL if invite else None)
    import_users(store, People(rows), journal=folder / "journal", report=folder / "report", options=options)


def kill(folder: Path, kills: int, *, invite: bool) -> int:
    """Starts the import, kills it, and starts it again; how often it was killed."""
    rows = kills * ROWS_FOR_EACH_KILL
    command = [sys.executable, "-m", "benchmarks.bulk.kills", "--work", str(folder), str(rows), str(int(invite))]
    dice = random.Random(kills)  # noqa: S311 - the same moments in every run
    killed = 0
    while True:
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout is not None
        process.stdout.readline()
        if killed == kills:
            if process.wait() != 0:
                raise SystemExit("the import failed")
            process.stdout.close()
            return killed
        time.sleep(dice.uniform(0, 0.15))
        process.kill()
        if process.wait() == 0:
            raise SystemExit("the import ended before it was killed often enough")
        killed += 1
        process.stdout.close()


def judge(folder: Path, kills: int, *, invite: bool) -> dict[str, Any]:
    """What the store and the report hold in the end."""
    rows = kills * ROWS_FOR_EACH_KILL
    store = StubStore(log=folder / "store")
    report = [json.loads(line) for line in (folder / "report").read_text().splitlines()]
    outcomes = Counter(row["outcome"] for row in report)
    people = [row.record for row in People(rows).rows()]
    kind = "invite" if invite else "add"
    return {
        "kills": kills,
        "rows": rows,
        "reported": len(report),
        "lines": len({row["line"] for row in report}),
        "outcomes": dict(outcomes),
        "missing": sum(p is not None and p.username not in store.users for p in people),
        "without_group": sum(bool(p and p.groups and (p.username, "staff") not in store.members) for p in people),
        "not_disabled": sum(bool(p and p.enabled is False and store.users[p.username].enabled) for p in people),
        "twice": sum(count > 1 for effect, count in store.effects.items() if effect.startswith(kind)),
    }


class Counting(Endless):
    """A store that writes a byte to a file for each request for users, and takes its time."""

    def __init__(self, count: int, log: Path, *, latency: float = 0.0) -> None:
        super().__init__(count)
        self._seconds = latency
        self._log = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def find_users(self, *given: Any, **named: Any) -> UserMatches:
        """As every store."""
        os.write(self._log, b".")
        time.sleep(self._seconds)
        return super().find_users(*given, **named)


def export(folder: Path, count: int) -> None:
    """The process that is killed."""
    export_users(Counting(count, folder / "requests", latency=0.015), folder / "people", resume=True)


def kill_export(folder: Path, kills: int) -> list[int]:
    """Starts the export, kills it, and starts it again; how many requests each run made."""
    requests = folder / "requests"
    requests.touch()
    count = str(kills * USERS_FOR_EACH_KILL)
    command = [sys.executable, "-m", "benchmarks.bulk.kills", "--export", str(folder), count]
    dice = random.Random(kills)  # noqa: S311 - the same requests in every run
    made = [0]
    for _ in range(kills):
        process = subprocess.Popen(command)
        last = made[-1] + dice.choice(REQUESTS_OF_A_RUN)
        while requests.stat().st_size < last and process.poll() is None:
            time.sleep(0.001)
        time.sleep(dice.uniform(0, 0.03))
        process.kill()
        if process.wait() == 0:
            raise SystemExit("the export ended before it was killed often enough")
        made.append(requests.stat().st_size)
    subprocess.run(command, check=True)
    made.append(requests.stat().st_size)
    return [after - before for before, after in pairwise(made)]


def content(folder: Path) -> dict[str, Any]:
    """The files of an export without the times of the manifest."""
    files: dict[str, Any] = {path.name: path.read_bytes() for path in folder.iterdir()}
    manifest = json.loads(files["manifest.json"])
    return {**files, "manifest.json": {**manifest, "began": None, "ended": None}}


def main_export(kills: int) -> int:
    """Prints what was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = kill_export(folder, kills)
        export_users(Counting(kills * USERS_FOR_EACH_KILL, folder / "once"), folder / "whole")
        pages = (folder / "once").stat().st_size
        is_same = content(folder / "people") == content(folder / "whole")
    found = {"kills": kills, "users": kills * USERS_FOR_EACH_KILL, "same": is_same, "requests_without_kills": pages}
    print(json.dumps({**found, "requests": sum(made), "requests_of_last_run": made[-1]}))
    return int(not is_same or made[-1] > pages - kills + 1)  # whose first page may be that of groups


def main(kills: int, *, invite: bool) -> int:
    """Prints what was found."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kill(folder, kills, invite=invite)
        found = judge(folder, kills, invite=invite)
    print(json.dumps(found))
    outcomes, allowed = found["outcomes"], {"created", "unknown"} if invite else {"created"}
    wrong = sum(found[name] for name in ("missing", "without_group", "not_disabled", "twice"))
    whole = found["reported"] == found["lines"] == found["rows"] and set(outcomes) <= allowed
    return int(wrong > 0 or not whole)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--export"]:
        export(Path(sys.argv[2]), int(sys.argv[3]))
    elif sys.argv[2:] == ["export"]:
        sys.exit(main_export(int(sys.argv[1])))
    elif sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), int(sys.argv[3]), invite=sys.argv[4] == "1")
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, invite="invite" in sys.argv[2:]))
