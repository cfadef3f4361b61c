"""An activity store in memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, datetime

import pytest

from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, bucket_of, merge
from usermgr.validation import check_texts


class MemoryActivityStore(ActivityStore):
    """The contract in its plainest form; it also shows that the contract asks for nothing of DynamoDB's."""

    def __init__(self) -> None:
        self.rows: dict[str, Activity] = {}
        self.days: dict[date, set[str]] = {}

    def record(self, sighting: Sighting) -> Outcome:
        after, outcome = merge(self.rows.get(sighting.sub), sighting)
        if outcome is Outcome.RECORDED:
            self.rows[sighting.sub] = after
            self.days.setdefault(sighting.bucket.date(), set()).add(sighting.sub)
        return outcome

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        return ((sub, self.rows.get(sub)) for sub in subs)

    def not_seen_since(self, moment: datetime) -> Iterator[Activity]:
        limit = bucket_of(moment, "moment")
        away = (row for row in self.rows.values() if row.last_seen < limit)
        return iter(sorted(away, key=lambda row: row.last_seen))

    def active_on(self, day: date) -> Iterator[str]:
        return iter(sorted(self.days.get(day, ())))

    def forget(self, sub: str) -> int:
        check_texts(sub=sub)
        days = [subs for subs in self.days.values() if sub in subs]
        for subs in days:
            subs.remove(sub)
        return len(days) + (self.rows.pop(sub, None) is not None)


@pytest.fixture
def store() -> ActivityStore:
    """An empty store in memory."""
    return MemoryActivityStore()
