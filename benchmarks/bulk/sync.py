"""How many requests does a plan take, when there is nothing to do?

    .venv/bin/python -m benchmarks.bulk.sync [people]

Plans a document that declares everybody (default 10,000) with their groups, against a stub that counts requests. Shows
the requests by operation and the pages that there are to read: those of groups, of the members of each group, and of
users, of sixty each. Exits with 1 where there are more requests than pages, and one for the store's description.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from benchmarks.bulk.stub import StubStore
from usermgr import StoreDescription
from usermgr.validation import PAGE_LIMIT
from usermgr_bulk.sync import parse_desired, plan_sync


class Counting(StubStore):
    """A store that counts `describe` too."""

    def describe(self) -> StoreDescription:
        self.calls["describe"] += 1
        return super().describe()


@dataclass(frozen=True)
class Measured:
    """What a plan took."""

    calls: Mapping[str, int]
    pages: int
    """The pages that there are to read."""
    reading: float
    planning: float
    """Seconds."""


def measure(people: int = 10_000, groups: int = 5) -> Measured:
    """Plans for a store that is as declared; everybody is in each of the groups."""
    store = Counting()
    names = [f"group{number}" for number in range(groups)]
    for name in names:
        store.add_group(name)
    lines = ["users:"]
    for number in range(people):
        store.add_user(f"user{number}", None, {"email": f"user{number}@example.org"})
        store.members.update((f"user{number}", name) for name in names)
        lines += [
            f"  - username: user{number}",
            f"    attributes: {{email: user{number}@example.org}}",
            "    enabled: true",
            f"    groups: [{', '.join(names)}]",
        ]
    store.calls.clear()
    start = time.perf_counter()
    desired = parse_desired("\n".join(lines), "yaml")
    read = time.perf_counter()
    plan = plan_sync(store, desired, prune="delete")
    if not plan.is_empty:
        raise SystemExit("the plan is not empty")
    pages = ceil(groups / PAGE_LIMIT) + (groups + 1) * ceil(people / PAGE_LIMIT)
    return Measured(dict(store.calls), pages, read - start, time.perf_counter() - read)


def main() -> int:
    """The command."""
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    found = measure(people)
    requests = sum(found.calls.values())
    print(f"{people:,} people with nothing to do: {requests} requests, {found.calls}")
    print(f"pages to read: {found.pages}, and one request for the store's description")
    print(f"reading the document {found.reading:.1f} s, planning {found.planning:.1f} s")
    return 0 if requests == found.pages + 1 else 1


if __name__ == "__main__":
    sys.exit(main())
