"""Who has not been here for long: users and their activity joined, and what may be done about it.

>>> from datetime import UTC, datetime, timedelta
>>> policy = DormancyPolicy(
...     idle_for=timedelta(days=90),
...     grace=timedelta(days=14),
...     recording_since=datetime(2026, 1, 1, tzinfo=UTC),
... )

`find_dormant` streams, `plan_disabling` says what disabling takes and costs, and `disable_dormant` does it, but
only when it is told so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import islice
from typing import Protocol

from usermgr.activity import BUCKET, Activity, ActivityStore, in_utc
from usermgr.errors import AccessDeniedError, InvalidInputError, UsermgrError
from usermgr.manager import UserManager
from usermgr.models import User
from usermgr.search import where

__all__ = [
    "DisablePlan",
    "DisableReport",
    "Dormancy",
    "DormancyPolicy",
    "DormantUser",
    "disable_dormant",
    "find_dormant",
    "members_of",
    "plan_disabling",
]

CHUNK = 100
"""Users whose activity is asked for at once."""

TRIES = 5
"""How often one user is tried while the service says that it is busy."""


class Dormancy(StrEnum):
    """What is known of a user who was not seen since the limit."""

    NEVER_SEEN = "never_seen"
    """Not seen since recording began; the account is older than that, so the user may have been here before."""
    NEVER_SIGNED_IN = "never_signed_in"
    """Never signed in at all: the account is younger than the recording, which has nothing."""
    SEEN_BEFORE = "seen_before"
    """Seen, but only before the limit; still in grace."""
    DORMANT = "dormant"
    """Seen, but only before the limit, and the grace is over."""


@dataclass(frozen=True, slots=True)
class DormancyPolicy:
    """Dormant is who was not seen for `idle_for`; something may be done about it after `grace` more.

    `recording_since` is when the store began to record. Before it nobody was seen, so no absence is counted
    from earlier than that. `exclude` holds the `sub` or the user name of everybody to leave alone, such as
    service accounts; `members_of` gives those of groups.

    Raises:
        InvalidInputError: a duration is negative, or `recording_since` has no time zone.
    """

    idle_for: timedelta
    recording_since: datetime
    grace: timedelta = timedelta()
    exclude: Collection[str] = frozenset()

    def __post_init__(self) -> None:
        for name, value in (("idle_for", self.idle_for), ("grace", self.grace)):
            if value < timedelta():
                raise InvalidInputError(f"{name} cannot be negative", field=name)
        in_utc(self.recording_since, "recording_since")


@dataclass(frozen=True, slots=True)
class DormantUser:
    """A user who was not seen since the limit."""

    user: User
    dormancy: Dormancy
    activity: Activity | None
    idle_since: datetime
    """From when absence is counted: last seen, else created, else the beginning of recording."""
    due: bool
    """Whether the grace is over."""


def find_dormant(
    users: Iterable[User], store: ActivityStore, policy: DormancyPolicy, *, now: datetime
) -> Iterator[DormantUser]:
    """The users that are dormant at `now`, in the order of `users`, with a hundred of them in memory."""
    limit = in_utc(now, "now") - policy.idle_for
    left = (u for u in users if u.sub not in policy.exclude and u.username not in policy.exclude)
    while chunk := list(islice(left, CHUNK)):
        activities = (activity for _, activity in store.last_seen_many([user.sub for user in chunk]))
        for user, activity in zip(chunk, activities, strict=True):
            idle_since = _idle_since(user, activity, policy)
            if idle_since <= limit:
                due = idle_since <= limit - policy.grace
                yield DormantUser(user, _dormancy(user, activity, policy, due=due), activity, idle_since, due)


def members_of(users: UserManager, groups: Iterable[str]) -> frozenset[str]:
    """The `sub` of everybody in these groups, for `DormancyPolicy.exclude`. Raises `GroupNotFoundError`."""
    return frozenset(user.sub for group in groups for user in users.search_users(where("group").equals(group)))


def _idle_since(user: User, activity: Activity | None, policy: DormancyPolicy) -> datetime:
    if activity is not None:
        return activity.last_seen + BUCKET  # the user may have been here until its bucket ended
    return max(user.created_at, policy.recording_since)


def _dormancy(user: User, activity: Activity | None, policy: DormancyPolicy, *, due: bool) -> Dormancy:
    if activity is not None:
        return Dormancy.DORMANT if due else Dormancy.SEEN_BEFORE
    return Dormancy.NEVER_SEEN if user.created_at < policy.recording_since else Dormancy.NEVER_SIGNED_IN


# --- What may be done about it -----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DisablePlan:
    """What disabling would do, take and cost. `str(plan)` says it to a person."""

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


class _DisablesUsers(Protocol):
    def disable_user(self, username: str) -> None: ...


def plan_disabling(
    dormant: Iterable[DormantUser], *, per_second: float, price: Decimal | None, currency: str = "USD"
) -> DisablePlan:
    """Plans to disable those who are due and not disabled yet.

    `per_second` is the service's quota for it, `price` what it bills for each user at the most (0 for nothing,
    `None` for not known).

    Raises:
        InvalidInputError: `per_second` is not above 0.
    """
    if per_second <= 0:
        raise InvalidInputError("per_second must be above 0", field="per_second")
    return DisablePlan(tuple(d for d in dormant if d.due and d.user.enabled), per_second, price, currency)


def disable_dormant(
    users: UserManager | _DisablesUsers,
    store: ActivityStore,
    plan: DisablePlan,
    *,
    dry_run: bool = True,
    progress: Callable[[DisableReport], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> DisableReport:
    """Disables the plan's users, no faster than it says; with `dry_run`, the default, it only looks.

    Whoever was seen since the plan was made is left alone. A user who cannot be disabled is in the report, and
    the rest go on; `progress` gets the report after each user.

    Raises:
        AccessDeniedError: the right to disable is missing, so that nobody could be.
    """
    report = DisableReport(dry_run)
    turn = clock()
    for dormant in plan.users:
        username = dormant.user.username
        if store.last_seen(dormant.user.sub) != dormant.activity:
            report.came_back.append(username)
        elif dry_run:
            report.disabled.append(username)
        else:
            sleep(max(0.0, turn - clock()))
            turn = max(turn, clock()) + 1 / plan.per_second
            code = _disable(users, username, sleep)
            if code is None:
                report.disabled.append(username)
            else:
                report.failed[username] = code
        progress(report)
    return report


def _disable(users: UserManager | _DisablesUsers, username: str, sleep: Callable[[float], None]) -> str | None:
    """The code of the error that stayed, if one did."""
    code = None
    for attempt in range(TRIES):
        try:
            users.disable_user(username)
        except AccessDeniedError:
            raise
        except UsermgrError as error:
            code = error.code
            if not error.retryable:
                return code
            sleep(2**attempt)
        else:
            return None
    return code
