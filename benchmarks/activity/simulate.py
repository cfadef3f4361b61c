"""A day of ten million users: requests to DynamoDB, storage, money, and where it stops scaling.

Every active user's day is drawn (sessions, sign-ins, refreshes, retries, over a day with two peaks), and each
sighting is charged by what the recorder would send for it. The behaviour is an assumption, and each part of it
is an option; what a request costs is AWS's rule, with its source. `test_simulation.py` of usermgr-activity holds
the model against the recorder itself.

    python benchmarks/activity/simulate.py [--users 10000000] [--active 0.3]
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from usermgr.activity import Activity
from usermgr_activity import SHARDS
from usermgr_activity.prices import MONTHLY_ACTIVE_USER
from usermgr_activity.table import day_item, user_item

BUCKETS = 288
"""Five-minute buckets of a day."""

PARTITION_WRITES = 1000
"""Write units a second that a partition takes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
"""

TABLE_WRITES = 40_000
"""Write units a second that a table, and each index, takes before the account asks for more.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
"""

NEW_TABLE_WRITES = 4_000
"""Write units a second that a new on-demand table takes at once; it doubles its peak within half an hour.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
"""

COGNITO_SIGN_INS, COGNITO_REFRESHES = 120, 120
"""UserAuthentication and UserToken requests a second by default (2023).

https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
"""

ITEM_OVERHEAD = 100
"""Bytes of storage that each item, and each item of an index, has besides its attributes.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
"""

# Write units of each request; every item here is below 1 KB, the size of one unit.
# A condition that fails is charged like the write that it prevents:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
# A transaction is charged twice:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html
# An index whose key changes deletes and puts:
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/GSI.html#GSI.ThroughputConsiderations.Writes
FAILED_CONDITION = 1
TABLE_WRITE = 1
INDEX_MOVE, INDEX_PUT, INDEX_UPDATE = 2, 1, 1
TRANSACTION_ITEM = 2

# Prices of us-east-1 in US dollars, of the first tier above the free one.
WRITE_REQUEST_UNIT = Decimal("0.625") / 1_000_000
"""DynamoDB on demand, standard table class (since 2024-11-01). https://aws.amazon.com/dynamodb/pricing/on-demand/"""

STORAGE_GB_MONTH = Decimal("0.25")
BACKUP_GB_MONTH = Decimal("0.20")
"""DynamoDB's storage, and point-in-time recovery of it (2024-11). https://aws.amazon.com/dynamodb/pricing/on-demand/"""

LOG_INGESTED_GB = Decimal("0.50")
"""CloudWatch Logs, standard class (2024-11). https://aws.amazon.com/cloudwatch/pricing/"""

LAMBDA_REQUEST = Decimal("0.20") / 1_000_000
LAMBDA_GB_SECOND = Decimal("0.0000133334")
"""Lambda on arm64 (2024-11). https://aws.amazon.com/lambda/pricing/"""

LOG_BYTES = 400 + 330
"""Our line, and Lambda's own START, END and REPORT."""

LAMBDA_GB, LAMBDA_SECONDS = 0.25, 0.012
"""Memory, and the billed duration of a warm sighting (assumed: DynamoDB in 4 ms, and our own code)."""


@dataclass(frozen=True)
class Behaviour:
    """What an active user does in a day."""

    sessions: tuple[float, ...] = (0.6, 0.3, 0.1)
    """Shares of users with one session, two and three."""
    sign_in: float = 0.4
    """Share of sessions that begin with a sign-in; the others go on with a refresh token."""
    echo: float = 0.2
    """Share of sign-ins with a refresh seconds later."""
    retry: float = 0.01
    """Share of sightings that Cognito sends again."""
    hours: float = 2.0
    """Mean length of a session; a refresh comes each hour, when the access token ends."""
    new: float = 0.002
    """Share of active users that were never seen before."""


@dataclass
class Day:
    """What a day came to."""

    users: int
    active: int
    outcomes: Counter[str] = field(default_factory=Counter[str])
    requests: int = 0
    table_units: int = 0
    index_units: int = 0
    sightings_at: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    moves_at: list[int] = field(default_factory=lambda: [0] * BUCKETS)
    firsts_at: list[int] = field(default_factory=lambda: [0] * BUCKETS)


def sightings_of(behaviour: Behaviour, dice: random.Random, hours: list[float]) -> Iterator[tuple[int, bool]]:
    """A user's day in order of time: the bucket, and whether it is a sign-in."""
    sessions = dice.choices((1, 2, 3), behaviour.sessions)[0]
    starts = sorted(int((hour + dice.random()) * 12) for hour in dice.choices(range(24), hours, k=sessions))
    for start in starts:
        signs_in = dice.random() < behaviour.sign_in
        yield start, signs_in
        if signs_in and dice.random() < behaviour.echo:
            yield start, False
        end = start + int(dice.expovariate(1 / behaviour.hours) * 12)
        for bucket in range(start + 12, min(end, BUCKETS - 1) + 1, 12):
            yield bucket, False


def charge(day: Day, sightings: list[tuple[int, bool]], *, new: bool) -> None:
    """What the recorder sends for a user's day, in order of time."""
    seen, signed_in = -1, -1
    for bucket, signs_in in sightings:
        day.sightings_at[bucket] += 1
        if seen < 0:
            day.outcomes["first of the day"] += 1
            day.requests += 2
            day.table_units += FAILED_CONDITION + 2 * TRANSACTION_ITEM
            day.index_units += INDEX_PUT if new else INDEX_MOVE
            day.firsts_at[bucket] += 1
            day.moves_at[bucket] += 1
        elif bucket > seen:
            day.outcomes["recorded"] += 1
            day.requests += 1
            day.table_units += TABLE_WRITE
            day.index_units += INDEX_MOVE
            day.moves_at[bucket] += 1
        elif signs_in and bucket > signed_in:
            day.outcomes["sign-in after a refresh"] += 1
            day.requests += 1
            day.table_units += TABLE_WRITE
            day.index_units += INDEX_UPDATE
        else:
            day.outcomes["repeat"] += 1
            day.requests += 1
            day.table_units += FAILED_CONDITION
        seen = max(seen, bucket)
        signed_in = bucket if signs_in else signed_in


def simulate(users: int, active: float, behaviour: Behaviour, dice: random.Random) -> Day:
    """A whole day of them."""
    hours = [1, 1, 1, 1, 1, 2, 4, 7, 9, 9, 8, 7, 7, 8, 8, 7, 6, 6, 7, 9, 10, 8, 5, 2]
    day = Day(users, int(users * active))
    for _ in range(day.active):
        sightings = sorted(sightings_of(behaviour, dice, [float(h) for h in hours]), key=lambda s: s[0])
        again = [s for s in sightings for _ in range(1 + (dice.random() < behaviour.retry))]
        charge(day, again, new=dice.random() < behaviour.new)
    return day


def item_size(item: Mapping[str, Any]) -> int:
    """Bytes of an item's attributes.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name) + len(text) for name, value in item.items() for text in value.values())


def sizes() -> tuple[int, int]:
    """Bytes of a user's row and of a day's row."""
    from datetime import UTC, datetime  # noqa: PLC0415 - only for an example

    now = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
    pool, sub = "ap-northeast-1_Example12", "57d4ca88-9051-70d3-f1ad-000000000001"
    activity = Activity(sub, now, now, now, 1234, "1example234567890123456789")
    return item_size(user_item(activity, pool)), item_size(day_item(pool, now, sub))


def report(day: Day) -> None:
    """Prints it."""
    sightings = sum(day.sightings_at)
    user_size, day_size = sizes()
    gb = Decimal(10**9)
    print(f"{day.users:,} users, {day.active:,} active, {sightings:,} sightings")
    for outcome, count in day.outcomes.most_common():
        print(f"  {outcome}: {count:,}")
    print(f"requests: {day.requests:,}, {day.requests / sightings:.2f} per sighting")
    print(f"write units: table {day.table_units:,}, index {day.index_units:,}")
    table_gb = Decimal(day.users * (user_size + ITEM_OVERHEAD)) / gb
    daily_gb = Decimal(day.active * (day_size + ITEM_OVERHEAD)) / gb
    print(f"a user's row {user_size} bytes, a day's {day_size}; users: table {table_gb:.1f} GB, index the same")
    print(f"day rows: {daily_gb:.2f} GB a day, {daily_gb * 365:.0f} GB after a year")

    writes = (day.table_units + day.index_units) * WRITE_REQUEST_UNIT
    functions = sightings * (LAMBDA_REQUEST + Decimal(str(LAMBDA_GB * LAMBDA_SECONDS)) * LAMBDA_GB_SECOND)
    logs = sightings * LOG_BYTES / gb * LOG_INGESTED_GB
    storage = 2 * table_gb * STORAGE_GB_MONTH + table_gb * BACKUP_GB_MONTH
    year = daily_gb * 365 * (STORAGE_GB_MONTH + BACKUP_GB_MONTH)
    print(f"a day: writes {writes:.2f}, functions {functions:.2f}, logs {logs:.2f} USD")
    print(f"a month of storage: users {storage:.2f}, a year of day rows {year:.2f} USD (backups included)")
    mau = day.active * MONTHLY_ACTIVE_USER["LITE"]
    print(f"for comparison: the same active users cost {mau:,.0f} USD a month in Cognito's cheapest tier")

    peak = max(range(BUCKETS), key=lambda bucket: day.sightings_at[bucket])
    moves, firsts = max(day.moves_at) / 300, max(day.firsts_at) / 300
    print(f"peak: {day.sightings_at[peak] / 300:,.0f} sightings a second")
    limits = {
        "index partitions": (moves * INDEX_MOVE / SHARDS, PARTITION_WRITES),
        "day partitions": (firsts * TRANSACTION_ITEM / SHARDS, PARTITION_WRITES),
        "table": (day.table_units / sightings * day.sightings_at[peak] / 300, TABLE_WRITES),
        "index": (moves * INDEX_MOVE, TABLE_WRITES),
        "a new table": (day.table_units / sightings * day.sightings_at[peak] / 300, NEW_TABLE_WRITES),
    }
    for name, (used, limit) in limits.items():
        print(f"  {name}: {used:,.0f} of {limit:,} write units a second; full at {day.users * limit / used:,.0f} users")
    stampede = SHARDS * PARTITION_WRITES / max(INDEX_MOVE, TRANSACTION_ITEM)
    print(f"  the most that {SHARDS} shards take: {stampede:,.0f} sightings a second, evenly spread over users")
    coarse = day.outcomes["first of the day"] * INDEX_MOVE
    saved = (day.index_units - coarse) * WRITE_REQUEST_UNIT
    print(f"not done: an index of whole days with its keys only would save {saved:.2f} USD a day")
    quota = COGNITO_SIGN_INS + COGNITO_REFRESHES
    print(f"  Cognito itself: {quota} sign-ins and refreshes a second by default")


def main() -> int:
    """Runs it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000_000)
    parser.add_argument("--active", type=float, default=0.3, help="share of users that are active on the day")
    parser.add_argument("--hours", type=float, default=2.0, help="mean length of a session")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)  # noqa: S311 - a simulation
    report(simulate(options.users, options.active, Behaviour(hours=options.hours), dice))
    return 0


if __name__ == "__main__":
    sys.exit(main())
