"""Does the time of a refused sign-in tell whether the name exists? And what does a sign-in cost?

    .venv/bin/python benchmarks/local/sign_in.py [rounds]

Interleaves, in a random order, sign-ins with a wrong password, with an unknown name and for a disabled user, on a
store with the real Argon2 cost, and compares medians. Exits with 1 when two of them differ by more than 10 %.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import usermgr_local
from usermgr.errors import InvalidCredentialsError

PASSWORD, WRONG = "a-Long-passw0rd", "Wr0ng-password"
LIMIT = 0.10


def main(rounds: int) -> int:
    """Prints medians in milliseconds, and their ratios to a wrong password's."""
    with tempfile.TemporaryDirectory() as directory:
        users = usermgr_local.create(path=Path(directory) / "users.db")
        for name in ("alice", "off"):
            users.add_user(name, PASSWORD)
        users.disable_user("off")
        users.add_user("new")
        tries = {
            "wrong password": ("alice", WRONG),
            "unknown name": ("nobody", WRONG),
            "no password yet": ("new", WRONG),
            "disabled, wrong password": ("off", WRONG),
        }
        times: dict[str, list[float]] = {name: [] for name in tries}
        messages: set[str] = set()
        order = random.Random(1)  # noqa: S311 - the same order in every run
        for _ in range(rounds):
            for name in order.sample(list(tries), len(tries)):
                start = time.perf_counter()
                try:
                    users.authenticate(*tries[name])
                except InvalidCredentialsError as error:
                    times[name].append(time.perf_counter() - start)
                    messages.add(f"{error} {error.details}")
        right = []
        for _ in range(rounds // 4):
            start = time.perf_counter()
            users.authenticate("alice", PASSWORD)
            right.append(time.perf_counter() - start)
        users.close()
    base = statistics.median(times["wrong password"])
    worst = 0.0
    for name, values in times.items():
        ratio = statistics.median(values) / base
        worst = max(worst, abs(ratio - 1))
        print(f"{name:26} median {statistics.median(values) * 1000:7.2f} ms   ratio {ratio:.3f}   n={len(values)}")
    print(f"{'right password':26} median {statistics.median(right) * 1000:7.2f} ms")
    print(
        f"different errors: {len(messages)} (must be 1); largest difference of medians: {worst:.1%} (limit {LIMIT:.0%})"
    )
    return int(worst > LIMIT or len(messages) != 1)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 300))
