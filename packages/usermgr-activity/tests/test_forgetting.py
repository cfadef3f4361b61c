"""Forgetting leaves no row, whatever happened before, half-way and meanwhile; days may expire by themselves."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from usermgr import User, UserStatus
from usermgr.activity import Sighting, SightingKind
from usermgr.dormancy import DormancyPolicy, find_dormant
from usermgr.errors import AccessDeniedError, ConcurrentChangeError
from usermgr_activity import DynamoActivityStore
from usermgr_activity._errors import ErrorAnswer
from usermgr_activity._store import UNPROCESSED
from usermgr_activity.table import EXPIRES_AT, FIRST_DAY, expiry_of, user_key
from usermgr_activity.transport import Body

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POOL = "ap-northeast-1_Example"
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
PATIENT = replace(UNPROCESSED, sleep=lambda _: None)


def seen(days: float = 0, kind: SightingKind = SightingKind.SIGN_IN, sub: str = "ada") -> Sighting:
    """A sighting some days after that noon."""
    return Sighting(sub, kind, "web", NOON + timedelta(days=days))


@pytest.fixture
def rows(client: DynamoDBClient, table_name: str) -> Callable[[], list[dict[str, Any]]]:
    """All rows of the table, which only a test may ask for."""
    return lambda: client.scan(TableName=table_name, ConsistentRead=True)["Items"]


class Meanwhile:
    """A transport before whose first request of that kind something else happens."""

    def __init__(self, inner: Any, operation: str, happens: Callable[[], object]) -> None:
        self.inner, self.operation, self.happens = inner, operation, happens

    def call(self, operation: str, body: Body) -> Body:
        if operation == self.operation:
            self.operation = ""
            self.happens()
        return self.inner.call(operation, body)


@pytest.mark.parametrize("seed", range(2))
def test_no_row_is_left(
    seed: int, make_store: Callable[..., DynamoActivityStore], rows: Callable[[], list[Any]], spy: Any
) -> None:
    """After sightings in any order, with days far apart, not one row of the person is left, and no other is touched."""
    draw = random.Random(seed)  # noqa: S311 - reproducible, not secret
    store = make_store()
    for n in range(25):
        store.record(seen(12 * n + draw.uniform(-50, 50), draw.choice([*SightingKind])))
    before = len(rows())
    store.record(seen(sub="bob"))
    spy.sent.clear()

    removed = store.forget("ada")

    left = rows()
    print(f"forget: {before} rows of a person, {removed} removed, {len(left) - 2} left")
    assert removed == before > 9
    assert len(left) == 2
    assert store.last_seen("bob") is not None
    assert set(spy.sent) == {"BatchGetItem", "DeleteItem"}


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_again_and_again(
    moment: str, make_store: Callable[..., DynamoActivityStore], rows: Callable[[], list[Any]], spy: Any
) -> None:
    """A process that ends at any delete leaves what the next one needs to go on; in the end no row is left."""
    store = make_store()
    for day in range(4):
        store.record(seen(day))

    for _ in range(5):
        spy.dies = (moment, "DeleteItem")
        with pytest.raises(spy.killed):
            store.forget("ada")
    spy.dies = None

    assert store.forget("ada") == (5 if moment == "before" else 0)
    assert rows() == []


def test_seen_while_being_forgotten(
    make_store: Callable[..., DynamoActivityStore], rows: Callable[[], list[Any]], spy: Any, table_name: str
) -> None:
    """A sighting that comes between reading and deleting is forgotten with the rest, its day too."""
    store = make_store()
    store.record(seen())
    transport = Meanwhile(spy, "DeleteItem", lambda: store.record(seen(3)))
    slow = DynamoActivityStore(transport, table_name=table_name, user_pool_id=POOL, backoff=PATIENT)

    assert slow.forget("ada") == 3

    assert rows() == []


def test_earlier_sign_in_while_being_forgotten(
    make_store: Callable[..., DynamoActivityStore], rows: Callable[[], list[Any]], spy: Any, table_name: str
) -> None:
    """So is a day from long before, which changes neither when the person was first seen nor when last."""
    store = make_store()
    store.record(seen(0, SightingKind.REFRESH))
    transport = Meanwhile(spy, "DeleteItem", lambda: store.record(seen(-30)))
    slow = DynamoActivityStore(transport, table_name=table_name, user_pool_id=POOL, backoff=PATIENT)

    assert slow.forget("ada") == 3

    assert rows() == []


class Refusing:
    """A transport that answers each delete with an error, and counts them."""

    def __init__(self, inner: Any, code: str) -> None:
        self.inner, self.code, self.deletes = inner, code, 0

    def call(self, operation: str, body: Body) -> Body:
        if operation != "DeleteItem":
            return self.inner.call(operation, body)
        self.deletes += 1
        raise ErrorAnswer(self.code, {}, 400)


@pytest.mark.parametrize("code", ["ConditionalCheckFailedException", "TransactionConflictException"])
def test_recorded_all_the_while(
    code: str, make_store: Callable[..., DynamoActivityStore], spy: Any, table_name: str
) -> None:
    """Where the recorder never stops, that is an error that says to delete the user first."""
    make_store().record(seen())
    transport = Refusing(spy, code)
    store = DynamoActivityStore(transport, table_name=table_name, user_pool_id=POOL, backoff=PATIENT)

    with pytest.raises(ConcurrentChangeError, match="delete the user first"):
        store.forget("ada")

    assert transport.deletes == PATIENT.tries


def test_denied(make_store: Callable[..., DynamoActivityStore], spy: Any, table_name: str) -> None:
    """A missing right is an AccessDeniedError with the operation."""
    make_store().record(seen())
    transport = Refusing(spy, "AccessDeniedException")

    with pytest.raises(AccessDeniedError) as caught:
        DynamoActivityStore(transport, table_name=table_name, user_pool_id=POOL).forget("ada")

    assert (caught.value.operation, transport.deletes) == ("DeleteItem", 1)


def test_days_of_fewer_shards(make_store: Callable[..., DynamoActivityStore], rows: Callable[[], list[Any]]) -> None:
    """Days that were written when there were fewer shards are found too."""
    for n, shards in enumerate((2, 3, 16)):
        make_store(shards=shards).record(seen(n))
    assert len(rows()) == 4

    assert make_store(shards_before=(2, 3)).forget("ada") == 4

    assert rows() == []


def test_row_of_an_earlier_recorder(
    make_store: Callable[..., DynamoActivityStore],
    rows: Callable[[], list[Any]],
    client: DynamoDBClient,
    table_name: str,
) -> None:
    """A sign-in of yesterday that came after midnight, when no note of that was kept, is found too."""
    store = make_store()
    store.record(seen(0.5, SightingKind.REFRESH))
    store.record(seen(0.49))
    key = user_key(POOL, "ada")
    assert FIRST_DAY in client.get_item(TableName=table_name, Key=key).get("Item", {})
    client.update_item(TableName=table_name, Key=key, UpdateExpression=f"REMOVE {FIRST_DAY}")

    assert store.forget("ada") == 3

    assert rows() == []


# --- Days that expire --------------------------------------------------------------------------------


def test_only_days_expire(make_store: Callable[..., DynamoActivityStore], rows: Callable[[], list[Any]]) -> None:
    """With `days_kept`, a day's row expires so many days after its day is over, and a user's row never does."""
    make_store(days_kept=90).record(seen())

    expiries = {row["pk"]["S"].split("#")[0]: row.get(EXPIRES_AT) for row in rows()}

    expected = datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=90)
    assert expiries == {"user": None, "day": {"N": str(int(expected.timestamp()))}}


def test_expired_days_are_left_out(make_store: Callable[..., DynamoActivityStore]) -> None:
    """A day that has expired is empty, although its rows are still there; rows without an expiry stay."""
    make_store().record(seen(sub="bob"))
    make_store(days_kept=1).record(seen(sub="ada"))
    expiry = datetime.fromtimestamp(expiry_of(NOON.date(), 1), UTC)

    answers = [
        (list(store.active_on(NOON.date())), store.count_active(NOON.date()))
        for store in (make_store(now=lambda at=at: at) for at in (expiry - timedelta(seconds=1), expiry))
    ]

    assert answers == [(["ada", "bob"], 2), (["bob"], 1)]
    assert make_store(days_kept=1).forget("ada") == 2


def test_dormancy_does_not_depend_on_days(
    make_store: Callable[..., DynamoActivityStore],
    rows: Callable[[], list[Any]],
    client: DynamoDBClient,
    table_name: str,
) -> None:
    """Who is dormant since when is the same when every row that can expire has been removed."""
    policy = DormancyPolicy(idle_for=timedelta(days=90), recording_since=NOON - timedelta(days=30))
    people = [User(name, name, UserStatus.CONFIRMED, True, NOON, NOON) for name in ("ada", "bob")]
    store = make_store(days_kept=1)
    for sighting in (seen(), seen(5), seen(200, sub="bob")):
        store.record(sighting)

    def answers() -> list[Any]:
        moment = NOON + timedelta(days=210)
        dormant = find_dormant(people, store, policy, now=moment)
        return [list(store.not_seen_since(moment)), store.last_seen("ada"), list(dormant)]

    before = answers()
    assert [found.user.sub for found in before[2]] == ["ada"]
    for row in rows():
        if EXPIRES_AT in row:
            client.delete_item(TableName=table_name, Key={"pk": row["pk"], "sk": row["sk"]})

    assert answers() == before
    assert len(rows()) == 2
