"""Kills an import again and again and resumes it: is anybody missing, or done twice?

    .venv/bin/python -m benchmarks.bulk.kills [kills] [invite]

One import of people who get groups and are disabled is killed by SIGKILL at random moments and resumed each time, until
it ends by itself. The store is a file of effects that the stub appends to before a call returns. With `invite`, each
gets an invitation. Prints one JSON object, and exits with 1 where anybody is missing, done twice, or invited twice.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks.bulk.stub import People, StubStore
from usermgr import Medium
from usermgr_bulk import Existing, ImportOptions, import_users

ROWS_FOR_EACH_KILL = 150


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
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), int(sys.argv[3]), invite=sys.argv[4] == "1")
    else:
        sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, invite="invite" in sys.argv[2:]))
