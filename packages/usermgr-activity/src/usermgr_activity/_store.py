"""`DynamoActivityStore`: the questions, each answered by GetItem, BatchGetItem or Query; never by a Scan.

A reader's role needs `dynamodb:BatchGetItem` and `dynamodb:Query` on the table, `dynamodb:GetItem` for machine
clients, and `dynamodb:Query` on its index. Only `record` needs `dynamodb:UpdateItem`, and only `forget` needs
`dynamodb:DeleteItem`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from heapq import merge as merge_sorted
from itertools import groupby, islice
from typing import Any, Self, TypeVar

from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, bucket_of
from usermgr.backoff import Backoff
from usermgr.errors import ThrottledError
from usermgr.paging import pages
from usermgr.settings import SettingsReader
from usermgr.validation import check_texts
from usermgr_activity import table
from usermgr_activity._errors import ErrorAnswer, to_error
from usermgr_activity._forgetting import Forgetting
from usermgr_activity._recorder import Recorder
from usermgr_activity.transport import Body, SdkTransport, Transport
from usermgr_aws import (
    MAX_CONNECTIONS,
    REGION,
    USER_POOL_ID,
    AwsAccess,
    CallLimits,
    Connection,
    SdkSession,
    aws_sources,
    region_of_pool,
)

__all__ = ["DynamoActivityStore", "connect"]

T = TypeVar("T")

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
    some moments after `last_seen` knows it. Rows of days that have expired are left out, whether or not DynamoDB has
    removed them yet; `now` is the clock for that. `days_kept` is for `record`, as the function's setting is.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        table_name: str,
        user_pool_id: str,
        shards: int = table.SHARDS,
        shards_before: Sequence[int] = table.SHARDS_BEFORE,
        days_kept: int | None = None,
        page_size: int = PAGE,
        backoff: Backoff = UNPROCESSED,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._transport = transport
        self.table_name = table_name
        self._pool = user_pool_id
        self._shards = shards
        self._shards_before = tuple(shards_before)
        self._days_kept = days_kept
        self._page_size = page_size
        self._backoff = backoff
        self._now = now

    @classmethod
    def connect(
        cls,
        *,
        table_name: str | None = None,
        user_pool_id: str | None = None,
        region: str | None = None,
        session: SdkSession | None = None,
        profile: str | None = None,
        endpoint_url: str | None = None,
        connect_timeout: float = REPORT_LIMITS.connect,
        read_timeout: float = REPORT_LIMITS.read,
        max_connections: int = MAX_CONNECTIONS,
    ) -> Self:
        """A store with settings from the keywords, or else from DYNAMODB_NAME, USERPOOL_ID and AWS_REGION.

        Without a Region there, the SDK's configuration decides, and after that the pool's id. `session` is a
        `boto3.session.Session`, `profile` the name of one in the SDK's configuration; the time-outs are in seconds, for
        each attempt; `max_connections` are kept open, as many as threads call at the same time.

        Raises:
            ConfigurationError: a setting is missing or malformed; the error names all that are.
        """
        given = {"table_name": table_name, "user_pool_id": user_pool_id, "region": region}
        reader = SettingsReader("the activity store", aws_sources(given, profile=profile, session=session))
        pool = reader.text("user_pool_id", "USERPOOL_ID", pattern=USER_POOL_ID, example="ap-northeast-1_AbCdEf123")
        found_region = reader.optional("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
        name = reader.optional("table_name", "DYNAMODB_NAME") or DEFAULT_TABLE
        reader.finish()
        connection = Connection(found_region or region_of_pool(pool), session, profile, endpoint_url, max_connections)
        limits = replace(REPORT_LIMITS, connect=connect_timeout, read=read_timeout)
        return cls(SdkTransport.connect(connection, limits), table_name=name, user_pool_id=pool)

    @property
    def aws(self) -> AwsAccess | None:
        """How requests reach AWS, for checks; `None` where another transport than the SDK's carries them."""
        return self._transport.aws if isinstance(self._transport, SdkTransport) else None

    def record(self, sighting: Sighting) -> Outcome:
        """Records the sighting, as the Lambda function does."""
        recorder = Recorder(
            self._transport,
            table_name=self.table_name,
            user_pool_id=self._pool,
            shards=self._shards,
            days_kept=self._days_kept,
        )
        return recorder.record(sighting)

    def forget(self, sub: str) -> int:
        """Reads the keys of all days of the user, 100 per request, and deletes the rows that exist, one per request.

        Rows that have expired count too, as long as DynamoDB has not removed them. Backups of the table keep what they
        have.
        """
        check_texts(sub=sub)
        forgetting = Forgetting(
            self.table_name,
            self._pool,
            (*self._shards_before, self._shards),
            self._transport.call,
            self._find,
            self._backoff,
        )
        try:
            return forgetting.forget(sub)
        except ErrorAnswer as answer:
            raise to_error(answer.code, "DeleteItem", status=answer.status) from answer

    def close(self) -> None:
        """Ends the SDK client's idle connections."""
        if isinstance(self._transport, SdkTransport):
            self._transport.close()

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        """Reads consistently, 100 users per request."""
        for chunk in _chunks(subs, BATCH):
            rows = self._find(table.user_key(self._pool, sub) for sub in dict.fromkeys(chunk))
            found = {activity.sub: activity for activity in map(table.activity_of, rows)}
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
        streams = (self._subs_in(self._day(day, shard)) for shard in range(self._shards))
        # A sub can be in two shards of the day on which SHARDS grew.
        return (sub for sub, _ in groupby(merge_sorted(*streams)))

    def count_active(self, day: date) -> int:
        """Counts inside DynamoDB, which reads the rows but does not send them."""
        return sum(
            page["Count"]
            for shard in range(self._shards)
            for page in self._query(self._day(day, shard), Select="COUNT")
        )

    def newest(self) -> Activity | None:
        """Who was seen last, or `None` for nobody ever: one row of each shard of the index."""
        found = [activity for shard in range(self._shards) for activity in self._newest_in(shard)]
        return max(found, key=lambda activity: activity.last_seen, default=None)

    def machine(self, client_id: str) -> table.MachineActivity | None:
        """What is known of an app client that gets tokens for itself."""
        key = table.machine_key(self._pool, client_id)
        found = self._ask("GetItem", {"TableName": self.table_name, "Key": key, "ConsistentRead": True})
        return table.machine_of(found["Item"]) if "Item" in found else None

    def _find(self, keys: Iterable[Any]) -> Iterator[table.Item]:
        """The items that exist among those with these keys, which are all different; 100 per request."""
        for chunk in _chunks(keys, BATCH):
            yield from self._batch(chunk)

    def _batch(self, keys: list[Any]) -> Iterator[table.Item]:
        request: dict[str, Any] = {self.table_name: {"Keys": keys, "ConsistentRead": True}}
        for _ in self._backoff.attempts():
            answer = self._ask("BatchGetItem", {"RequestItems": request})
            yield from answer["Responses"].get(self.table_name, [])
            request = answer.get("UnprocessedKeys", {})
            if not request:
                return
        raise ThrottledError(
            f"DynamoDB left keys unprocessed in each of {self._backoff.tries} requests: try again later",
            operation="BatchGetItem",
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

    def _newest_in(self, shard: int) -> list[Activity]:
        request = {
            "TableName": self.table_name,
            "IndexName": table.INDEX,
            "KeyConditionExpression": f"{table.LAST_SEEN_SHARD} = :shard",
            "ExpressionAttributeValues": {":shard": {"S": table.index_partition(self._pool, shard)}},
            "ScanIndexForward": False,
            "Limit": 1,
        }
        return [table.activity_of(item) for item in self._ask("Query", request)["Items"]]

    def _subs_in(self, rows: dict[str, Any]) -> Iterator[str]:
        found = self._query(rows, ProjectionExpression=table.SK, Limit=self._page_size)
        return (item[table.SK]["S"] for page in found for item in page["Items"])

    def _day(self, day: date, shard: int) -> dict[str, Any]:
        """Which rows say who was seen on a day. DynamoDB removes expired ones only days later, so they are left out."""
        return {
            "KeyConditionExpression": f"{table.PK} = :partition",
            "FilterExpression": f"attribute_not_exists({table.EXPIRES_AT}) OR {table.EXPIRES_AT} > :now",
            "ExpressionAttributeValues": {
                ":partition": {"S": table.day_partition(self._pool, day, shard)},
                ":now": {"N": str(int(self._now().timestamp()))},
            },
        }

    def _query(self, condition: dict[str, Any], **options: Any) -> Iterator[Body]:
        request = {"TableName": self.table_name, **condition, **options}

        def fetch(start: dict[str, Any] | None) -> _QueryPage:
            answer = self._ask("Query", request if start is None else {**request, "ExclusiveStartKey": start})
            return _QueryPage(answer, answer.get("LastEvaluatedKey"))

        return (page.answer for page in pages(fetch))

    def _ask(self, operation: str, body: Body) -> Body:
        try:
            return self._transport.call(operation, body)
        except ErrorAnswer as answer:
            raise to_error(answer.code, operation, status=answer.status) from answer


def _chunks(values: Iterable[T], size: int) -> Iterator[list[T]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk


connect = DynamoActivityStore.connect
