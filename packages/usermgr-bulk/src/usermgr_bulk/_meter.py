"""The rate of a run, and how long it may still take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Mapping

from usermgr_bulk._results import Progress, RowOutcome

__all__ = ["Meter"]

SPAN = 10.0
"""The seconds over which the rate is taken."""


class Meter:
    """Tells `report` how far the run is, at most every `interval` seconds."""

    def __init__(
        self,
        report: Callable[[Progress], None] | None,
        total: int | None,
        *,
        interval: float = 0.5,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report = report
        self._total = total
        self._interval = interval
        self._now = now
        self._seen: deque[tuple[float, int]] = deque()

    @property
    def is_due(self) -> bool:
        """Whether nothing was told for `interval` seconds."""
        return not self._seen or self._now() - self._seen[-1][0] >= self._interval

    def tell(self, done: int, counts: Mapping[RowOutcome, int], throttled: int) -> None:
        """Reports the numbers as they are now, if somebody listens."""
        now = self._now()
        self._seen.append((now, done))
        while self._seen[-1][0] - self._seen[0][0] > SPAN and len(self._seen) > 2:
            self._seen.popleft()
        began, before = self._seen[0]
        rate = (done - before) / (now - began) if now > began else 0.0
        left = (self._total - done) / rate if self._total is not None and rate > 0 else None
        if self._report is not None:
            self._report(Progress(done, self._total, dict(counts), rate, left, throttled))
