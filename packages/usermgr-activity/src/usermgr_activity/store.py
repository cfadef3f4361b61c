"""`DynamoActivityStore`: the questions, each answered by GetItem, BatchGetItem or Query; never by a Scan.

The reader's role needs `dynamodb:BatchGetItem` and `dynamodb:Query` on the table, `dynamodb:GetItem` for machine
clients, and `dynamodb:Query` on its index. Only `record` needs `dynamodb:UpdateItem`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from heapq import merge as merge_sorted
from itertools import groupby, islice
from typing import Any, Self

from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, bucket_of
from usermgr.errors import ConfigurationError, ThrottledError
from usermgr_activity import table
from usermgr_activity.errors import Refused, refused
from usermgr_activity.recorder import Recorder
from usermgr_activity.transport import Body, Transport, sdk_transport

BATCH = 100
"""The most keys that one BatchGetItem takes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

PAGE = 500
"""Rows in memory for each shard while a stream is read."""

UNPROCESSED_TRIES = 8
"""How often keys that DynamoDB left unprocessed are asked for again, before that is an error."""


class DynamoActivityStore(ActivityStore):
    """The activity of one user pool, in a table that the recorder writes.

    Streams read the index and the day rows, which DynamoDB keeps eventually consistent: a sighting shows there
    some moments after `last_seen` knows it.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        table_name: str,
        user_pool_id: str,
        shards: int = table.SHARDS,
        page_size: int = PAGE,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transport = transport
        self._table_name = table_name
        self._pool = user_pool_id
        self._shards = shards
        self._page_size = page_size
        self._sleep = sleep

    @classmethod
    def connect(
        cls, *, table_name: str | None = None, user_pool_id: str | None = None, region: str | None = None
    ) -> Self:
        """A store with settings from the keywords, else from DYNAMODB_NAME, USERPOOL_ID and AWS_REGION.

        Raises:
            ConfigurationError: a setting is missing; the error names all that are.
        """
        pool = user_pool_id or os.environ.get("USERPOOL_ID")
        region = region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
        if not pool or not region:
            problems = [
                f"{name} is not set" for name, value in (("USERPOOL_ID", pool), ("AWS_REGION", region)) if not value
            ]
            raise ConfigurationError("activity store: " + "; ".join(problems), problems=problems)
        name = table_name or os.environ.get("DYNAMODB_NAME") or "usermgr_activity"
        return cls(sdk_transport(region), table_name=name, user_pool_id=pool)

    def record(self, sighting: Sighting) -> Outcome:
        """Records the sighting, as the Lambda function does."""
        recorder = Recorder(self._transport, table_name=self._table_name, user_pool_id=self._pool, shards=self._shards)
        return recorder.record(sighting)

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        """Reads consistently, 100 users a request."""
        for chunk in _chunks(subs, BATCH):
            found = {activity.sub: activity for activity in self._batch(dict.fromkeys(chunk))}
            yield from ((sub, found.get(sub)) for sub in chunk)

    def dormant_since(self, moment: datetime) -> Iterator[Activity]:
        """One query a page and shard, over the index.

        A user who was seen in the bucket of `moment` itself may have been there after it, and is left out.
        """
        before = table.stamp(bucket_of(moment))
        return merge_sorted(
            *(self._dormant_in(shard, before) for shard in range(self._shards)),
            key=lambda activity: activity.last_seen,
        )

    def active_on(self, day: date) -> Iterator[str]:
        """One query a page and shard, over the day's rows."""
        streams = (self._subs_in(table.day_partition(self._pool, day, n)) for n in range(self._shards))
        # A sub can stand in two shards of the day on which SHARDS grew.
        return (sub for sub, _ in groupby(merge_sorted(*streams)))

    def count_active(self, day: date) -> int:
        """Counts inside DynamoDB, which reads the rows but does not send them."""
        return sum(
            page["Count"]
            for shard in range(self._shards)
            for page in self._query(_partition_is(table.day_partition(self._pool, day, shard)), Select="COUNT")
        )

    def machine(self, client_id: str) -> table.MachineActivity | None:
        """What is known of an app client that gets tokens for itself."""
        key = table.machine_key(self._pool, client_id)
        found = self._ask("GetItem", {"TableName": self._table_name, "Key": key, "ConsistentRead": True})
        return table.machine_of(found["Item"]) if "Item" in found else None

    def _batch(self, subs: Iterable[str]) -> Iterator[Activity]:
        keys = [table.user_key(self._pool, sub) for sub in subs]
        request: dict[str, Any] = {self._table_name: {"Keys": keys, "ConsistentRead": True}}
        for attempt in range(UNPROCESSED_TRIES):
            answer = self._ask("BatchGetItem", {"RequestItems": request})
            yield from map(table.activity_of, answer["Responses"].get(self._table_name, []))
            request = answer.get("UnprocessedKeys", {})
            if not request:
                return
            self._sleep(min(0.05 * 2**attempt, 2.0))
        raise ThrottledError(
            f"last_seen: DynamoDB left keys unprocessed {UNPROCESSED_TRIES} times", operation="last_seen"
        )

    def _dormant_in(self, shard: int, before: str) -> Iterator[Activity]:
        pages = self._query(
            {
                "IndexName": table.INDEX,
                "KeyConditionExpression": "last_seen_shard = :shard AND last_seen < :before",
                "ExpressionAttributeValues": {
                    ":shard": {"S": table.index_partition(self._pool, shard)},
                    ":before": {"S": before},
                },
            },
            Limit=self._page_size,
        )
        return (table.activity_of(item) for page in pages for item in page["Items"])

    def _subs_in(self, partition: str) -> Iterator[str]:
        pages = self._query(_partition_is(partition), ProjectionExpression="sk", Limit=self._page_size)
        return (item["sk"]["S"] for page in pages for item in page["Items"])

    def _query(self, condition: dict[str, Any], **options: Any) -> Iterator[dict[str, Any]]:
        request: dict[str, Any] = {"TableName": self._table_name, **condition, **options}
        while True:
            page = self._ask("Query", request)
            yield page
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def _ask(self, operation: str, body: Body) -> Body:
        try:
            return self._transport.call(operation, body)
        except Refused as answer:
            raise refused(answer.code, operation) from answer


def _partition_is(partition: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": "pk = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }


def _chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
