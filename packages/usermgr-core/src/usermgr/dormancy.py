"""Users who were not seen for a long time: users and their activity, joined.

>>> from datetime import UTC, datetime, timedelta
>>> policy = DormancyPolicy(
...     idle_for=timedelta(days=90),
...     grace=timedelta(days=14),
...     recording_since=datetime(2026, 1, 1, tzinfo=UTC),
... )

`find_dormant` streams the dormant users; `usermgr.disabling` can disable them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice

from usermgr._manager import UserManager
from usermgr._models import User
from usermgr.activity import BUCKET, Activity, ActivityStore, in_utc
from usermgr.errors import InvalidInputError
from usermgr.search import where
from usermgr.validation import check_group_names, check_type

__all__ = ["Absence", "DormancyPolicy", "DormantUser", "find_dormant", "members_of"]

CHUNK = 100
"""Users whose activity is asked for at once."""


class Absence(StrEnum):
    """Why a user counts as dormant."""

    NEVER_SEEN = "never_seen"
    """Not seen since recording began. The account is older than that, so the user may have been here before."""
    NEVER_SIGNED_IN = "never_signed_in"
    """Never signed in at all: the account is younger than the recording, and nothing was recorded."""
    IN_GRACE = "in_grace"
    """Seen, but only before the limit. The grace period is not over yet."""
    DORMANT = "dormant"
    """Seen, but only before the limit, and the grace period is over."""


@dataclass(frozen=True, slots=True)
class DormancyPolicy:
    """A user is dormant after not being seen for `idle_for`, and may be disabled after a further `grace`.

    `recording_since` is when the store began to record. Nobody can have been seen before that, so absence is counted
    from then at the earliest. `exclude` holds the `sub` or the user name of everybody to leave alone, such as service
    accounts; `members_of` returns the members of groups.

    Raises:
        InvalidInputError: a duration is negative or none, or `recording_since` has no time zone.
    """

    idle_for: timedelta
    recording_since: datetime
    grace: timedelta = timedelta()
    exclude: Collection[str] = frozenset()

    def __post_init__(self) -> None:
        for name, value in (("idle_for", self.idle_for), ("grace", self.grace)):
            check_type(name, value, timedelta)
            if value < timedelta():
                raise InvalidInputError(f"{name} cannot be negative", field=name)
        in_utc(self.recording_since, "recording_since")


@dataclass(frozen=True, slots=True)
class DormantUser:
    """A user who was not seen since the limit."""

    user: User
    absence: Absence
    activity: Activity | None
    idle_since: datetime
    """When the absence began: last seen, else created, else the beginning of recording."""
    due: bool
    """Whether the grace period is over."""


def find_dormant(
    users: Iterable[User], store: ActivityStore, policy: DormancyPolicy, *, now: datetime
) -> Iterator[DormantUser]:
    """The users who are dormant at `now`, in the order of `users`, with a hundred of them in memory."""
    limit = in_utc(now, "now") - policy.idle_for
    left = (u for u in users if u.sub not in policy.exclude and u.username not in policy.exclude)
    while chunk := list(islice(left, CHUNK)):
        activities = (activity for _, activity in store.last_seen_many([user.sub for user in chunk]))
        for user, activity in zip(chunk, activities, strict=True):
            idle_since = _idle_since(user, activity, policy)
            if idle_since <= limit:
                due = idle_since <= limit - policy.grace
                yield DormantUser(user, _absence(user, activity, policy, due=due), activity, idle_since, due)


def members_of(users: UserManager, groups: Iterable[str]) -> frozenset[str]:
    """The `sub` of everybody in these groups, for `DormancyPolicy.exclude`. Raises `GroupNotFoundError`."""
    names = check_group_names(groups)
    return frozenset(user.sub for group in names for user in users.search_users(where("group").equals(group)))


def _idle_since(user: User, activity: Activity | None, policy: DormancyPolicy) -> datetime:
    if activity is not None:
        return activity.last_seen + BUCKET  # the user may have been here until its bucket ended
    return max(user.created_at, policy.recording_since)


def _absence(user: User, activity: Activity | None, policy: DormancyPolicy, *, due: bool) -> Absence:
    if activity is not None:
        return Absence.DORMANT if due else Absence.IN_GRACE
    return Absence.NEVER_SEEN if user.created_at < policy.recording_since else Absence.NEVER_SIGNED_IN
