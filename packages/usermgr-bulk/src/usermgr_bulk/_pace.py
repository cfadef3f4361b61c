"""How fast requests may go: a bucket for each category of the store, slower after each refusal.

>>> clock, pauses = [0.0], []
>>> pace = Pace({"creation": 10}, now=lambda: clock[0])
>>> for _ in range(5):
...     pace.wait({"creation": 1}, pauses.append)
>>> [round(pause, 1) for pause in pauses]
[0.1, 0.2, 0.3, 0.4]
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Mapping

__all__ = ["Pace"]

CATCH_UP = 0.25
"""Seconds of lost time that may be made up for. It is far under the second by which services count."""

SLOWER, FLOOR, RECOVERY = 0.7, 0.1, 0.05
"""What a refusal leaves of a rate, what stays at least, and how much of it comes back each second."""

GROWTH, FIRST_PEAK = 0.25, 20.0
"""Where the store names no rate: how much a rate grows each second, and what is taken for it before it is measured."""


class Pace:
    """Lets requests go at the store's rates, evenly. It is used by many threads."""

    def __init__(
        self, rates: Mapping[str, float], *, share: float = 1.0, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._buckets = {name: _Bucket(rate * share, now()) for name, rate in rates.items() if rate > 0}
        self._unnamed = _Bucket(None, now())
        self.throttled = 0

    def wait(self, cost: Mapping[str, float], pause: Callable[[float], None]) -> None:
        """Returns when a call of that cost may be made; `pause` sleeps for the seconds that it is given."""
        with self._lock:
            now = self._now()
            delay = max(bucket.reserve(now, requests) for bucket, requests in self._of(cost)) - now
        if delay > 0:
            pause(delay)

    def slow_down(self, cost: Mapping[str, float]) -> None:
        """A call of that cost was refused because there were too many."""
        with self._lock:
            self.throttled += 1
            now = self._now()
            for bucket, _ in self._of(cost):
                bucket.slow_down(now)

    def _of(self, cost: Mapping[str, float]) -> list[tuple[_Bucket, float]]:
        known = [(self._buckets[name], requests) for name, requests in cost.items() if name in self._buckets]
        return known or [(self._unnamed, 1)]


class _Bucket:
    """One category. Without a known rate it measures its own, and may grow beyond what it has measured."""

    def __init__(self, nominal: float | None, now: float) -> None:
        self._nominal = nominal
        self._rate = nominal
        self._next = now
        self._recovered, self._slowed = now, -math.inf
        self._peak, self._window, self._count = FIRST_PEAK, now, 0.0

    def reserve(self, now: float, requests: float) -> float:
        """The moment at which the requests may begin."""
        self._measure(now, requests)
        if self._rate is None:
            return now
        self._recover(now)
        start = max(self._next, now - CATCH_UP)
        self._next = start + requests / self._rate
        return start

    def slow_down(self, now: float) -> None:
        if self._rate is not None and now - self._slowed < 1:
            return  # the refusals of one second are one message
        self._peak = max(self._peak, self._count / max(now - self._window, 0.1))
        reference = self._nominal or self._peak
        self._rate = max((self._rate or reference) * SLOWER, reference * FLOOR)
        self._slowed = self._recovered = now

    def _recover(self, now: float) -> None:
        if self._rate is None:
            return
        passed = now - self._recovered
        if self._nominal is None:
            self._rate += max(self._peak * RECOVERY, self._rate * GROWTH) * passed
        else:
            self._rate = min(self._nominal, self._rate + self._nominal * RECOVERY * passed)
        self._recovered = now

    def _measure(self, now: float, requests: float) -> None:
        if self._nominal is not None:
            return
        passed = now - self._window
        if passed >= 1:
            self._peak = max(self._peak, self._count / passed)
            self._window, self._count = now, 0.0
        self._count += requests
