"""What the corrected backends share: the executor, the keys, the clock, and the codes that were "sent"."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextvars import ContextVar

from usermgr_sandbox._fidelity.keys import PoolKeys
from usermgr_sandbox._fidelity.messages import Messages
from usermgr_sandbox._fidelity.pages import PageTokens
from usermgr_sandbox._lambda_runtime import Executor

__all__ = ["World", "force_alias", "mediums"]

force_alias: ContextVar[bool] = ContextVar("force_alias", default=False)
"""ForceAliasCreation of the AdminCreateUser that is being answered, which moto does not pass on:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html"""

mediums: ContextVar[tuple[str, ...]] = ContextVar("mediums", default=())
"""DesiredDeliveryMediums of the AdminCreateUser that is being answered, which moto does not pass on either."""


class World:
    """One per server."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.endpoint_url = ""
        self.keys = PoolKeys()
        self.pages = PageTokens(self.now)
        self.messages = Messages(self.now)
        self.listing_delay = 0.0
        self.incomplete_users = False
        """Whether AdminCreateUser accepts users without the attributes that the pool requires."""
        self._shift = 0.0
        self.lock = threading.Lock()
        self.running: Counter[str] = Counter()
        """Running invocations per function."""

    def now(self) -> float:
        """The time by which tokens, sessions, codes and passwords are issued and expire, and by which listings lag; in
        seconds since 1970.
        """
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
        self.pages.forget()
        self.messages.forget()
        self.listing_delay = 0.0
        self.incomplete_users = False
        self._shift = 0.0
