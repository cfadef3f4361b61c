"""Who was active: what the activity store counts, and what only a look at everybody tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from usermgr import Activity, ActivityStore, User
from usermgr.activity import DailyCount
from usermgr_console._work import Running

__all__ = ["AWAY", "CENSUS", "DAYS", "MONTHS", "census", "daily", "months_until", "seen"]

DAYS = 30
"""Days of the plot of active people; each is a question to the activity store."""
MONTHS = 12
AWAY = (1, 7, 30, 90, 180)
"""Where the groups of the plot of dormancy end, in days."""
CENSUS = "census"
"""The kind of work that looks at everybody."""

CHUNK = 100


def daily(activity: ActivityStore, now: datetime) -> list[DailyCount]:
    """How many people were seen on each of the last days of UTC, today included."""
    return list(activity.daily_counts((now - timedelta(days=DAYS - 1)).date(), now.date()))


def months_until(now: datetime) -> list[str]:
    """The last months, as `2026-11`, the present one last."""
    month = now.year * 12 + now.month - 1
    return [f"{each // 12}-{each % 12 + 1:02d}" for each in range(month - MONTHS + 1, month + 1)]


def census(running: Running) -> Mapping[str, Any]:
    """Looks at everybody once: how long people are away, and how many accounts are new in each month.

    `away` has a number for each of `AWAY`, then for those who are away longer, then for those who were never seen.
    """
    services = running.services
    now = services.now()
    away = [0] * (len(AWAY) + 2)
    new = dict.fromkeys(months_until(now), 0)
    total = 0
    estimated = services.describe().estimated_users
    for user, last in seen(services.users.iter_users(), services.activity):
        if running.stop.is_set():
            raise KeyboardInterrupt
        away[_group(last, now)] += 1
        month = f"{user.created_at:%Y-%m}"
        if month in new:
            new[month] += 1
        total += 1
        if total % CHUNK == 0:
            running.note(total, None if estimated is None else max(total, estimated))
    return {"at": now.isoformat(), "away": away, "new": new, "total": total}


def seen(users: Iterator[User], activity: ActivityStore | None) -> Iterator[tuple[User, Activity | None]]:
    """Each with their activity, a hundred at a time."""
    while chunk := list(islice(users, CHUNK)):
        if activity is None:
            yield from ((user, None) for user in chunk)
            continue
        found = activity.last_seen_many([user.sub for user in chunk])
        yield from zip(chunk, (last for _, last in found), strict=True)


def _group(last: Activity | None, now: datetime) -> int:
    if last is None:
        return len(AWAY) + 1
    days = (now - last.last_seen) / timedelta(days=1)
    return sum(days >= limit for limit in AWAY)
