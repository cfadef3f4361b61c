"""How fast is an import, and does the service ever have to refuse it?

    .venv/bin/python -m benchmarks.bulk.rates [seconds]

Three runs against a stub that takes 25 ms for each request:

- with Cognito's default quotas, people with passwords, which is 30 a second: at least 95 % of that, and no refusal;
- without quotas, by 8 threads and by one: at least 6.5 times as fast, and at most 2.5 ms of CPU a request;
- without quotas, and 30 % of all calls refused at random: everybody is created.

Exits with 1 where one of these does not hold. Each run takes about `seconds` (default 20).
"""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.bulk.stub import PASSWORD, RATES, People, StubStore
from usermgr.backoff import Backoff
from usermgr_bulk import RowOutcome, import_users

LATENCY = 0.025
QUICK = Backoff(first=0.02, longest=0.2)


@dataclass(frozen=True)
class Run:
    """What one import took."""

    created: int
    throttled: int
    requests: int
    seconds: float
    cpu: float

    @property
    def per_second(self) -> float:
        """People a second."""
        return self.created / self.seconds


def measure(store: StubStore, people: People, *, threads: int = 8) -> Run:
    """Imports the people into the store."""
    store.add_group("staff")
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        summary = import_users(store, people, journal=Path(folder) / "journal", threads=threads, backoff=QUICK)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
    return Run(summary.counts[RowOutcome.CREATED], store.throttled, sum(store.calls.values()), seconds, used)


def quota(seconds: float, *, scale: float = 1.0, latency: float = LATENCY) -> tuple[Run, float]:
    """A run under quotas, which are `scale` times Cognito's, and the share of them that it used."""
    rates = {name: rate * scale for name, rate in RATES.items()}
    allowed = rates["UserAccountRecovery"]  # of creation and password the slower
    people = People(int(allowed * seconds * 5 / 6), PASSWORD, groups=False)
    run = measure(StubStore(latency=latency, rates=rates), people)
    return run, run.per_second / allowed


def speed_up(seconds: float, *, latency: float = LATENCY) -> tuple[Run, float]:
    """A run by 8 threads, and how much faster than one thread it was."""
    few = max(1, int(seconds / latency / 2))
    serial = measure(StubStore(latency=latency), People(few), threads=1)
    parallel = measure(StubStore(latency=latency), People(few * 4))
    return parallel, parallel.per_second / serial.per_second


def refusals(seconds: float, *, latency: float = LATENCY) -> tuple[Run, float]:
    """A run of which 30 % of all calls are refused, and the share of people who were created."""
    count = max(1, int(seconds / latency / 4))
    store = StubStore(latency=latency)
    store.add_group("staff")
    store._throttles = 0.3
    with tempfile.TemporaryDirectory() as folder:
        start, cpu = time.perf_counter(), time.process_time()
        summary = import_users(store, People(count), journal=Path(folder) / "journal", backoff=QUICK)
        seconds, used = time.perf_counter() - start, time.process_time() - cpu
    created = summary.counts[RowOutcome.CREATED]
    return Run(created, store.throttled, sum(store.calls.values()), seconds, used), created / count


def main(seconds: float) -> int:
    """Prints the three runs."""
    run, share = quota(seconds)
    print(f"quotas      {run.per_second:6.1f} people a second, {share:.1%} of the quota, {run.throttled} refused")
    fine = share >= 0.95 and run.throttled == 0
    run, ratio = speed_up(seconds)
    cpu = 1000 * run.cpu / run.requests
    print(f"no quotas   {run.per_second:6.1f} people a second, {ratio:.2f} times serial, {cpu:.2f} ms of CPU a request")
    fine = fine and ratio >= 6.5 and cpu <= 2.5
    run, share = refusals(seconds)
    print(f"refusals    {run.per_second:6.1f} people a second, {share:.1%} done, {run.throttled} refused")
    return int(not (fine and share == 1))


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20.0))
