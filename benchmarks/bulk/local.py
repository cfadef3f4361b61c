"""How much faster does `import_users` bring users into the local store than one call for each?

    .venv/bin/python -m benchmarks.bulk.local [users]

Three stores on the same disk get users without passwords, in turns of a tenth, so that all meet the same noise: by
`import_users` with its journal, by the same behind an audit with a file, and by `add_user`, which waits for the disk
once a user (a tenth of the users). Prints the rates, what they are of the last one, and of the 230 users a second that
were measured for it before there were batches. Exits with 1 where the import is under 10 times that.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import usermgr_local
from usermgr import UserManager
from usermgr.audit import Audited, FileSink
from usermgr.records import Row, UserRecord
from usermgr_bulk import Input, import_users

TURNS = 10

BEFORE = 230.0
"""Users a second: 4.3 ms each, one sync."""


@dataclass(frozen=True)
class Slice(Input):
    """People with numbers from `start`."""

    start: int
    count: int

    def records(self) -> Iterator[UserRecord]:
        """The people."""
        for number in range(self.start, self.start + self.count):
            yield UserRecord(f"user{number}", {"email": f"user{number}@example.org", "name": f"User {number}"})

    def rows(self) -> Iterator[Row]:
        """One a line."""
        for line, record in enumerate(self.records(), start=1):
            yield Row(line, record)

    def fingerprint(self) -> str:
        """What tells this input from another."""
        return f"{self.start} {self.count}"


def importing(users: UserManager, folder: Path) -> Callable[[Slice], int]:
    """Imports people, with a journal for each turn."""
    return lambda people: import_users(users, people, journal=folder / f"journal{people.start}").rows


def adding(users: UserManager) -> Callable[[Slice], int]:
    """Adds a tenth of the people one by one."""

    def add(people: Slice) -> int:
        few = Slice(people.start, people.count // 10)
        return sum(bool(users.add_user(record.username, None, record.attributes)) for record in few.records())  # type: ignore[arg-type]

    return add


@dataclass(frozen=True)
class Rate:
    """What one way took."""

    per_second: float
    cpu: float
    """Milliseconds a user."""


def measure(count: int, folder: Path) -> dict[str, Rate]:
    """The rates, by the way that users came in."""
    stores = {way: usermgr_local.create(path=folder / f"{way}.db") for way in ("import", "audited", "one by one")}
    (folder / "audited").mkdir()
    ways = {
        "import": importing(stores["import"], folder),
        "audited": importing(
            Audited(stores["audited"], FileSink(folder / "audit.jsonl", b"k" * 32), "kim"), folder / "audited"
        ),
        "one by one": adding(stores["one by one"]),
    }
    done, spent, cpu = dict.fromkeys(ways, 0), dict.fromkeys(ways, 0.0), dict.fromkeys(ways, 0.0)
    for turn in range(TURNS):
        for way, bring in ways.items():
            start, used = time.perf_counter(), time.process_time()
            done[way] += bring(Slice(turn * (count // TURNS), count // TURNS))
            spent[way] += time.perf_counter() - start
            cpu[way] += time.process_time() - used
    for way, users in stores.items():
        if users.count_users(exact=True) != done[way]:
            raise SystemExit(f"{way}: users are missing")
        users.close()
    return {way: Rate(done[way] / spent[way], 1000 * cpu[way] / done[way]) for way in ways}


def main(count: int) -> int:
    """Prints the rates and their ratios."""
    with tempfile.TemporaryDirectory() as name:
        rates = measure(count, Path(name))
    for way, rate in rates.items():
        speed, alone = rate.per_second, rates["one by one"].per_second
        ratios = f"{speed / alone:5.1f} of one by one   {speed / BEFORE:5.1f} of {BEFORE:.0f}"
        print(f"{way:10} {speed:8.0f} a second   {ratios}   {rate.cpu:.2f} ms of CPU a user")
    return int(rates["import"].per_second < 10 * BEFORE)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
