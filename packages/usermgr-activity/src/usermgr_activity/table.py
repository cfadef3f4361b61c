"""The rows of the activity table: the one place where its keys and attributes are named.

| row | `pk` | `sk` | in the index |
| --- | --- | --- | --- |
| a user | `user#POOL#SUB` | `user` | yes |
| a user was seen on a day | `day#POOL#YYYY-MM-DD#SHARD` | `SUB` | no |
| a machine client got tokens | `machine#POOL#CLIENT` | `machine` | no |

Times are ISO 8601 in UTC to the second, which sort as text, and are starts of five-minute buckets. Only `expires_at`
is a number of seconds since 1970, because DynamoDB's time to live wants that.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from usermgr.activity import Activity

__all__ = [
    "CLIENT_ID",
    "EXPIRES_AT",
    "FIRST_DAY",
    "FIRST_SEEN",
    "INDEX",
    "LAST_SEEN",
    "LAST_SEEN_SHARD",
    "LAST_SIGN_IN",
    "PK",
    "SHARDS",
    "SHARDS_BEFORE",
    "SIGN_IN_COUNT",
    "SK",
    "TOKEN_COUNT",
    "Item",
    "MachineActivity",
    "activity_of",
    "day_item",
    "day_key",
    "day_keys",
    "day_partition",
    "definition",
    "expiry_of",
    "first_day_of",
    "index_partition",
    "key_of",
    "machine_key",
    "machine_of",
    "shard_of",
    "stamp",
    "start_of_day",
    "sub_of",
    "user_item",
    "user_key",
]

Item = Mapping[str, Any]
"""An item as DynamoDB's low-level API has it: `{"sign_in_count": {"N": "3"}}`."""

PK, SK = "pk", "sk"
"""The table's key."""

FIRST_SEEN = "first_seen"
LAST_SEEN = "last_seen"
LAST_SIGN_IN = "last_sign_in"
SIGN_IN_COUNT = "sign_in_count"
CLIENT_ID = "client_id"
LAST_SEEN_SHARD = "last_seen_shard"
TOKEN_COUNT = "token_count"  # noqa: S105 - the name of an attribute

FIRST_DAY = "first_day"
"""On a user's row, only where a sighting of a day before `FIRST_SEEN` arrived later: the earliest such day."""

EXPIRES_AT = "expires_at"
"""On a day's row, only where these are kept for a time: when that is over. The attribute of DynamoDB's time to live."""

INDEX = "last_seen"
"""The global secondary index, with `LAST_SEEN_SHARD` and `LAST_SEEN` as its key and all attributes in it."""

SHARDS = 16
"""Over how many partition keys the index, and each day's rows, are spread.

It may grow and must never shrink: a row keeps the shard that it was written with until its user is seen again, and
readers query the shards 0 to `SHARDS - 1`. Deploy readers before the recorder. What a shard can carry:
docs/activity.md. Whoever raises it adds the number from before to `SHARDS_BEFORE`.
"""

SHARDS_BEFORE: tuple[int, ...] = ()
"""What `SHARDS` was in earlier releases: forgetting somebody looks for days there too."""

MARGIN = 1
"""Days before the first known one in which forgetting looks too.

A recorder without `FIRST_DAY` kept no note of a sighting that arrived late; its own are seconds late at most.
"""

USER_ROW = "user"
MACHINE_ROW = "machine"


@dataclass(frozen=True, slots=True)
class MachineActivity:
    """What is known of an app client that gets tokens for itself (the client credentials grant)."""

    client_id: str
    first_seen: datetime
    last_seen: datetime
    token_count: int
    """A lower bound: the distinct five-minute buckets in which a token was issued."""


def definition(name: str) -> dict[str, Any]:
    """The parameters of CreateTable for an activity table, where Terraform does not make it."""
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": key, "AttributeType": "S"} for key in (PK, SK, LAST_SEEN_SHARD, LAST_SEEN)
        ],
        "KeySchema": _key_schema(PK, SK),
        "GlobalSecondaryIndexes": [
            {
                "IndexName": INDEX,
                "KeySchema": _key_schema(LAST_SEEN_SHARD, LAST_SEEN),
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    }


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [{"AttributeName": partition, "KeyType": "HASH"}, {"AttributeName": sort, "KeyType": "RANGE"}]


def shard_of(sub: str, shards: int = SHARDS) -> int:
    """The shard of a user: a hash that is the same in every process and release."""
    return zlib.crc32(sub.encode()) % shards


def user_key(pool: str, sub: str) -> dict[str, Any]:
    """The key of a user's row."""
    return {PK: {"S": f"user#{pool}#{sub}"}, SK: {"S": USER_ROW}}


def machine_key(pool: str, client_id: str) -> dict[str, Any]:
    """The key of a machine client's row."""
    return {PK: {"S": f"machine#{pool}#{client_id}"}, SK: {"S": MACHINE_ROW}}


def day_key(pool: str, day: date, sub: str, shard: int) -> dict[str, Any]:
    """The key of the row that says that a user was seen on a day."""
    return {PK: {"S": day_partition(pool, day, shard)}, SK: {"S": sub}}


def day_keys(pool: str, row: Item, shards: Sequence[int]) -> Iterator[dict[str, Any]]:
    """The keys of all day rows that the user of this row may have, where days had these numbers of shards."""
    sub = sub_of(row)
    first = max(first_day_of(row).toordinal() - MARGIN, date.min.toordinal())
    last = _time(row[LAST_SEEN]).date().toordinal()
    for day in map(date.fromordinal, range(first, last + 1)):
        for shard in sorted({shard_of(sub, number) for number in shards}):
            yield day_key(pool, day, sub, shard)


def first_day_of(row: Item) -> date:
    """The first day on which the user of this row was seen."""
    return date.fromisoformat(row[FIRST_DAY]["S"]) if FIRST_DAY in row else _time(row[FIRST_SEEN]).date()


def expiry_of(day: date, days_kept: int) -> int:
    """When a day's rows expire, in seconds since 1970: `days_kept` days after the day is over."""
    return (day.toordinal() - date(1970, 1, 1).toordinal() + 1 + days_kept) * 86_400


def day_partition(pool: str, day: date, shard: int) -> str:
    """The partition key of one shard of a day's rows."""
    return f"day#{pool}#{day.isoformat()}#{shard:04d}"


def index_partition(pool: str, shard: int) -> str:
    """The partition key of one shard of the index."""
    return f"{pool}#{shard:04d}"


def stamp(moment: datetime) -> str:
    """`2026-01-31T08:05:00Z`; `moment` is aware."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds") + "Z"


def start_of_day(moment: datetime) -> str:
    """The stamp of the midnight of UTC before `moment`."""
    return stamp(datetime.combine(moment.astimezone(UTC).date(), time(), UTC))


def user_item(activity: Activity, pool: str, shards: int = SHARDS) -> dict[str, Any]:
    """A user's row; `activity_of` reads it."""
    signed_in = {} if activity.last_sign_in is None else {LAST_SIGN_IN: _stamped(activity.last_sign_in)}
    return {
        **user_key(pool, activity.sub),
        FIRST_SEEN: _stamped(activity.first_seen),
        LAST_SEEN: _stamped(activity.last_seen),
        **signed_in,
        SIGN_IN_COUNT: {"N": str(activity.sign_in_count)},
        CLIENT_ID: {"S": activity.client_id},
        LAST_SEEN_SHARD: {"S": index_partition(pool, shard_of(activity.sub, shards))},
    }


def day_item(pool: str, at: datetime, sub: str, shards: int = SHARDS, days_kept: int | None = None) -> dict[str, Any]:
    """The row that says that a user was seen on the day of UTC that `at` falls in."""
    day = at.astimezone(UTC).date()
    expiry: dict[str, Any] = {}
    if days_kept is not None:
        expiry[EXPIRES_AT] = {"N": str(expiry_of(day, days_kept))}
    return {**day_key(pool, day, sub, shard_of(sub, shards)), FIRST_SEEN: _stamped(at), **expiry}


def key_of(item: Item) -> dict[str, Any]:
    """The part of an item that is its key."""
    return {PK: item[PK], SK: item[SK]}


def sub_of(item: Item) -> str:
    """The `sub` in a user row's key."""
    return item[PK]["S"].split("#", 2)[2]


def activity_of(item: Item) -> Activity:
    """A user's row as a value."""
    last_sign_in = item.get(LAST_SIGN_IN)
    return Activity(
        sub=sub_of(item),
        first_seen=_time(item[FIRST_SEEN]),
        last_seen=_time(item[LAST_SEEN]),
        last_sign_in=None if last_sign_in is None else _time(last_sign_in),
        sign_in_count=int(item[SIGN_IN_COUNT]["N"]),
        client_id=item[CLIENT_ID]["S"],
    )


def machine_of(item: Item) -> MachineActivity:
    """A machine client's row as a value."""
    return MachineActivity(
        client_id=item[PK]["S"].split("#", 2)[2],
        first_seen=_time(item[FIRST_SEEN]),
        last_seen=_time(item[LAST_SEEN]),
        token_count=int(item[TOKEN_COUNT]["N"]),
    )


def _stamped(moment: datetime) -> dict[str, str]:
    return {"S": stamp(moment)}


def _time(value: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(value["S"])
