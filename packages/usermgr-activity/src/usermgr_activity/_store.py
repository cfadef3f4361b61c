"""`DynamoActivityStore`: the questions, each answered by GetItem, BatchGetItem or Query; never by a Scan.

A reader's role needs `dynamodb:BatchGetItem` and `dynamodb:Query` on the table, `dynamodb:GetItem` for machine
clients, and `dynamodb:Query` on its index. Only `record` needs `dynamodb:UpdateItem`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from heapq import merge as merge_sorted
from itertools import groupby, islice
from typing import Any, Self

from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, bucket_of
from usermgr.backoff import Backoff
from usermgr.errors import ThrottledError
from usermgr.paging import pages
from usermgr.settings import SettingsReader
from usermgr_activity import table
from usermgr_activity._errors import ErrorAnswer, to_error
from usermgr_activity._recorder import Recorder
from usermgr_activity.transport import Body, SdkTransport, Transport
from usermgr_aws import REGION, USER_POOL_ID, CallLimits, Connection, aws_sources, region_of_pool

__all__ = ["DynamoActivityStore"]

DEFAULT_TABLE = "usermgr_activity"

REPORT_LIMITS = CallLimits(attempts=6, connect=2, read=10)
"""A report would rather wait than fail."""

BATCH = 100
"""The most keys that one BatchGetItem takes.

https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
"""

PAGE = 500
"""Rows in memory for each shard while a stream is read."""

UNPROCESSED = Backoff(first=0.05, longest=2.0, tries=8)
"""How keys that DynamoDB left unprocessed are asked for again, before that is an error."""


@dataclass(frozen=True, slots=True)
class _QueryPage:
    """One answer to a Query."""

    answer: Body
    next_token: dict[str, Any] | None


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
        backoff: Backoff = UNPROCESSED,
    ) -> None:
        self._transport = transport
        self._table_name = table_name
        self._pool = user_pool_id
        self._shards = shards
        self._page_size = page_size
        self._backoff = backoff

    @classmethod
    def connect(
        cls,
        *,
        table_name: str | None = None,
        user_pool_id: str | None = None,
        region: str | None = None,
        session: Any = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        connect_timeout: float = REPORT_LIMITS.connect,
        read_timeout: float = REPORT_LIMITS.read,
    ) -> Self:
        """A store with settings from the keywords, or else from DYNAMODB_NAME, USERPOOL_ID and AWS_REGION.

        Without a Region there, the SDK's configuration decides, and after that the pool's id. `session` is a
        `boto3.session.Session`, `profile` the name of one in the SDK's configuration; the time-outs are in seconds, for
        each attempt.

        Raises:
            ConfigurationError: a setting is missing or malformed; the error names all that are.
        """
        given = {"table_name": table_name, "user_pool_id": user_pool_id, "region": region}
        reader = SettingsReader("the activity store", aws_sources(given, profile=profile, session=session))
        pool = reader.text("user_pool_id", "USERPOOL_ID", pattern=USER_POOL_ID, example="ap-northeast-1_AbCdEf123")
        found_region = reader.optional("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
        name = reader.optional("table_name", "DYNAMODB_NAME") or DEFAULT_TABLE
        reader.finish()
        connection = Connection(found_region or region_of_pool(pool), session, profile, endpoint_url)
        limits = replace(REPORT_LIMITS, connect=connect_timeout, read=read_timeout)
        return cls(SdkTransport.connect(connection, limits), table_name=name, user_pool_id=pool)

    def record(self, sighting: Sighting) -> Outcome:
        """Records the sighting, as the Lambda function does."""
        recorder = Recorder(self._transport, table_name=self._table_name, user_pool_id=self._pool, shards=self._shards)
        return recorder.record(sighting)

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        """Reads consistently, 100 users per request."""
        for chunk in _chunks(subs, BATCH):
            found = {activity.sub: activity for activity in self._batch(dict.fromkeys(chunk))}
            yield from ((sub, found.get(sub)) for sub in chunk)

    def not_seen_since(self, moment: datetime) -> Iterator[Activity]:
        """One query per page and shard, over the index.

        A user who was seen in the bucket of `moment` itself may have been there after it, and is left out.
        """
        before = table.stamp(bucket_of(moment, "moment"))
        return merge_sorted(
            *(self._not_seen_in(shard, before) for shard in range(self._shards)),
            key=lambda activity: activity.last_seen,
        )

    def active_on(self, day: date) -> Iterator[str]:
        """One query per page and shard, over the day's rows."""
        streams = (self._subs_in(table.day_partition(self._pool, day, n)) for n in range(self._shards))
        # A sub can be in two shards of the day on which SHARDS grew.
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
        for _ in self._backoff.attempts():
            answer = self._ask("BatchGetItem", {"RequestItems": request})
            yield from map(table.activity_of, answer["Responses"].get(self._table_name, []))
            request = answer.get("UnprocessedKeys", {})
            if not request:
                return
        raise ThrottledError(
            f"DynamoDB left keys unprocessed in each of {self._backoff.tries} requests: try again later",
            operation="last_seen",
        )

    def _not_seen_in(self, shard: int, before: str) -> Iterator[Activity]:
        found = self._query(
            {
                "IndexName": table.INDEX,
                "KeyConditionExpression": f"{table.LAST_SEEN_SHARD} = :shard AND {table.LAST_SEEN} < :before",
                "ExpressionAttributeValues": {
                    ":shard": {"S": table.index_partition(self._pool, shard)},
                    ":before": {"S": before},
                },
            },
            Limit=self._page_size,
        )
        return (table.activity_of(item) for page in found for item in page["Items"])

    def _subs_in(self, partition: str) -> Iterator[str]:
        found = self._query(_partition_is(partition), ProjectionExpression=table.SK, Limit=self._page_size)
        return (item[table.SK]["S"] for page in found for item in page["Items"])

    def _query(self, condition: dict[str, Any], **options: Any) -> Iterator[Body]:
        request = {"TableName": self._table_name, **condition, **options}

        def fetch(start: dict[str, Any] | None) -> _QueryPage:
            answer = self._ask("Query", request if start is None else {**request, "ExclusiveStartKey": start})
            return _QueryPage(answer, answer.get("LastEvaluatedKey"))

        return (page.answer for page in pages(fetch))

    def _ask(self, operation: str, body: Body) -> Body:
        try:
            return self._transport.call(operation, body)
        except ErrorAnswer as answer:
            raise to_error(answer.code, operation, status=answer.status) from answer


def _partition_is(partition: str) -> dict[str, Any]:
    return {
        "KeyConditionExpression": f"{table.PK} = :partition",
        "ExpressionAttributeValues": {":partition": {"S": partition}},
    }


def _chunks(values: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
