"""Retrying: one loop for every failure that may be temporary, with an injected clock.

>>> pauses = []
>>> backoff = Backoff(first=1, longest=3, tries=4, jitter=lambda: 1.0, sleep=pauses.append)
>>> [attempt.number for attempt in backoff.attempts()]
[1, 2, 3, 4]
>>> pauses
[1.0, 2.0, 3.0]
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

__all__ = ["Attempt", "Backoff"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try: its number, from 1, and the pause in seconds before the next one."""

    number: int
    pause: float
    is_last: bool
    started: float
    now: Callable[[], float]

    @property
    def elapsed(self) -> float:
        """Seconds since the first try began."""
        return self.now() - self.started

    def may_wait(self, budget: float) -> bool:
        """Whether another try is left, and would begin within `budget` seconds of the first."""
        return not self.is_last and self.elapsed + self.pause <= budget


@dataclass(frozen=True, slots=True)
class Backoff:
    """Pauses that double from `first` to `longest` seconds, each shortened at random so that callers spread out.

    `tries` is the number of attempts; `None` means that the caller ends the loop. `jitter` returns 0 to 1, where 1
    keeps the whole pause; a pause is never shorter than a tenth.
    """

    first: float = 0.5
    longest: float = 10.0
    tries: int | None = None
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[], float] = random.random

    def attempts(self) -> Iterator[Attempt]:
        """Yields the attempts, and sleeps between them; leave the loop when one succeeds."""
        started, ceiling, number = self.now(), min(self.first, self.longest), 0
        while self.tries is None or number < self.tries:
            number += 1
            pause = ceiling * (0.1 + 0.9 * self.jitter())
            yield Attempt(number, pause, number == self.tries, started, self.now)
            if number != self.tries:
                self.sleep(pause)
            ceiling = min(ceiling * 2, self.longest)
