"""The rows of the activity table. This module, the recorder and the store agree; nobody else needs to.

| row | `pk` | `sk` | in the index |
| --- | --- | --- | --- |
| a user | `user#POOL#SUB` | `user` | yes |
| a user was seen on a day | `day#POOL#YYYY-MM-DD#SHARD` | `SUB` | no |
| a machine client got tokens | `machine#POOL#CLIENT` | `machine` | no |

Times are ISO 8601 in UTC to the second, which sort as text, and are starts of five-minute buckets.
"""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from usermgr.activity import Activity

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

Item = Mapping[str, Any]
"""An item as DynamoDB's low-level API has it: `{"sign_in_count": {"N": "3"}}`."""

INDEX = "last_seen"
"""The global secondary index: `last_seen_shard` (HASH), `last_seen` (RANGE), projection ALL."""

SHARDS = 16
"""Over how many partition keys the index, and each day's rows, are spread.

May grow, never shrink: a row keeps the shard that it was written with until its user is seen again, and
readers ask the shards 0 to `SHARDS - 1`. Deploy readers before the recorder. What a shard can carry:
docs/activity.md.
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


def shard_of(sub: str, shards: int = SHARDS) -> int:
    """The shard of a user: a hash that is the same in every process and release."""
    return zlib.crc32(sub.encode()) % shards


def user_key(pool: str, sub: str) -> dict[str, AttributeValueTypeDef]:
    """The key of a user's row."""
    return {"pk": {"S": f"user#{pool}#{sub}"}, "sk": {"S": USER_ROW}}


def machine_key(pool: str, client_id: str) -> dict[str, AttributeValueTypeDef]:
    """The key of a machine client's row."""
    return {"pk": {"S": f"machine#{pool}#{client_id}"}, "sk": {"S": MACHINE_ROW}}


def day_key(pool: str, day: date, sub: str, shard: int) -> dict[str, AttributeValueTypeDef]:
    """The key of the row that says that a user was seen on a day."""
    return {"pk": {"S": day_partition(pool, day, shard)}, "sk": {"S": sub}}


def day_partition(pool: str, day: date, shard: int) -> str:
    """The partition key of one shard of a day's rows."""
    return f"day#{pool}#{day.isoformat()}#{shard:04d}"


def index_partition(pool: str, shard: int) -> str:
    """The partition key of one shard of the index."""
    return f"{pool}#{shard:04d}"


def stamp(moment: datetime) -> str:
    """`2026-01-31T08:05:00Z`; `moment` is aware."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def start_of_day(moment: datetime) -> str:
    """The stamp of the midnight of UTC before `moment`."""
    return stamp(datetime.combine(moment.astimezone(UTC).date(), time(), UTC))


def sub_of(item: Item) -> str:
    """The `sub` in a user row's key."""
    return item["pk"]["S"].split("#", 2)[2]


def activity_of(item: Item) -> Activity:
    """A user's row as a value."""
    last_sign_in = item.get("last_sign_in")
    return Activity(
        sub=sub_of(item),
        first_seen=_time(item["first_seen"]),
        last_seen=_time(item["last_seen"]),
        last_sign_in=None if last_sign_in is None else _time(last_sign_in),
        sign_in_count=int(item["sign_in_count"]["N"]),
        client_id=item["client_id"]["S"],
    )


def machine_of(item: Item) -> MachineActivity:
    """A machine client's row as a value."""
    return MachineActivity(
        client_id=item["pk"]["S"].split("#", 2)[2],
        first_seen=_time(item["first_seen"]),
        last_seen=_time(item["last_seen"]),
        token_count=int(item["token_count"]["N"]),
    )


def _time(value: Mapping[str, str]) -> datetime:
    return datetime.fromisoformat(value["S"])
