"""Records one sighting in one request to DynamoDB; the first of a user's day takes two.

The first request guesses the common case, that the user was already seen today and nothing later is known,
and says so as its condition. Where that does not hold, DynamoDB answers with the row, `merge` says what the
row should be, and the second request takes it there, if the row is still the one that was read. On a user's
first sighting of a day that request is a transaction, so that no crash, retry or lost reply can leave a user
row of today without its day row.

Needs `dynamodb:UpdateItem` on the table and nothing else: a transaction asks for the permissions of its parts
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from usermgr.activity import Activity, Outcome, Sighting, SightingKind, bucket_of, merge, outcome_of
from usermgr.errors import ConcurrentChangeError
from usermgr_activity import table
from usermgr_activity.errors import Refused, refused
from usermgr_activity.transport import Transport

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

MAX_REQUESTS = 4
"""One guess, one correction, and two more for sightings of the same user at the same moment."""


@dataclass(frozen=True, slots=True)
class _Refusal:
    """The condition did not hold. `row` is what stands there, `None` where nothing does."""

    row: table.Item | None


class _Contended(Exception):  # noqa: N818 - never leaves this module
    """Another transaction holds the row at this moment: what it will be is not known."""


class Recorder:
    """Records the sightings of one user pool. Safe to share between threads, as its transport is."""

    def __init__(self, transport: Transport, *, table_name: str, user_pool_id: str, shards: int = table.SHARDS) -> None:
        self._transport = transport
        self._table_name = table_name
        self._pool = user_pool_id
        self._shards = shards

    def record(self, sighting: Sighting) -> Outcome:
        """Records the sighting; the same one again writes nothing.

        Raises:
            ConcurrentChangeError: others kept changing this user's row.
            StoreNotFoundError, AccessDeniedError, NoCredentialsError, ThrottledError, ServiceTimeoutError,
            ServiceUnavailableError, ServiceError: DynamoDB did not take it.
        """
        request = self._guess(sighting)
        for _ in range(MAX_REQUESTS):
            try:
                refusal = self._send(request)
            except _Contended:
                request = self._guess(sighting)
                continue
            if refusal is None:
                return Outcome.RECORDED
            before = None if refusal.row is None else table.activity_of(refusal.row)
            outcome = outcome_of(before, sighting)
            if outcome is not Outcome.RECORDED:
                return outcome
            request = self._correction(before, sighting)
        raise ConcurrentChangeError(
            f"record: others kept changing the same row, given up after {MAX_REQUESTS} requests"
        )

    def record_machine(self, client_id: str, at: datetime) -> Outcome:
        """Records that an app client got a token for itself; at most one write in a bucket.

        Raises as `record` does.
        """
        bucket = table.stamp(bucket_of(at))
        update: dict[str, Any] = {
            "Key": table.machine_key(self._pool, client_id),
            "ConditionExpression": "attribute_not_exists(last_seen) OR last_seen < :bucket",
            "UpdateExpression": "SET last_seen = :bucket, first_seen = if_not_exists(first_seen, :bucket) "
            "ADD token_count :one",
            "ExpressionAttributeValues": {":bucket": {"S": bucket}, ":one": {"N": "1"}},
        }
        refusal = self._send([update])
        if refusal is None:
            return Outcome.RECORDED
        last_seen = "" if refusal.row is None else refusal.row["last_seen"]["S"]
        return Outcome.LATE if last_seen > bucket else Outcome.REPEAT

    def _guess(self, sighting: Sighting) -> list[dict[str, Any]]:
        """Right when the user was already seen today, and nothing later is known."""
        bucket = sighting.bucket
        values: dict[str, AttributeValueTypeDef] = {
            ":day": {"S": table.start_of_day(bucket)},
            ":bucket": {"S": table.stamp(bucket)},
            ":client": {"S": sighting.client_id},
            ":shard": {"S": self._index_partition(sighting.sub)},
        }
        condition = "last_seen BETWEEN :day AND :bucket AND (last_seen < :bucket OR client_id {} :client)"
        update = "SET last_seen = :bucket, client_id = :client, last_seen_shard = :shard"
        if sighting.kind is SightingKind.SIGN_IN:
            condition = condition.format("<=")
            condition += " AND (attribute_not_exists(last_sign_in) OR last_sign_in < :bucket)"
            update += ", last_sign_in = :bucket ADD sign_in_count :one"
            values[":one"] = {"N": "1"}
        else:
            condition = condition.format("<")
        return [
            {
                "Key": table.user_key(self._pool, sighting.sub),
                "ConditionExpression": condition,
                "UpdateExpression": update,
                "ExpressionAttributeValues": values,
            }
        ]

    def _correction(self, before: Activity | None, sighting: Sighting) -> list[dict[str, Any]]:
        """Takes the row from `before` to where `merge` wants it, with the day's row where it may be missing."""
        requests = [self._compare_and_set(before, merge(before, sighting))]
        day = sighting.bucket.date()
        if before is None or before.last_seen.date() != day:
            shard = table.shard_of(sighting.sub, self._shards)
            requests.append(
                {
                    "Key": table.day_key(self._pool, day, sighting.sub, shard),
                    "UpdateExpression": "SET first_seen = if_not_exists(first_seen, :bucket)",
                    "ExpressionAttributeValues": {":bucket": {"S": table.stamp(sighting.bucket)}},
                }
            )
        return requests

    def _compare_and_set(self, before: Activity | None, after: Activity) -> dict[str, Any]:
        values: dict[str, AttributeValueTypeDef] = {
            ":first": {"S": table.stamp(after.first_seen)},
            ":seen": {"S": table.stamp(after.last_seen)},
            ":client": {"S": after.client_id},
            ":shard": {"S": self._index_partition(after.sub)},
            ":count": {"N": str(after.sign_in_count)},
        }
        update = (
            "SET first_seen = :first, last_seen = :seen, client_id = :client, "
            "last_seen_shard = :shard, sign_in_count = :count"
        )
        if after.last_sign_in is not None:
            update += ", last_sign_in = :signed_in"
            values[":signed_in"] = {"S": table.stamp(after.last_sign_in)}
        if before is None:
            condition = "attribute_not_exists(pk)"
        else:
            condition = "last_seen = :old_seen AND client_id = :old_client AND "
            values[":old_seen"] = {"S": table.stamp(before.last_seen)}
            values[":old_client"] = {"S": before.client_id}
            if before.last_sign_in is None:
                condition += "attribute_not_exists(last_sign_in)"
            else:
                condition += "last_sign_in = :old_signed_in"
                values[":old_signed_in"] = {"S": table.stamp(before.last_sign_in)}
        return {
            "Key": table.user_key(self._pool, after.sub),
            "ConditionExpression": condition,
            "UpdateExpression": update,
            "ExpressionAttributeValues": values,
        }

    def _index_partition(self, sub: str) -> str:
        return table.index_partition(self._pool, table.shard_of(sub, self._shards))

    def _send(self, updates: list[dict[str, Any]]) -> _Refusal | None:
        """Sends one update, or two as a transaction; only the first one's condition can be refused."""
        addressed = [{"TableName": self._table_name, **update} for update in updates]
        addressed[0]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            if len(addressed) == 1:
                self._transport.call("UpdateItem", addressed[0])
            else:
                # The token makes a second attempt of the same transaction one with the first.
                token = secrets.token_hex(16)
                items = [{"Update": update} for update in addressed]
                self._transport.call("TransactWriteItems", {"TransactItems": items, "ClientRequestToken": token})
        except Refused as answer:
            return _refusal_of(answer)
        return None


def _refusal_of(refusal: Refused) -> _Refusal:
    """Why a write was refused; a cancelled transaction has a reason for each of its parts, in their order.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    if refusal.code == "ConditionalCheckFailedException":
        return _Refusal(refusal.answer.get("Item"))
    reasons = refusal.answer.get("CancellationReasons", [])
    codes = [reason.get("Code", "None") for reason in reasons]
    if refusal.code == "TransactionConflictException" or "TransactionConflict" in codes:
        raise _Contended from refusal
    if codes[:1] == ["ConditionalCheckFailed"]:
        return _Refusal(reasons[0].get("Item"))
    telling = next((code for code in codes if code != "None"), refusal.code)
    raise refused(telling, "record") from refusal
