"""Records one sighting in one request to DynamoDB; the first of a user's day takes two.

The first request guesses the common case, that the user was already seen today and nothing later is known,
and has that as its condition. Where it does not hold, DynamoDB answers with the row, `merge` decides what the
row should be, and the second request changes it to that, if the row is still the one that was read. On a user's
first sighting of a day that request is a transaction, so that no crash, retry or lost reply can leave a user
row of today without its day row.

Needs `dynamodb:UpdateItem` on the table and nothing else: a transaction needs the permissions of its parts
(https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html).
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from usermgr.activity import Activity, Outcome, Sighting, SightingKind, bucket_of, merge
from usermgr.errors import ConcurrentChangeError
from usermgr_activity import table
from usermgr_activity._errors import ErrorAnswer, to_error
from usermgr_activity.table import (
    CLIENT_ID,
    EXPIRES_AT,
    FIRST_DAY,
    FIRST_SEEN,
    LAST_SEEN,
    LAST_SEEN_SHARD,
    LAST_SIGN_IN,
    PK,
    SIGN_IN_COUNT,
    TOKEN_COUNT,
)
from usermgr_activity.transport import Transport

__all__ = ["MachineSighting", "Recorder"]

MAX_REQUESTS = 4
"""One guess, one correction, and two more for sightings of the same user at the same moment."""


@dataclass(frozen=True, slots=True)
class MachineSighting:
    """An app client that got a token for itself at `at`, an aware time (the client credentials grant)."""

    client_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class _ConditionFailed:
    """The condition did not hold. `row` is the item that exists there, or `None` where none does."""

    row: table.Item | None


class _Contended(Exception):  # noqa: N818 - never leaves this module
    """Another transaction holds the row at this moment: what it will be is not known."""


class Recorder:
    """Records the sightings of one user pool. Safe to share between threads, as its transport is.

    The day rows that it writes expire `days_kept` days after their day; with `None` they are kept for ever.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        table_name: str,
        user_pool_id: str,
        shards: int = table.SHARDS,
        days_kept: int | None = None,
    ) -> None:
        self._transport = transport
        self._table_name = table_name
        self._pool = user_pool_id
        self._shards = shards
        self._days_kept = days_kept

    def record(self, sighting: Sighting | MachineSighting) -> Outcome:
        """Records the sighting; the same one again writes nothing. A machine is recorded once per bucket at most.

        Raises:
            ConcurrentChangeError: others kept changing this user's row.
            StoreNotFoundError, AccessDeniedError, NoCredentialsError, ThrottledError, ServiceTimeoutError,
            ServiceUnavailableError, ServiceError: DynamoDB did not accept it.
        """
        if isinstance(sighting, MachineSighting):
            return self._record_machine(sighting)
        request = self._guess(sighting)
        for _ in range(MAX_REQUESTS):
            try:
                failed = self._send(request)
            except _Contended:
                request = self._guess(sighting)
                continue
            if failed is None:
                return Outcome.RECORDED
            before = None if failed.row is None else table.activity_of(failed.row)
            after, outcome = merge(before, sighting)
            if outcome is not Outcome.RECORDED:
                return outcome
            request = self._correction(failed.row, before, after, sighting)
        raise ConcurrentChangeError(
            f"others kept changing the same row: the recorder stopped after {MAX_REQUESTS} requests", operation="record"
        )

    def _record_machine(self, sighting: MachineSighting) -> Outcome:
        bucket = table.stamp(bucket_of(sighting.at))
        update: dict[str, Any] = {
            "Key": table.machine_key(self._pool, sighting.client_id),
            "ConditionExpression": f"attribute_not_exists({LAST_SEEN}) OR {LAST_SEEN} < :bucket",
            "UpdateExpression": f"SET {LAST_SEEN} = :bucket, {FIRST_SEEN} = if_not_exists({FIRST_SEEN}, :bucket) "
            f"ADD {TOKEN_COUNT} :one",
            "ExpressionAttributeValues": {":bucket": {"S": bucket}, ":one": {"N": "1"}},
        }
        failed = self._send([update])
        if failed is None:
            return Outcome.RECORDED
        last_seen = "" if failed.row is None else failed.row[LAST_SEEN]["S"]
        return Outcome.LATE if last_seen > bucket else Outcome.REPEAT

    def _guess(self, sighting: Sighting) -> list[dict[str, Any]]:
        """Right when the user was already seen today, and nothing later is known."""
        bucket = sighting.bucket
        values: dict[str, Any] = {
            ":day": {"S": table.start_of_day(bucket)},
            ":bucket": {"S": table.stamp(bucket)},
            ":client": {"S": sighting.client_id},
            ":shard": {"S": table.index_partition(self._pool, table.shard_of(sighting.sub, self._shards))},
        }
        signed_in = sighting.kind is SightingKind.SIGN_IN
        # The same client again is news for a sign-in, which may follow a refresh of its bucket, and not for a refresh.
        client = f"{CLIENT_ID} {'<=' if signed_in else '<'} :client"
        condition = f"{LAST_SEEN} BETWEEN :day AND :bucket AND ({LAST_SEEN} < :bucket OR {client})"
        update = f"SET {LAST_SEEN} = :bucket, {CLIENT_ID} = :client, {LAST_SEEN_SHARD} = :shard"
        if signed_in:
            condition += f" AND (attribute_not_exists({LAST_SIGN_IN}) OR {LAST_SIGN_IN} < :bucket)"
            update += f", {LAST_SIGN_IN} = :bucket ADD {SIGN_IN_COUNT} :one"
            values[":one"] = {"N": "1"}
        return [
            {
                "Key": table.user_key(self._pool, sighting.sub),
                "ConditionExpression": condition,
                "UpdateExpression": update,
                "ExpressionAttributeValues": values,
            }
        ]

    def _correction(
        self, row: table.Item | None, before: Activity | None, after: Activity, sighting: Sighting
    ) -> list[dict[str, Any]]:
        """Changes the row from `before` to `after`, and adds the day's row where that may be missing."""
        day = sighting.bucket.date()
        # Such a sighting always changes the last sign-in too, so the condition on that guards this attribute.
        is_earliest = row is not None and day < table.first_day_of(row)
        requests = [self._compare_and_set(before, after, {FIRST_DAY: {"S": day.isoformat()}} if is_earliest else {})]
        if before is None or before.last_seen.date() != day:
            requests.append(self._note_day(sighting))
        return requests

    def _note_day(self, sighting: Sighting) -> dict[str, Any]:
        item = table.day_item(self._pool, sighting.bucket, sighting.sub, self._shards, self._days_kept)
        expiry = f", {EXPIRES_AT} = :{EXPIRES_AT}" if EXPIRES_AT in item else ""
        return {
            "Key": table.key_of(item),
            "UpdateExpression": f"SET {FIRST_SEEN} = if_not_exists({FIRST_SEEN}, :{FIRST_SEEN}){expiry}",
            "ExpressionAttributeValues": {f":{name}": item[name] for name in (FIRST_SEEN, EXPIRES_AT) if name in item},
        }

    def _compare_and_set(self, before: Activity | None, after: Activity, more: table.Item) -> dict[str, Any]:
        item = {**table.user_item(after, self._pool, self._shards), **more}
        key = table.key_of(item)
        written = {name: value for name, value in item.items() if name not in key}
        values = {f":{name}": value for name, value in written.items()}
        if before is None:
            condition = f"attribute_not_exists({PK})"
        else:
            row = table.user_item(before, self._pool, self._shards)
            # What a sighting can change; the other attributes follow from these.
            compared = {name: row.get(name) for name in (LAST_SEEN, CLIENT_ID, LAST_SIGN_IN)}
            condition = " AND ".join(
                f"attribute_not_exists({name})" if value is None else f"{name} = :old_{name}"
                for name, value in compared.items()
            )
            values |= {f":old_{name}": value for name, value in compared.items() if value is not None}
        return {
            "Key": key,
            "ConditionExpression": condition,
            "UpdateExpression": "SET " + ", ".join(f"{name} = :{name}" for name in written),
            "ExpressionAttributeValues": values,
        }

    def _send(self, updates: list[dict[str, Any]]) -> _ConditionFailed | None:
        """Sends one update, or two as a transaction; only the first has a condition."""
        addressed = [{"TableName": self._table_name, **update} for update in updates]
        addressed[0]["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        try:
            if len(addressed) == 1:
                self._transport.call("UpdateItem", addressed[0])
            else:
                # With the same token, a second attempt of this transaction has no further effect.
                token = secrets.token_hex(16)
                items = [{"Update": update} for update in addressed]
                self._transport.call("TransactWriteItems", {"TransactItems": items, "ClientRequestToken": token})
        except ErrorAnswer as answer:
            return _condition_failed(answer)
        return None


def _condition_failed(answer: ErrorAnswer) -> _ConditionFailed:
    """The row for which the condition did not hold; raises the error where that is not what went wrong.

    A cancelled transaction has a reason for each of its parts, in their order:
    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
    """
    if answer.code == "ConditionalCheckFailedException":
        return _ConditionFailed(answer.answer.get("Item"))
    reasons = answer.answer.get("CancellationReasons", [])
    codes = [reason.get("Code", "None") for reason in reasons]
    if answer.code == "TransactionConflictException" or "TransactionConflict" in codes:
        raise _Contended from answer
    if codes[:1] == ["ConditionalCheckFailed"]:
        return _ConditionFailed(reasons[0].get("Item"))
    cause = next((code for code in codes if code != "None"), answer.code)
    raise to_error(cause, "record", status=answer.status) from answer
