"""What does asyncio cost on top of plain threads, and is the loop still free?

    .venv/bin/python benchmarks/aio/run.py [rounds]

Against a manager whose calls take 25 ms, 100 concurrent calls are made in four ways, in turn: by a
`ThreadPoolExecutor` without a loop, by plain `loop.run_in_executor`, by the same in a coroutine a call (what an
application writes that has no `usermgr.aio`), and by `usermgr.aio`; each with as many threads. While the loop runs, a
task that wants to wake every millisecond notes how late it does. Everything is a median over the rounds, because one
pause of the machine would decide a maximum over all of them (which is printed too). Exits with 1 when `usermgr.aio`
takes more than 1.3 times as long as plain threads, or when the loop's lag in a round (99th percentile and maximum) is
worse than with plain `run_in_executor` by more than a tenth and a millisecond.
"""

from __future__ import annotations

import asyncio
import functools
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from usermgr import UserManager
from usermgr.aio import AsyncUserManager

CALLS, SECONDS, TICK = 100, 0.025, 0.001
WITHIN = 1.3


class Slow:
    """A manager whose calls take as long as a request does."""

    def get_user(self, username: str) -> str:
        """Waits, as for a service."""
        time.sleep(SECONDS)
        return username


async def measured(work: Callable[[], Awaitable[Any]], lags: list[float]) -> float:
    """Seconds that the work takes; how late the loop was meanwhile goes into `lags`."""

    async def tick() -> None:
        while True:
            due = time.perf_counter() + TICK
            await asyncio.sleep(TICK)
            lags.append(time.perf_counter() - due)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0.01)
    lags.clear()
    started = time.perf_counter()
    await work()
    took = time.perf_counter() - started
    ticking.cancel()
    return took


def plain_threads(workers: int) -> float:
    """Without a loop."""
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(Slow().get_user, map(str, range(workers))))  # the threads are there
        started = time.perf_counter()
        list(pool.map(Slow().get_user, map(str, range(CALLS))))
        return time.perf_counter() - started


async def plain_executor(workers: int, lags: list[float]) -> float:
    """With what asyncio itself has."""
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(workers) as pool:

        def calls(count: int) -> Awaitable[Any]:
            slow = Slow()
            return asyncio.gather(
                *(loop.run_in_executor(pool, functools.partial(slow.get_user, str(n))) for n in range(count))
            )

        await calls(workers)
        return await measured(lambda: calls(CALLS), lags)


async def in_coroutines(workers: int, lags: list[float]) -> float:
    """With a coroutine around each call, which `gather` makes a task of."""
    loop = asyncio.get_running_loop()
    slow = Slow()
    with ThreadPoolExecutor(workers) as pool:

        async def call(username: str) -> str:
            return await loop.run_in_executor(pool, functools.partial(slow.get_user, username))

        def calls(count: int) -> Awaitable[Any]:
            return asyncio.gather(*(call(str(n)) for n in range(count)))

        await calls(workers)
        return await measured(lambda: calls(CALLS), lags)


async def ours(workers: int, lags: list[float]) -> float:
    """With `usermgr.aio`."""
    async with AsyncUserManager(cast("UserManager", Slow()), max_workers=workers) as users:

        def calls(count: int) -> Awaitable[Any]:
            return asyncio.gather(*(users.get_user(str(n)) for n in range(count)))

        await calls(workers)
        return await measured(lambda: calls(CALLS), lags)


def main(rounds: int) -> int:
    """Prints the table."""
    failed = False
    print(
        f"{CALLS} calls of {SECONDS * 1000:g} ms at once, {rounds} rounds; lag of a task that wakes every millisecond"
    )
    for workers in (10, 100):
        loops: dict[str, Callable[..., Any]] = {
            "run_in_executor": plain_executor,
            "in coroutines": in_coroutines,
            "usermgr.aio": ours,
        }
        took: dict[str, list[float]] = {"threads": [], **{name: [] for name in loops}}
        lags: dict[str, list[list[float]]] = {name: [] for name in loops}
        for number in range(rounds):
            took["threads"].append(plain_threads(workers))
            for name in sorted(loops, key=lambda name: (list(loops).index(name) + number) % len(loops)):
                noted: list[float] = []
                took[name].append(asyncio.run(loops[name](workers, noted)))
                lags[name].append(noted)
        base = statistics.median(took["threads"])
        print(f"\n{workers} threads")
        for name, seconds in took.items():
            median = statistics.median(seconds)
            line = f"  {name:16} {median * 1000:7.1f} ms   {median / base:5.2f} x threads"
            if name in lags:
                p99, most = worst(lags[name])
                ever = max(max(noted) for noted in lags[name])
                line += f"   lag p99 {p99 * 1000:6.2f} ms, max {most * 1000:6.2f} ms ({ever * 1000:.0f} once)"
            print(line)
        ratio = statistics.median(took["usermgr.aio"]) / base
        pairs = zip(worst(lags["usermgr.aio"]), worst(lags["run_in_executor"]), strict=True)
        no_worse = all(own <= 1.1 * plain + 0.001 for own, plain in pairs)
        print(f"  within {WITHIN} of threads: {ratio <= WITHIN}; lag no worse than run_in_executor: {no_worse}")
        failed = failed or ratio > WITHIN or not no_worse
    return int(failed)


def worst(rounds: list[list[float]]) -> tuple[float, float]:
    """The 99th percentile and the maximum of a round, each in the median over the rounds."""
    p99 = statistics.median(statistics.quantiles(lags, n=100, method="inclusive")[98] for lags in rounds)
    return p99, statistics.median(max(lags) for lags in rounds)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20))
