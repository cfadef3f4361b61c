"""User activity: the interface of an activity store, and what a sighting does to a record.

A *sighting* is one user, seen by one client, at a sign-in or at a refresh, in one five-minute bucket of UTC.
A retry looks the same as a second sign-in, so time is kept in buckets: the same sighting twice counts once.

>>> from datetime import UTC, datetime
>>> morning = datetime(2026, 1, 31, 8, 3, 20, tzinfo=UTC)
>>> bucket_of(morning)
datetime.datetime(2026, 1, 31, 8, 0, tzinfo=datetime.timezone.utc)
>>> record, outcome = merge(None, Sighting("0a1b", SightingKind.SIGN_IN, "web", morning))
>>> merge(record, Sighting("0a1b", SightingKind.SIGN_IN, "web", morning)) == (record, Outcome.REPEAT)
True
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import TracebackType
from typing import Self

from usermgr.errors import InvalidInputError, UnsupportedOperationError
from usermgr.validation import check_texts, check_type

__all__ = [
    "BUCKET",
    "Activity",
    "ActivityStore",
    "DailyCount",
    "Outcome",
    "Sighting",
    "SightingKind",
    "bucket_of",
    "in_utc",
    "merge",
]

BUCKET = timedelta(minutes=5)
"""The grain of every time in an activity store."""


class SightingKind(StrEnum):
    """How a user was seen. A refresh counts as seen, not as signed in."""

    SIGN_IN = "sign_in"
    REFRESH = "refresh"


class Outcome(StrEnum):
    """What became of a sighting."""

    RECORDED = "recorded"
    REPEAT = "repeat"
    """The record already has it."""
    LATE = "late"
    """The record already has something later: dropped."""


def in_utc(value: datetime, field: str) -> datetime:
    """`value` in UTC. Raises `InvalidInputError`, naming `field`, when it has no time zone or does not exist in UTC."""
    check_type(field, value, datetime)
    if value.tzinfo is None:
        raise InvalidInputError(
            f"{field} needs a time zone: datetime(..., tzinfo=UTC), not {value.isoformat()}", field=field
        )
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidInputError(f"{field} is not a time that exists in UTC: {value.isoformat()}", field=field) from None


def bucket_of(at: datetime, field: str = "at") -> datetime:
    """The start of the five-minute bucket that `at` falls in, in UTC."""
    moment = in_utc(at, field)
    return moment.replace(minute=moment.minute - moment.minute % 5, second=0, microsecond=0)


@dataclass(frozen=True, slots=True)
class Sighting:
    """A user with the id `sub`, seen at `at` through the app `client_id`.

    Raises:
        InvalidInputError: `sub` or `client_id` is empty, or `at` has no time zone.
    """

    sub: str
    kind: SightingKind
    client_id: str
    at: datetime

    def __post_init__(self) -> None:
        check_texts(sub=self.sub, client_id=self.client_id)
        check_type("kind", self.kind, SightingKind)
        in_utc(self.at, "at")

    @property
    def bucket(self) -> datetime:
        """The bucket's start, which is the time that a record keeps."""
        return bucket_of(self.at)


@dataclass(frozen=True, slots=True)
class Activity:
    """What is known of one user since recording began. Every time is the start of a five-minute bucket."""

    sub: str
    first_seen: datetime
    last_seen: datetime
    last_sign_in: datetime | None
    """`None`: only refreshes were seen, of a session that began before recording did."""
    sign_in_count: int
    """A lower bound: the distinct buckets with a sign-in, without those that arrived late."""
    client_id: str
    """The client of the last sighting; where two fall into that bucket, the one that sorts last."""


@dataclass(frozen=True, slots=True)
class DailyCount:
    """How many users were seen on a day of UTC."""

    day: date
    active: int


def merge(before: Activity | None, sighting: Sighting) -> tuple[Activity, Outcome]:
    """The record after the sighting, and what became of the sighting.

    The record is `before` itself when there is nothing to write. Time never moves backwards, in whatever order
    sightings arrive, and a refresh never hides a sign-in: a sign-in that arrives after a later refresh still counts.
    Only a sign-in that arrives after a later sign-in is dropped, so `sign_in_count` is a lower bound.
    """
    bucket = sighting.bucket
    signed_in = sighting.kind is SightingKind.SIGN_IN
    if before is None:
        last_sign_in = bucket if signed_in else None
        first = Activity(sighting.sub, bucket, bucket, last_sign_in, int(signed_in), sighting.client_id)
        return first, Outcome.RECORDED
    after = before
    if (bucket, sighting.client_id) > (before.last_seen, before.client_id):
        after = replace(after, last_seen=bucket, client_id=sighting.client_id)
    if signed_in and (before.last_sign_in is None or bucket > before.last_sign_in):
        after = replace(after, last_sign_in=bucket, sign_in_count=before.sign_in_count + 1)
    if after is not before:
        return after, Outcome.RECORDED
    newest = before.last_sign_in if signed_in else before.last_seen
    return before, Outcome.LATE if newest is not None and bucket < newest else Outcome.REPEAT


class ActivityStore(ABC):
    """The activity of one store's users, keyed by `sub`, because a user name can be given to somebody else later.

    Raises only errors of `usermgr.errors`. Streams hold a page in memory, not the whole answer. A store is a context
    manager, which closes it.
    """

    @abstractmethod
    def record(self, sighting: Sighting) -> Outcome:
        """Records the sighting as `merge` defines; the same sighting again changes nothing."""

    @abstractmethod
    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        """Each `sub` in the order given, with its activity, or `None` when it was never seen."""

    @abstractmethod
    def not_seen_since(self, moment: datetime) -> Iterator[Activity]:
        """Users who were seen, but not at `moment` or later, each once; the longest away first.

        The order of those who were last seen in the same bucket is the store's own.

        Users who were never seen are not in the store: `usermgr.dormancy` finds them. Raises `InvalidInputError`
        when `moment` has no time zone.
        """

    @abstractmethod
    def active_on(self, day: date) -> Iterator[str]:
        """The `sub` of each user who was seen on that day of UTC, once, sorted."""

    def forget(self, sub: str) -> int:
        """Removes every row of the user, the days included, and returns how many there were.

        May be repeated: after a call that failed half-way the next one removes the rest, and 0 means that nothing was
        left. A sighting that is recorded afterwards begins a new record, so delete the user first;
        `usermgr.forgetting.forget_user` does both.

        Not abstract, so that a store from before this method still works: such a store raises
        `UnsupportedOperationError`. Raises `InvalidInputError` for an empty `sub`.
        """
        check_texts(sub=sub)
        raise UnsupportedOperationError(operation="forget")

    def close(self) -> None:  # noqa: B027 - a store without connections has nothing to give up
        """Gives up connections and open files. Using the store again opens them again."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def last_seen(self, sub: str) -> Activity | None:
        """The user's activity, or `None` when the user was never seen since recording began."""
        return next(self.last_seen_many([sub]))[1]

    def count_active(self, day: date) -> int:
        """How many users were seen on that day of UTC."""
        return sum(1 for _ in self.active_on(day))

    def daily_counts(self, first: date, last: date) -> Iterator[DailyCount]:
        """A count for each day of UTC from `first` to `last`, both included; 0 for a day without anybody.

        Raises `InvalidInputError` when `last` is before `first`.
        """
        check_type("first", first, date)
        check_type("last", last, date)
        if last < first:
            raise InvalidInputError(f"last ({last}) is before first ({first})", field="last")
        days = ((first + timedelta(days=n)) for n in range((last - first).days + 1))
        return (DailyCount(day, self.count_active(day)) for day in days)
