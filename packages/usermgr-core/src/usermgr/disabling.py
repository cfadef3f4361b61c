"""Disabling dormant users: first a plan that can be shown, then a run that does nothing unless it is told to.

`plan_disabling` shows whom it would disable, how long that takes and what it costs; `disable_dormant` carries it out.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Protocol

from usermgr.activity import ActivityStore
from usermgr.backoff import Backoff
from usermgr.dormancy import DormantUser
from usermgr.errors import AccessDeniedError, InvalidInputError, UsermgrError

__all__ = ["DisablePlan", "DisableReport", "DisablesUsers", "disable_dormant", "plan_disabling"]

TRIES = 5
"""How often one user is tried while the service is busy."""


@dataclass(frozen=True, slots=True)
class DisablePlan:
    """What disabling would do, take and cost. `str(plan)` is a sentence for people."""

    users: tuple[DormantUser, ...]
    per_second: float
    price: Decimal | None
    currency: str

    @property
    def duration(self) -> timedelta:
        """How long it takes at the pace of `per_second`."""
        return timedelta(seconds=len(self.users) / self.per_second)

    @property
    def cost(self) -> Decimal | None:
        """The most that it costs; `None` when the price is not known."""
        return None if self.price is None else self.price * len(self.users)

    def __str__(self) -> str:
        if self.cost is None:
            cost = "whether the service bills it is not known here"
        elif not self.cost:
            cost = "not billed"
        else:
            cost = f"billed at most {self.cost} {self.currency}, because the service counts them as active this month"
        return f"disable {len(self.users)} users, {self.duration} at {self.per_second:g} a second; {cost}"


@dataclass(slots=True)
class DisableReport:
    """What was done. User names, each in one list; `failed` has the error's code."""

    dry_run: bool
    disabled: list[str] = field(default_factory=list[str])
    came_back: list[str] = field(default_factory=list[str])
    """Seen again since the plan was made, and left alone."""
    failed: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def done(self) -> int:
        """How many users were looked at."""
        return len(self.disabled) + len(self.came_back) + len(self.failed)


class DisablesUsers(Protocol):
    """What disabling needs of a `UserManager`."""

    def disable_user(self, username: str) -> None:
        """Keeps the user from signing in."""
        ...


def plan_disabling(
    dormant: Iterable[DormantUser], *, per_second: float, price: Decimal | None, currency: str = "USD"
) -> DisablePlan:
    """Plans to disable those who are due and not disabled yet.

    `per_second` is the service's quota for disabling. `price` is the most that it bills per user: 0 for nothing,
    `None` for not known.

    Raises:
        InvalidInputError: `per_second` is not above 0.
    """
    if per_second <= 0:
        raise InvalidInputError("per_second must be above 0", field="per_second")
    return DisablePlan(tuple(d for d in dormant if d.due and d.user.enabled), per_second, price, currency)


def disable_dormant(
    users: DisablesUsers,
    store: ActivityStore,
    plan: DisablePlan,
    *,
    dry_run: bool = True,
    progress: Callable[[DisableReport], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DisableReport:
    """Disables the plan's users, no faster than planned; with `dry_run`, the default, it only looks.

    Users who were seen since the plan was made are left alone. A user who cannot be disabled is noted in the report,
    and the run goes on; `progress` is called with the report after each user.

    Raises:
        AccessDeniedError: the caller lacks the permission to disable users, so the run ends. Users whom `progress` has
            reported as disabled stay disabled.
    """
    report = DisableReport(dry_run)
    backoff = Backoff(first=1, longest=16, tries=TRIES, now=clock, sleep=sleep)
    pace = _Pace(1 / plan.per_second, clock, sleep, turn=clock())
    for dormant in plan.users:
        username = dormant.user.username
        if store.last_seen(dormant.user.sub) != dormant.activity:
            report.came_back.append(username)
        elif dry_run:
            report.disabled.append(username)
        else:
            code = _disable(users, username, backoff, pace)
            if code is None:
                report.disabled.append(username)
            else:
                report.failed[username] = code
        progress(report)
    return report


@dataclass(slots=True)
class _Pace:
    """Keeps requests `interval` seconds apart. Time that was lost is not made up for."""

    interval: float
    clock: Callable[[], float]
    sleep: Callable[[float], None]
    turn: float

    def wait(self) -> None:
        """Waits for the turn of the next request."""
        self.sleep(max(0.0, self.turn - self.clock()))
        self.turn = max(self.turn, self.clock()) + self.interval


def _disable(users: DisablesUsers, username: str, backoff: Backoff, pace: _Pace) -> str | None:
    """The code of the error that remained, if one did."""
    code = None
    for _ in backoff.attempts():
        pace.wait()
        try:
            users.disable_user(username)
        except AccessDeniedError:
            raise
        except UsermgrError as error:
            code = error.code
            if not error.retryable:
                return code
        else:
            return None
    return code
