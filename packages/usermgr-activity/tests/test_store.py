"""The store's requests: batches, pages, retries, settings and errors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from usermgr.activity import Activity, Sighting, SightingKind
from usermgr.errors import (
    AccessDeniedError,
    ServiceError,
    StoreNotFoundError,
    ThrottledError,
)
from usermgr_activity import SHARDS, DynamoActivityStore
from usermgr_activity._errors import ErrorAnswer
from usermgr_activity._store import UNPROCESSED
from usermgr_activity.table import PK, shard_of, stamp, user_item
from usermgr_activity.transport import Body, endpoint

POOL = "ap-northeast-1_Example"
NOON = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)


class Scripted:
    """A transport that answers with a function and notes the requests."""

    def __init__(self, answer: Callable[[str, Body], Body]) -> None:
        self.answer = answer
        self.asked: list[tuple[str, Body]] = []

    def call(self, operation: str, body: Body) -> Body:
        self.asked.append((operation, dict(body)))
        return self.answer(operation, body)


def store_over(transport: Any, **settings: Any) -> DynamoActivityStore:
    """A store with that transport."""
    return DynamoActivityStore(transport, table_name="table", user_pool_id=POOL, **settings)


def row(n: int) -> Body:
    """A user's row, seen at the n-th bucket of a day."""
    at = NOON.replace(hour=n // 12, minute=n % 12 * 5)
    return user_item(Activity(f"user-{n}", at, at, None, 0, "web"), POOL)


def test_batches_of_a_hundred(make_store: Callable[..., DynamoActivityStore], spy: Any) -> None:
    """250 users are three requests, and no more than are asked for are sent."""
    store = make_store()
    answers = store.last_seen_many(f"user-{n}" for n in range(250))
    next(answers)
    assert spy.sent == ["BatchGetItem"]
    assert len(list(answers)) == 249
    assert spy.sent == ["BatchGetItem"] * 3


def test_unprocessed_keys_are_asked_again() -> None:
    """Keys that DynamoDB leaves unprocessed are asked for again, each time after a longer pause."""

    def half(_: str, body: Body) -> Body:
        request = body["RequestItems"]["table"]
        done, left = request["Keys"][:40], request["Keys"][40:]
        found = [row(int(key[PK]["S"].rpartition("-")[2])) for key in done]
        rest = {"table": {**request, "Keys": left}} if left else {}
        return {"Responses": {"table": found}, "UnprocessedKeys": rest}

    transport, pauses = Scripted(half), list[float]()
    store = store_over(transport, backoff=replace(UNPROCESSED, sleep=pauses.append, jitter=lambda: 1.0))
    answer = dict(store.last_seen_many(f"user-{n}" for n in range(100)))
    assert [sub for sub, activity in answer.items() if activity is None] == []
    assert [len(body["RequestItems"]["table"]["Keys"]) for _, body in transport.asked] == [100, 60, 20]
    assert pauses == [0.05, 0.1]


def test_reads_of_one_user_are_consistent() -> None:
    """Activity and machines are read as they are now, also the keys that are asked for again."""
    answers = iter(({"Responses": {}, "UnprocessedKeys": None}, {"Responses": {}}, {}))

    def answer(_: str, body: Body) -> Body:
        found = next(answers)
        return {**found, "UnprocessedKeys": body["RequestItems"]} if "UnprocessedKeys" in found else found

    transport = Scripted(answer)
    store = store_over(transport, backoff=replace(UNPROCESSED, sleep=lambda _: None))

    store.last_seen("ada")
    store.machine("job")

    reads = [body.get("RequestItems", {}).get("table", body) for _, body in transport.asked]
    assert [operation for operation, _ in transport.asked] == ["BatchGetItem", "BatchGetItem", "GetItem"]
    assert [read["ConsistentRead"] for read in reads] == [True, True, True]


def test_query_without_an_end() -> None:
    """A table that continues a query where it began ends in an error, not in a loop."""
    transport = Scripted(lambda _, __: {"Items": [], "LastEvaluatedKey": {"pk": {"S": "x"}}})

    with pytest.raises(ServiceError):
        list(store_over(transport, shards=1).active_on(NOON.date()))

    assert len(transport.asked) == 2


def test_keys_that_stay_unprocessed() -> None:
    """A table that never answers for a key is throttled, not empty."""
    transport = Scripted(lambda _, body: {"Responses": {}, "UnprocessedKeys": body["RequestItems"]})
    with pytest.raises(ThrottledError):
        store_over(transport, backoff=replace(UNPROCESSED, sleep=lambda _: None)).last_seen("ada")


def test_streams_hold_a_page() -> None:
    """The first answer of a stream costs one page a shard; the next page is asked for when it is needed."""

    def page(_: str, body: Body) -> Body:
        n = int(body.get("ExclusiveStartKey", {"n": 0})["n"])
        shard = int(body["ExpressionAttributeValues"][":shard"]["S"].rpartition("#")[2])
        return {"Items": [row(2 * n + shard)], **({"LastEvaluatedKey": {"n": n + 1}} if n < 5 else {})}

    transport = Scripted(page)
    stream = store_over(transport, shards=2).not_seen_since(NOON)
    assert next(stream).sub == "user-0"
    assert len(transport.asked) == 2
    assert [activity.sub for activity in stream] == [f"user-{n}" for n in range(1, 12)]
    assert len(transport.asked) == 12
    assert {operation for operation, _ in transport.asked} == {"Query"}


def test_long_streams_over_real_pages(make_store: Callable[..., DynamoActivityStore]) -> None:
    """Sixty users, ten at each time, come out of pages of two complete and in the order of their times."""
    store = make_store(page_size=2)
    subs = [f"user-{n}" for n in range(60)]
    for n, sub in enumerate(subs):
        store.record(Sighting(sub, SightingKind.SIGN_IN, "web", NOON + timedelta(minutes=5 * (n // 10))))

    away = list(store.not_seen_since(NOON + timedelta(days=1)))

    assert sorted(a.sub for a in away) == sorted(subs)
    assert [a.last_seen for a in away] == sorted(a.last_seen for a in away)
    assert list(store.active_on(NOON.date())) == sorted(subs)
    assert store.count_active(NOON.date()) == 60


def test_questions_are_queries(make_store: Callable[..., DynamoActivityStore], spy: Any) -> None:
    """No question scans the table."""
    store = make_store()
    list(store.not_seen_since(NOON))
    list(store.active_on(NOON.date()))
    list(store.daily_counts(date(2026, 1, 31), date(2026, 1, 31)))
    store.last_seen("ada")
    store.machine("job")
    assert set(spy.sent) == {"Query", "BatchGetItem", "GetItem"}


def test_stamps_sort_as_times() -> None:
    """Stamps of any year sort as their times do, and all have one length."""
    moments = [datetime(year, 1, 31, tzinfo=UTC) for year in (1, 999, 1000, 2026, 9999)]

    stamps = [stamp(moment) for moment in moments]

    assert stamps == sorted(stamps)
    assert {len(text) for text in stamps} == {20}
    assert stamps[3] == "2026-01-31T00:00:00Z"


def test_shards_are_even() -> None:
    """The hash spreads users evenly, and is the same for ever."""
    counts = [0] * SHARDS
    for n in range(16_000):
        counts[shard_of(f"57d4ca88-9051-70d3-f1ad-{n:012}")] += 1
    assert max(counts) < 1.2 * 1000
    assert shard_of("57d4ca88-9051-70d3-f1ad-000000000001") == 9


def test_missing_table(spy: Any) -> None:
    """A table that does not exist is named as such, for reading and for recording."""
    store = store_over(spy)
    for question in (
        lambda: store.last_seen("ada"),
        lambda: next(store.not_seen_since(NOON)),
        lambda: store.record(Sighting("ada", SightingKind.SIGN_IN, "web", NOON)),
    ):
        with pytest.raises(StoreNotFoundError):
            question()


def test_denied() -> None:
    """A missing right is an AccessDeniedError with the operation."""

    def deny(_: str, __: Body) -> Body:
        raise ErrorAnswer("AccessDeniedException", {})

    with pytest.raises(AccessDeniedError) as caught:
        next(store_over(Scripted(deny)).active_on(NOON.date()))
    assert caught.value.details == {"operation": "Query", "service_code": "AccessDeniedException"}


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, "https://dynamodb.eu-west-1.amazonaws.com/"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:5000"}, "http://127.0.0.1:5000/"),
        ({"AWS_ENDPOINT_URL": "http://a", "AWS_ENDPOINT_URL_DYNAMODB": "http://b/"}, "http://b/"),
    ],
)
def test_endpoint(settings: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AWS's address, unless the SDK's standard variables say another; the nearer one wins."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert endpoint("eu-west-1") == expected


def test_endpoint_in_china(monkeypatch: pytest.MonkeyPatch) -> None:
    """China's regions have a domain of their own."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert endpoint("cn-north-1") == "https://dynamodb.cn-north-1.amazonaws.com.cn/"


@pytest.mark.parametrize("spy", ["sdk"], indirect=True)
def test_newest_is_who_was_seen_last(make_store: Callable[..., DynamoActivityStore]) -> None:
    """Of all shards, the user who was seen last; nobody in an empty table, and nobody of another pool."""
    store = make_store()
    assert store.newest() is None
    for hours, sub in enumerate(("b", "c", "a", "d")):
        store.record(Sighting(sub, SightingKind.SIGN_IN, "web", NOON + timedelta(hours=hours % 3)))
    make_store("ap-northeast-1_Other").record(Sighting("e", SightingKind.SIGN_IN, "web", NOON + timedelta(days=1)))

    newest = store.newest()

    assert newest is not None
    assert newest.sub == "a"
