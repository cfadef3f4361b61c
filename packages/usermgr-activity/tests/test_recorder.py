"""The recorder: the expected rows for every order, and how many requests they cost."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from usermgr.activity import Activity, Outcome, Sighting, SightingKind, bucket_of
from usermgr_activity import SHARDS, DynamoActivityStore, MachineSighting, Recorder
from usermgr_activity.table import day_item, day_key, shard_of, user_key

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

POOL = "ap-northeast-1_Example"
SIGN_IN, REFRESH = SightingKind.SIGN_IN, SightingKind.REFRESH
MORNING = datetime(2026, 1, 31, 8, 0, tzinfo=UTC)
UPDATE, TRANSACTION = "UpdateItem", "TransactWriteItems"

MakeStore = Callable[..., DynamoActivityStore]


@dataclass
class Expected:
    """The rows of one user, stated from the order of arrival by themselves: not by the code under test."""

    arrived: list[Sighting]

    def activity(self) -> Activity:
        """The user's row."""
        newest = max(bucket_of(s.at) for s in self.arrived)
        sign_ins = [bucket_of(s.at) for s in self.arrived if s.kind is SIGN_IN]
        return Activity(
            sub=self.arrived[0].sub,
            first_seen=bucket_of(self.arrived[0].at),
            last_seen=newest,
            last_sign_in=max(sign_ins, default=None),
            sign_in_count=sum(all(b > earlier for earlier in sign_ins[:n]) for n, b in enumerate(sign_ins)),
            client_id=max(s.client_id for s in self.arrived if bucket_of(s.at) == newest),
        )

    def days(self) -> set[date]:
        """The days with a row: those of every sighting that was not dropped as late."""
        days: set[date] = set()
        for n, sighting in enumerate(self.arrived):
            before = self.arrived[:n]
            peers = before if sighting.kind is REFRESH else [s for s in before if s.kind is SIGN_IN]
            if all(bucket_of(s.at) < bucket_of(sighting.at) for s in peers):
                days.add(sighting.at.date())
        return days


def two_hundred_sightings(seed: int) -> list[Sighting]:
    """200 sightings of four users by three clients in two days around midnight, shuffled."""
    dice = random.Random(seed)  # noqa: S311 - a test's order, not a secret
    start = datetime(2026, 1, 31, 22, 0, tzinfo=UTC)
    return [
        Sighting(
            f"user-{dice.randrange(4)}",
            dice.choice([SIGN_IN, REFRESH]),
            dice.choice(["app", "tv", "web"]),
            start + timedelta(seconds=dice.randrange(4 * 3600)),
        )
        for _ in range(200)
    ]


def check(store: DynamoActivityStore, arrived: Iterable[Sighting]) -> None:
    """The table holds exactly the expected rows."""
    by_user: dict[str, list[Sighting]] = {}
    for sighting in arrived:
        by_user.setdefault(sighting.sub, []).append(sighting)
    expected = {sub: Expected(sightings) for sub, sightings in by_user.items()}
    assert dict(store.last_seen_many(expected)) == {sub: rows.activity() for sub, rows in expected.items()}
    for day in (date(2026, 1, 31), date(2026, 2, 1)):
        assert set(store.active_on(day)) == {sub for sub, rows in expected.items() if day in rows.days()}


@pytest.mark.parametrize("seed", range(2))
def test_200_shuffled_sightings(make_store: MakeStore, seed: int) -> None:
    """200 sightings in any order leave the expected rows, and a replay of each three times changes nothing."""
    store = make_store()
    sightings = two_hundred_sightings(seed)
    for sighting in sightings:
        store.record(sighting)
    check(store, sightings)
    for sighting in sightings:
        assert {store.record(sighting) for _ in range(3)} <= {Outcome.REPEAT, Outcome.LATE}
    check(store, sightings)


def test_200_sightings_each_retried_at_once(make_store: MakeStore) -> None:
    """Retries that follow at once, as Cognito's do, leave the rows that single sightings leave."""
    store = make_store()
    sightings = two_hundred_sightings(4)
    for sighting in sightings:
        for _ in range(3):
            store.record(sighting)
    check(store, sightings)


def test_200_sightings_in_their_order(make_store: MakeStore) -> None:
    """In order of time nothing is late: the count is exact, and every day has its row."""
    store = make_store()
    sightings = sorted(two_hundred_sightings(5), key=lambda s: s.at)
    outcomes = {store.record(sighting) for sighting in sightings}
    assert outcomes == {Outcome.RECORDED, Outcome.REPEAT}
    for n in range(4):
        own = [s for s in sightings if s.sub == f"user-{n}"]
        activity = store.last_seen(f"user-{n}")
        assert activity is not None
        assert activity.sign_in_count == len({bucket_of(s.at) for s in own if s.kind is SIGN_IN})
        for day in (date(2026, 1, 31), date(2026, 2, 1)):
            assert (f"user-{n}" in set(store.active_on(day))) is (day in {s.at.date() for s in own})


# --- What it costs -----------------------------------------------------------------------------------


def test_requests_of_a_day(make_store: MakeStore, spy: Any) -> None:
    """The day's first sighting takes two requests, every other one, and a repeat is one refused write."""
    store = make_store()
    cost: list[tuple[Outcome, list[str]]] = []
    for kind, minutes in [(SIGN_IN, 0), (SIGN_IN, 1), (REFRESH, 2), (REFRESH, 60), (SIGN_IN, 61), (REFRESH, 1440)]:
        spy.sent.clear()
        outcome = store.record(Sighting("ada", kind, "web", MORNING + timedelta(minutes=minutes)))
        cost.append((outcome, [*spy.sent]))
    assert cost == [
        (Outcome.RECORDED, [UPDATE, TRANSACTION]),
        (Outcome.REPEAT, [UPDATE]),
        (Outcome.REPEAT, [UPDATE]),
        (Outcome.RECORDED, [UPDATE]),
        (Outcome.RECORDED, [UPDATE]),
        (Outcome.RECORDED, [UPDATE, TRANSACTION]),
    ]


def test_sign_in_behind_a_refresh_takes_two(make_store: MakeStore, spy: Any) -> None:
    """A sign-in that a later refresh overtook is the one other case of two requests."""
    store = make_store()
    store.record(Sighting("ada", SIGN_IN, "web", MORNING))
    store.record(Sighting("ada", REFRESH, "web", MORNING + timedelta(minutes=10)))
    spy.sent.clear()
    assert store.record(Sighting("ada", SIGN_IN, "web", MORNING + timedelta(minutes=5))) is Outcome.RECORDED
    assert spy.sent == [UPDATE, UPDATE]


def test_repeats_write_nothing(make_store: MakeStore, client: DynamoDBClient, table_name: str) -> None:
    """Repeats leave every item of the table as it was, to the last attribute."""
    store = make_store()
    store.record(Sighting("ada", SIGN_IN, "web", MORNING))
    before = client.scan(TableName=table_name)["Items"]
    for kind in (SIGN_IN, REFRESH):
        assert store.record(Sighting("ada", kind, "web", MORNING + timedelta(minutes=4))) is Outcome.REPEAT
    assert client.scan(TableName=table_name)["Items"] == before


# --- Crashes and lost replies ------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_around_the_second_request(
    make_store: MakeStore, spy: Any, client: DynamoDBClient, table_name: str, moment: str
) -> None:
    """A recorder that dies before or after the day's transaction leaves both rows or none; a retry gives both."""
    store = make_store()
    sighting = Sighting("ada", SIGN_IN, "web", MORNING)
    spy.dies = (moment, TRANSACTION)
    with pytest.raises(spy.killed):
        store.record(sighting)
    spy.dies = None
    keys = [user_key(POOL, "ada"), day_key(POOL, MORNING.date(), "ada", shard_of("ada"))]
    rows = ["Item" in client.get_item(TableName=table_name, Key=key) for key in keys]
    assert rows == [moment == "after"] * 2
    store.record(sighting)
    assert store.last_seen("ada") == Activity("ada", MORNING, MORNING, MORNING, 1, "web")
    assert list(store.active_on(MORNING.date())) == ["ada"]


# --- Apart from each other ---------------------------------------------------------------------------


def test_pools_are_apart(make_store: MakeStore) -> None:
    """The same sub in another pool of the same table is somebody else."""
    here, there = make_store(), make_store("ap-northeast-1_Other")
    here.record(Sighting("ada", SIGN_IN, "web", MORNING))
    assert there.last_seen("ada") is None
    assert list(there.active_on(MORNING.date())) == []
    assert list(there.not_seen_since(MORNING + timedelta(days=1))) == []


def test_machines_are_counted_apart(make_store: MakeStore, spy: Any, table_name: str) -> None:
    """Tokens of a machine count once a bucket, and show in no question about people."""
    store = make_store()
    recorder = Recorder(spy, table_name=table_name, user_pool_id=POOL)
    outcomes = [recorder.record(MachineSighting("batch-job", MORNING + timedelta(minutes=n))) for n in (0, 1, 5, 2, 10)]
    assert outcomes == [Outcome.RECORDED, Outcome.REPEAT, Outcome.RECORDED, Outcome.LATE, Outcome.RECORDED]
    machine = store.machine("batch-job")
    assert machine is not None
    assert (machine.first_seen, machine.last_seen) == (MORNING, MORNING + timedelta(minutes=10))
    assert machine.token_count == 3
    assert store.machine("other-job") is None
    assert store.last_seen("batch-job") is None
    assert list(store.active_on(MORNING.date())) == []
    assert list(store.not_seen_since(MORNING + timedelta(days=1))) == []


def test_growing_the_shards(make_store: MakeStore) -> None:
    """More shards lose nobody, double nobody, and take each user over at the next sighting."""
    small, large = make_store(shards=2), make_store(shards=SHARDS)
    subs = sorted(f"user-{n}" for n in range(30))
    for sub in subs:
        small.record(Sighting(sub, SIGN_IN, "web", MORNING))
    for sub in subs[:10]:
        large.record(Sighting(sub, REFRESH, "web", MORNING + timedelta(minutes=5)))
    assert list(large.active_on(MORNING.date())) == subs
    assert sorted(a.sub for a in large.not_seen_since(MORNING + timedelta(days=1))) == subs


def test_first_seen_of_a_day(make_store: MakeStore, client: DynamoDBClient, table_name: str) -> None:
    """A day's row keeps its first sighting when another of that day arrives after midnight."""
    store, night = make_store(), datetime(2026, 1, 31, 22, 0, tzinfo=UTC)

    for kind, hours in ((REFRESH, 0), (REFRESH, 3), (SIGN_IN, 1)):
        store.record(Sighting("ada", kind, "web", night + timedelta(hours=hours)))

    key = day_key(POOL, night.date(), "ada", shard_of("ada"))
    assert client.get_item(TableName=table_name, Key=key)["Item"] == day_item(POOL, night, "ada")


def test_day_on_which_the_shards_grew(make_store: MakeStore) -> None:
    """A user whose day has a row in an old shard and one in a new shows once."""
    small, large = make_store(shards=1), make_store(shards=SHARDS)
    assert shard_of("ada") != 0
    small.record(Sighting("ada", REFRESH, "web", MORNING))
    small.record(Sighting("ada", REFRESH, "web", MORNING + timedelta(days=1)))
    large.record(Sighting("ada", SIGN_IN, "web", MORNING + timedelta(hours=1)))
    assert list(large.active_on(MORNING.date())) == ["ada"]
