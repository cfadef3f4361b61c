"""When each user was last seen, in the same file. Every sign-in and every refresh is recorded."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, bucket_of, merge
from usermgr.errors import InvalidInputError
from usermgr.validation import check_texts, check_type
from usermgr_local._attributes import is_storable
from usermgr_local._clock import from_micros, to_micros
from usermgr_local._database import Database

__all__ = ["LocalActivityStore", "record"]

PAGE = 500
"""Rows in memory while a stream is read."""

FORGET_DAYS = """
    DELETE FROM activity_days WHERE sub = ? AND day IN (
        WITH RECURSIVE known (day) AS (
            SELECT min(day) FROM activity_days
            UNION ALL
            SELECT (SELECT min(day) FROM activity_days WHERE day > known.day) FROM known WHERE known.day IS NOT NULL
        )
        SELECT day FROM known
    )
"""
"""Steps through the key from day to day, instead of reading everybody's rows of all days."""


def record(connection: sqlite3.Connection, sighting: Sighting) -> Outcome:
    """Records the sighting inside the caller's write transaction."""
    after, outcome = merge(_find(connection, sighting.sub), sighting)
    if outcome is not Outcome.RECORDED:
        return outcome
    connection.execute(
        "INSERT OR REPLACE INTO activity (sub, first_seen, last_seen, last_sign_in, sign_in_count, client_id) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        (
            after.sub,
            to_micros(after.first_seen),
            to_micros(after.last_seen),
            None if after.last_sign_in is None else to_micros(after.last_sign_in),
            after.sign_in_count,
            after.client_id,
        ),
    )
    connection.execute(
        "INSERT INTO activity_days (day, sub) VALUES (?, ?) ON CONFLICT DO NOTHING",
        (sighting.bucket.date().isoformat(), sighting.sub),
    )
    return outcome


class LocalActivityStore(ActivityStore):
    """The activity of one local store's users; see `ActivityStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, sighting: Sighting) -> Outcome:
        check_type("sighting", sighting, Sighting)
        for field, text in (("sub", sighting.sub), ("client_id", sighting.client_id)):
            if not is_storable(text):
                raise InvalidInputError(f"{field} has a NUL or a lone surrogate, which cannot be stored", field=field)
        with self._database.write() as connection:
            return record(connection, sighting)

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        check_type("subs", subs, Iterable)
        waiting = iter(subs)
        while chunk := list(islice(waiting, PAGE)):
            with self._database.read() as connection:
                found = [(sub, _find_any(connection, sub)) for sub in chunk]
            yield from found

    def not_seen_since(self, moment: datetime) -> Iterator[Activity]:
        """Leaves out a user who was seen in the bucket of `moment` itself, because that may have been after it."""
        before = to_micros(bucket_of(moment, "moment"))
        return self._not_seen_since(before)

    def _not_seen_since(self, before: int) -> Iterator[Activity]:
        seen, sub = to_micros(datetime.min.replace(tzinfo=UTC)), ""
        while rows := self._page(
            "SELECT * FROM activity WHERE last_seen < ? AND (last_seen, sub) > (?, ?) ORDER BY last_seen, sub LIMIT ?",
            (before, seen, sub, PAGE),
        ):
            yield from map(_to_activity, rows)
            seen, sub = rows[-1]["last_seen"], rows[-1]["sub"]

    def active_on(self, day: date) -> Iterator[str]:
        check_type("day", day, date)
        return self._active_on(day)

    def _active_on(self, day: date) -> Iterator[str]:
        sub = ""
        while rows := self._page(
            "SELECT sub FROM activity_days WHERE day = ? AND sub > ? ORDER BY sub LIMIT ?", (day.isoformat(), sub, PAGE)
        ):
            yield from (row["sub"] for row in rows)
            sub = rows[-1]["sub"]

    def count_active(self, day: date) -> int:
        """Counts inside SQLite."""
        check_type("day", day, date)
        rows = self._page("SELECT count(*) AS number FROM activity_days WHERE day = ?", (day.isoformat(),))
        return rows[0]["number"]

    def forget(self, sub: str) -> int:
        """All rows in one transaction."""
        check_texts(sub=sub)
        if not is_storable(sub):
            return 0
        with self._database.write() as connection:
            return sum(
                connection.execute(query, (sub,)).rowcount
                for query in (FORGET_DAYS, "DELETE FROM activity WHERE sub = ?")
            )

    def close(self) -> None:
        """Closes the file, which the manager of the same store shares. Using either opens it again."""
        self._database.close()

    def _page(self, query: str, parameters: tuple[Any, ...]) -> list[Any]:
        with self._database.read() as connection:
            return connection.execute(query, parameters).fetchall()


def _find_any(connection: sqlite3.Connection, sub: str) -> Activity | None:
    """Like `_find`, for what a caller asked for."""
    check_type("sub", sub, str)
    return _find(connection, sub) if is_storable(sub) else None


def _find(connection: sqlite3.Connection, sub: str) -> Activity | None:
    row = connection.execute("SELECT * FROM activity WHERE sub = ?", (sub,)).fetchone()
    return None if row is None else _to_activity(row)


def _to_activity(row: Any) -> Activity:
    return Activity(
        sub=row["sub"],
        first_seen=from_micros(row["first_seen"]),
        last_seen=from_micros(row["last_seen"]),
        last_sign_in=None if row["last_sign_in"] is None else from_micros(row["last_sign_in"]),
        sign_in_count=row["sign_in_count"],
        client_id=row["client_id"],
    )
