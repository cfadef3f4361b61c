"""One call of the store, as a value, and the one place that makes it: paced, and repeated where that is safe."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from usermgr import Change, StoreDescription, UserManager
from usermgr.backoff import Backoff
from usermgr.errors import (
    AccessDeniedError,
    AuditError,
    ConcurrentChangeError,
    ConfigurationError,
    LimitExceededError,
    RemoteCrashedError,
    RemoteNotFoundError,
    RemoteTimeoutError,
    ServiceTimeoutError,
    ServiceUnavailableError,
    StoreNotFoundError,
    ThrottledError,
    UsermgrError,
    VersionMismatchError,
)
from usermgr.operations import OPERATIONS, Access
from usermgr_bulk._pace import Pace

__all__ = ["STOPPING", "UNCERTAIN", "Call", "Caller", "StopRun"]

UNCERTAIN = (ServiceTimeoutError, ServiceUnavailableError, RemoteTimeoutError, RemoteCrashedError)
"""After these a change may have been made."""

STOPPING = (
    AccessDeniedError, StoreNotFoundError, ConfigurationError, RemoteNotFoundError, VersionMismatchError, AuditError,
)  # fmt: skip
"""These meet every row alike, so they end the run, as `LimitExceededError` does for what creates or sends."""

UNREPEATABLE = frozenset({"add_user", "add_group", "invite_user", "resend_invitation", "reset_password"})
"""The changes whose second time is not like the first: all others leave the store as the first time did."""

TRIES, THROTTLED_TRIES = 6, 100
"""How often a call is made that fails, and one that the service had no time for."""

AWAY = 10
"""After so many calls in a row that the service never answered, it is away, and the run ends."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call of one operation. Its arguments never show, because a password may be among them.

    >>> Call("get_user", {"username": "ada"})
    Call(operation='get_user')
    """

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any], repr=False)
    once: bool = field(default=False, repr=False)
    """Whether a second time would do more than the first, such as send another message."""

    @property
    def changes(self) -> bool:
        """Whether the operation changes something."""
        return OPERATIONS[self.operation].access is not Access.READ

    def to_change(self) -> Change:
        """The same for `write_many`."""
        return Change(self.operation, self.arguments)


class StopRun(Exception):  # noqa: N818 - not an error: it unwinds a worker
    """The run is to end at the next call; `__cause__`, if there is one, says why."""


class Caller:
    """Makes calls for a run, from any of its threads."""

    def __init__(
        self,
        users: UserManager,
        description: StoreDescription,
        pace: Pace,
        *,
        stopping: threading.Event,
        backoff: Backoff | None = None,
    ) -> None:
        self._users = users
        self._description = description
        self._stopping = stopping
        self._first = backoff or Backoff()
        self._away = 0
        self.pace = pace

    def call(self, call: Call) -> Any:
        """What the operation returns.

        Raises the error that remains. `StopRun` where the run is to end, or the error ends it.
        """
        cost = self.cost(call)
        backoff = Backoff(self._first.first, self._first.longest, None, self._first.now, self.pause, self._first.jitter)
        failures = refusals = 0
        for _ in backoff.attempts():
            self.pace.wait(cost, self.pause)
            self.pause(0)
            try:
                result = getattr(self._users, call.operation)(**call.arguments)
            except ThrottledError as error:
                self.pace.slow_down(cost)
                refusals += 1
                if refusals >= THROTTLED_TRIES:
                    raise StopRun from error
            except UsermgrError as error:
                failures += 1
                if failures >= TRIES or not self.may_repeat(call, error):
                    self.stop_for(call, error)
                    raise
            else:
                self._away = 0
                return result
        raise AssertionError("attempts without an end have ended")

    def ask(self, call: Call) -> Any:
        """As `call`, outside a run: raises the error that would end one, and `KeyboardInterrupt` when it is to end."""
        try:
            return self.call(call)
        except StopRun as end:
            raise end.__cause__ or KeyboardInterrupt from None

    def stop_for(self, call: Call, error: UsermgrError) -> None:
        """Raises `StopRun` where no other row can fare better than the one whose call ended with this error."""
        self._away = self._away + 1 if isinstance(error, ServiceUnavailableError) else 0
        # A limit of the account, such as that on e-mails a day; that on the groups of one user is the row's own.
        limited = isinstance(error, LimitExceededError) and (call.once or call.operation in UNREPEATABLE)
        if isinstance(error, STOPPING) or limited or self._away >= AWAY:
            raise StopRun from error

    def cost(self, call: Call) -> Mapping[str, float]:
        """What the call asks of the service, by category."""
        given = (name for name, value in call.arguments.items() if value is not None)
        return self._description.cost(call.operation, *given)

    def pause(self, seconds: float) -> None:
        """Sleeps. Raises `StopRun` as soon as the run is to end."""
        if self._stopping.wait(seconds) if seconds > 0 else self._stopping.is_set():
            raise StopRun

    @staticmethod
    def may_repeat(call: Call, error: UsermgrError) -> bool:
        """Whether the same call may be made again: it did nothing, or would do nothing else."""
        if not error.retryable:
            return False
        did_nothing = isinstance(error, (ThrottledError, ConcurrentChangeError))
        return did_nothing or not (call.once or call.operation in UNREPEATABLE)
