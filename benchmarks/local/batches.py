"""How much faster are many users added by `write_many` than one by one?

    .venv/bin/python benchmarks/local/batches.py [users]

Adds users without passwords to two new stores on the same disk, in turns of a few hundred, so that both meet the same
noise. One by one is a sync for each user; the one-by-one store gets a tenth of the users. What batches save is syncs,
so the ratio is about 5 on a quiet machine whose disk syncs in a third of a millisecond, and 15 on a busy one.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import usermgr_local
from usermgr import Change

TURNS = 10


def changes(count: int) -> Iterator[Change]:
    """That many new users."""
    for number in range(count):
        attributes = {"email": f"user{number}@example.org", "name": f"User {number}"}
        yield Change("add_user", {"username": f"user{number}", "attributes": attributes})


def main(count: int) -> None:
    """Prints both rates and their ratio."""
    spent = {"batches": 0.0, "one by one": 0.0}
    few = count // 10
    with tempfile.TemporaryDirectory() as directory:
        many = usermgr_local.create(path=Path(directory) / "many.db")
        single = usermgr_local.create(path=Path(directory) / "single.db")
        for_many, for_single = changes(count), changes(few)
        for _ in range(TURNS):
            start = time.perf_counter()
            added = sum(outcome.succeeded for outcome in many.write_many(islice(for_many, count // TURNS)))
            spent["batches"] += time.perf_counter() - start
            if added != count // TURNS:
                raise SystemExit("a change was refused")
            start = time.perf_counter()
            for change in islice(for_single, few // TURNS):
                single.add_user(**change.arguments)
            spent["one by one"] += time.perf_counter() - start
        found = many.count_users(exact=True), single.count_users(exact=True)
        many.close()
        single.close()
    rates = {"batches": found[0] / spent["batches"], "one by one": found[1] / spent["one by one"]}
    for name, users in zip(rates, found, strict=True):
        print(f"{name:12} {users:7} users   {rates[name]:8.0f} a second")
    ratio = rates["batches"] / rates["one by one"]
    print(f"ratio {ratio:.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
