"""What the corrected backends share: the executor, the keys, the clock, and the codes that were "sent"."""

from __future__ import annotations

import threading
import time
from collections import Counter

from usermgr_sandbox._fidelity.keys import PoolKeys
from usermgr_sandbox._lambda_runtime import Executor

__all__ = ["World"]


class World:
    """One per server."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.endpoint_url = ""
        self.keys = PoolKeys()
        self.sms_codes: dict[tuple[str, str], str] = {}
        self.listing_delay = 0.0
        self._shift = 0.0
        self.lock = threading.Lock()
        self.running: Counter[str] = Counter()
        """Running invocations per function."""

    def now(self) -> float:
        """The time that tokens are issued at, in seconds since 1970."""
        return time.time() + self._shift

    def shift_clock(self, seconds: float) -> None:
        """Issues tokens as if it were that much later (earlier, when negative): for tokens that have really expired."""
        self._shift = seconds

    def delay_listing(self, seconds: float) -> None:
        """Makes ListUsers lag behind by that much."""
        self.listing_delay = seconds

    def reset(self) -> None:
        """Returns to the state after the start."""
        self.executor.reset()
        self.keys.forget()
        self.sms_codes.clear()
        self.listing_delay = 0.0
        self._shift = 0.0
