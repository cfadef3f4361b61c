"""Sightings of the same user at the same moment: in a table, and, where moto shows no conflict, as DynamoDB answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from usermgr.activity import Activity, Outcome, Sighting, SightingKind, merge
from usermgr.errors import ConcurrentChangeError, ThrottledError
from usermgr_activity import DynamoActivityStore, Recorder, Transport
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


class Meanwhile:
    """A transport that lets somebody else act, once, just before the second request."""

    def __init__(self, inner: Transport, act: Callable[[], object]) -> None:
        self.inner = inner
        self.act = act
        self.sent: list[str] = []

    def call(self, operation: str, body: Body) -> Body:
        self.sent.append(operation)
        if len(self.sent) == 2:
            self.act()
        return self.inner.call(operation, body)


def seen(kind: SightingKind, minutes: int, client: str = "web") -> Sighting:
    """Ada, minutes after noon."""
    return Sighting("ada", kind, client, NOON + timedelta(minutes=minutes))


SIGN_IN, REFRESH = SightingKind.SIGN_IN, SightingKind.REFRESH


@pytest.mark.parametrize(
    ("before", "meanwhile", "then"),
    [
        pytest.param([], seen(REFRESH, 10), seen(SIGN_IN, 0), id="first-row"),
        pytest.param([], seen(SIGN_IN, 0), seen(SIGN_IN, 0), id="first-row-by-a-retry"),
        pytest.param([seen(REFRESH, 10)], seen(REFRESH, 15), seen(SIGN_IN, 0), id="last-seen"),
        pytest.param([seen(REFRESH, 10)], seen(REFRESH, 10, "wide"), seen(SIGN_IN, 0), id="client"),
        pytest.param([seen(REFRESH, 10)], seen(SIGN_IN, 5), seen(SIGN_IN, 0), id="first-sign-in"),
        pytest.param([seen(REFRESH, 10)], seen(SIGN_IN, 0), seen(SIGN_IN, 5), id="earlier-first-sign-in"),
        pytest.param([seen(SIGN_IN, -60), seen(REFRESH, 10)], seen(SIGN_IN, 5), seen(SIGN_IN, 0), id="last-sign-in"),
        pytest.param(
            [seen(SIGN_IN, -60), seen(REFRESH, 10)], seen(SIGN_IN, 0), seen(SIGN_IN, 5), id="earlier-last-sign-in"
        ),
    ],
)
def test_change_between_two_requests(
    before: list[Sighting],
    meanwhile: Sighting,
    then: Sighting,
    spy: Any,
    table_name: str,
    make_store: Callable[..., DynamoActivityStore],
) -> None:
    """A row that somebody else made or changed after it was read is not overwritten: the sightings add up."""
    store, expected = make_store(), None
    for sighting in before:
        store.record(sighting)
    for sighting in (*before, meanwhile, then):
        expected, outcome = merge(expected, sighting)
    transport = Meanwhile(spy, lambda: store.record(meanwhile))

    recorded = Recorder(transport, table_name=table_name, user_pool_id=POOL).record(then)

    assert len(transport.sent) >= 2
    assert (recorded, store.last_seen("ada")) == (outcome, expected)


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
