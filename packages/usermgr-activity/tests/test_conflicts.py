"""Sightings of the same user at the same moment, which a moto server does not show: answers as DynamoDB gives them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from usermgr.activity import Activity, Outcome, Sighting, SightingKind
from usermgr.errors import ConcurrentChangeError, ThrottledError
from usermgr_activity import Recorder
from usermgr_activity._errors import ErrorAnswer
from usermgr_activity.table import user_item
from usermgr_activity.transport import Body

POOL = "ap-northeast-1_Example"
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
SIGHTING = Sighting("ada", SightingKind.SIGN_IN, "web", NOON)
UPDATE, TRANSACTION = "UpdateItem", "TransactWriteItems"


def row(last_seen: datetime, last_sign_in: datetime | None, count: int) -> Body:
    """The user's row as another sighting left it."""
    return user_item(Activity("ada", last_seen, last_seen, last_sign_in, count, "web"), POOL)


NEW_DAY = ErrorAnswer("ConditionalCheckFailedException", {})
CONFLICT = ErrorAnswer("TransactionConflictException", {})


def cancelled(*reasons: Body) -> ErrorAnswer:
    """A cancelled transaction with a reason for each part."""
    return ErrorAnswer("TransactionCanceledException", {"CancellationReasons": list(reasons)})


class Scripted:
    """Answers in turn, and notes the operations."""

    def __init__(self, *answers: ErrorAnswer | None) -> None:
        self.answers: Iterator[ErrorAnswer | None] = iter(answers)
        self.asked: list[tuple[str, Body]] = []

    def call(self, operation: str, body: Body) -> Body:
        self.asked.append((operation, body))
        if (answer := next(self.answers)) is not None:
            raise answer
        return {}


def record(*answers: ErrorAnswer | None) -> tuple[Outcome, list[str], list[tuple[str, Any]]]:
    """Records the sighting against these answers."""
    transport = Scripted(*answers)
    outcome = Recorder(transport, table_name="table", user_pool_id=POOL).record(SIGHTING)
    return outcome, [operation for operation, _ in transport.asked], transport.asked


@pytest.mark.parametrize("conflict", [CONFLICT, cancelled({"Code": "None"}, {"Code": "TransactionConflict"})])
def test_conflict_is_asked_again(conflict: ErrorAnswer) -> None:
    """A sign-in whose transaction meets another's is recorded after it."""
    outcome, operations, _ = record(NEW_DAY, conflict, None)
    assert (outcome, operations) == (Outcome.RECORDED, [UPDATE, TRANSACTION, UPDATE])


def test_refresh_was_faster() -> None:
    """A sign-in whose day's row a refresh has just written still counts, in one update of what stands there."""
    stands = row(NOON, None, 0)
    outcome, operations, asked = record(NEW_DAY, cancelled({"Code": "ConditionalCheckFailed", "Item": stands}), None)
    assert (outcome, operations) == (Outcome.RECORDED, [UPDATE, TRANSACTION, UPDATE])
    values = asked[-1][1]["ExpressionAttributeValues"]
    assert (values[":last_sign_in"], values[":sign_in_count"]) == ({"S": "2026-01-31T12:00:00Z"}, {"N": "1"})


def test_retry_was_faster() -> None:
    """The same sign-in from a retry is a repeat, not a second one."""
    stands = row(NOON, NOON, 1)
    outcome, operations, _ = record(NEW_DAY, cancelled({"Code": "ConditionalCheckFailed", "Item": stands}))
    assert (outcome, operations) == (Outcome.REPEAT, [UPDATE, TRANSACTION])


def test_gives_up() -> None:
    """Endless conflicts end after four requests."""
    with pytest.raises(ConcurrentChangeError):
        record(CONFLICT, CONFLICT, CONFLICT, CONFLICT)


def test_throttled_transaction() -> None:
    """A transaction that is throttled says so."""
    with pytest.raises(ThrottledError):
        record(NEW_DAY, cancelled({"Code": "None"}, {"Code": "ThrottlingError"}))


def test_transactions_are_idempotent() -> None:
    """Every transaction has a token of its own, so that a second attempt on the wire is one with the first."""
    tokens = {record(NEW_DAY, None)[2][-1][1]["ClientRequestToken"] for _ in range(3)}
    assert len(tokens) == 3
