"""Kills writers, again and again, and looks at what they leave: `python kill_writers.py STORE ROUNDS [torn]`.

In each round two processes write to one store until SIGKILL ends both, at a random moment after both began. A writer
reports before each operation what it begins, and after it that it ended. So what the store must hold is known but for
one operation a writer, and that one must be there whole, or not at all. `torn` makes writers without transactions: the
harness has to notice. Prints one JSON object.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import usermgr_local
from usermgr import Tokens
from usermgr_local import Argon2Cost, LocalUserManager
from usermgr_local._database import Database, _connect

CHEAP = Argon2Cost(8, 1, 1)
PASSWORD = "a-Long-passw0rd"
WRITERS = ("a", "b")
NAMES = 6
ATTRIBUTES = ("email", "name", "custom:extra_info")

State = dict[str, dict[str, Any]]
"""What each user has, by name: attributes and groups."""


def profile(mark: str) -> dict[str, str]:
    """Attributes that all say the same, so that a mixture shows."""
    return {"email": f"{mark}@example.org", "email_verified": "true", "name": mark, "custom:extra_info": mark}


# --- The writer --------------------------------------------------------------------------------------


def write_for_ever(path: Path, writer: str, pipe: int, seed: int) -> None:
    """Adds, changes, deletes and signs in its own users, and reports on each operation."""
    rng = random.Random(seed)  # noqa: S311 - the same kills in every run
    users = usermgr_local.create(path=path, argon2=CHEAP)
    there = {user.username for user in users.iter_users() if user.username.startswith(writer)}
    number = 0
    while True:
        number += 1
        name, mark = f"{writer}{rng.randrange(NAMES)}", f"{writer}-{seed}-{number}"
        kind = rng.choice(["update", "delete", "sign_in"]) if name in there else "add"
        os.write(pipe, json.dumps(["begin", kind, name, mark]).encode() + b"\n")
        match kind:
            case "add":
                users.add_user(name, PASSWORD, profile(mark))
                there.add(name)
            case "update":
                users.update_user(name, profile(mark))
            case "delete":
                users.delete_user(name)
                there.discard(name)
            case _:
                assert isinstance(users.authenticate(name, PASSWORD), Tokens)
        os.write(pipe, b'["end"]\n')


@contextmanager
def autocommit(self: Database, begin: str) -> Generator[sqlite3.Connection]:
    """Without any transaction: each statement is committed by itself."""
    if self._connection is None:
        self._connection = _connect(self.path)
    yield self._connection


# --- The judge ---------------------------------------------------------------------------------------


def after(state: State, kind: str, name: str, mark: str) -> State:
    """What the store holds after an operation."""
    changed = dict(state)
    if kind in ("add", "update"):
        changed[name] = profile(mark)
    elif kind == "delete":
        changed.pop(name)
    return changed


def read_state(users: LocalUserManager, writer: str) -> State:
    """What the store holds of one writer's users."""
    return {u.username: dict(u.attributes) for u in users.iter_users() if u.username.startswith(writer)}


def damage(path: Path) -> list[str]:
    """What is wrong with the file itself, or with rows that belong together."""
    connection = sqlite3.connect(path)
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"orphan in {row[0]}" for row in connection.execute("PRAGMA foreign_key_check")]
        found += [
            f"{sub} was seen on no day"
            for (sub,) in connection.execute("SELECT sub FROM activity EXCEPT SELECT sub FROM activity_days")
        ]
        found += [
            f"{sub} was seen on a day, and never"
            for (sub,) in connection.execute("SELECT sub FROM activity_days EXCEPT SELECT sub FROM activity")
        ]
        found += [
            f"user {number} has no texts"
            for (number,) in connection.execute("SELECT id FROM users EXCEPT SELECT user_id FROM texts")
        ]
        return found
    finally:
        connection.close()


def start(path: Path, writer: str, seed: int) -> tuple[int, Any]:
    """A writer's process, and its reports."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(read_end)
            write_for_ever(path, writer, write_end, seed)
        finally:
            os._exit(1)
    os.close(write_end)
    return child, os.fdopen(read_end)


def main(path: Path, rounds: int, *, torn: bool = False) -> dict[str, Any]:
    """All rounds; see the module's docstring."""
    if torn:
        Database._transaction = autocommit  # type: ignore[method-assign]
    rng = random.Random(20260131)  # noqa: S311 - the same kills in every run
    result: dict[str, Any] = {"kills": 0, "in_an_operation": 0, "acknowledged": 0, "half_applied": [], "lost": []}
    states: dict[str, State] = {writer: {} for writer in WRITERS}
    for turn in range(rounds):
        started = [(writer, *start(path, writer, turn)) for writer in WRITERS]
        first = {writer: said.readline() for writer, _, said in started}
        time.sleep(rng.uniform(0, 0.05))
        for _, child, _ in started:
            os.kill(child, signal.SIGKILL)
        users = usermgr_local.create(path=path, argon2=CHEAP)
        for writer, child, said in started:
            status = os.waitpid(child, 0)[1]
            result["kills"] += os.WIFSIGNALED(status)
            reports = [json.loads(line) for line in (first[writer], *said)]
            states[writer] = judge(result, states[writer], reports, users, writer)
            said.close()
        users.close()
        result["half_applied"] += damage(path)
        if torn and result["half_applied"]:
            break
    return result


def judge(
    result: dict[str, Any], state: State, reports: list[list[str]], users: LocalUserManager, writer: str
) -> State:
    """Compares the store with what the writer said, and returns what the store holds."""
    pending: list[str] | None = None
    for report in reports:
        if report[0] == "begin":
            pending = report[1:]
        elif pending is not None:
            state, pending = after(state, *pending), None
            result["acknowledged"] += 1
    result["in_an_operation"] += pending is not None
    found = read_state(users, writer)
    allowed = [state] if pending is None else [state, after(state, *pending)]
    if found not in allowed:
        # A user whose attributes are not a whole profile was half-written; else, something acknowledged is missing.
        torn = [name for name, has in found.items() if has != profile(has.get("name", ""))]
        result["half_applied" if torn else "lost"].append(f"{writer}: {pending}")
    return found


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), int(sys.argv[2]), torn=sys.argv[3:] == ["torn"])))
