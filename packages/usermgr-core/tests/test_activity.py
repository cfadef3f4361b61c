"""What any order of any sightings does to a record, and the contract of a store in its plainest form."""

from __future__ import annotations

import doctest
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

import usermgr.activity
import usermgr.backoff
import usermgr.dormancy
import usermgr.paging
import usermgr.settings
from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, SightingKind, bucket_of, merge
from usermgr.errors import InvalidInputError
from usermgr.testing import ActivityStoreContract

MIDNIGHT = datetime(2026, 1, 31, tzinfo=UTC)
SIGHTINGS = st.lists(
    st.builds(
        Sighting,
        st.just("ada"),
        st.sampled_from(SightingKind),
        st.sampled_from(["app", "web"]),
        st.integers(-5000, 5000).map(lambda seconds: MIDNIGHT + timedelta(seconds=seconds)),
    ),
    min_size=1,
    max_size=12,
)


def all_of(sightings: list[Sighting]) -> Activity:
    """The record after them."""
    record = None
    for sighting in sightings:
        record, _ = merge(record, sighting)
    assert record is not None
    return record


@given(SIGHTINGS)
def test_latest_times_do_not_depend_on_the_order(sightings: list[Sighting]) -> None:
    """Last seen, last sign-in and the client are those of the sorted order, whatever the order of arrival."""
    record, in_order = all_of(sightings), all_of(sorted(sightings, key=lambda s: s.at))
    assert (record.last_seen, record.last_sign_in, record.client_id) == (
        in_order.last_seen,
        in_order.last_sign_in,
        in_order.client_id,
    )


@given(SIGHTINGS)
def test_count_is_a_lower_bound(sightings: list[Sighting]) -> None:
    """The count is never above the distinct buckets with a sign-in, and exact in order of time."""
    buckets = {bucket_of(s.at) for s in sightings if s.kind is SightingKind.SIGN_IN}
    assert bool(buckets) <= all_of(sightings).sign_in_count <= len(buckets)
    assert all_of(sorted(sightings, key=lambda s: s.at)).sign_in_count == len(buckets)


@given(SIGHTINGS)
def test_replays_change_nothing(sightings: list[Sighting]) -> None:
    """A second arrival of what has arrived is no news, in any order."""
    record = all_of(sightings)
    for sighting in reversed(sightings):
        after, outcome = merge(record, sighting)
        assert after is record
        assert outcome is not Outcome.RECORDED


@pytest.mark.parametrize("change", [{"sub": ""}, {"client_id": ""}, {"at": datetime(2026, 1, 31)}])  # noqa: DTZ001 - the mistake
def test_bad_sightings(change: dict[str, object]) -> None:
    """An empty id or a time without a zone is refused by name."""
    good = {"sub": "ada", "kind": SightingKind.SIGN_IN, "client_id": "web", "at": MIDNIGHT}
    with pytest.raises(InvalidInputError) as caught:
        Sighting(**{**good, **change})  # pyright: ignore[reportArgumentType] - that is the mistake
    assert caught.value.field == next(iter(change))


@pytest.mark.parametrize(
    "at",
    [
        pytest.param(datetime.min.replace(tzinfo=timezone(timedelta(hours=9))), id="before-year-1"),
        pytest.param(datetime.max.replace(tzinfo=timezone(-timedelta(hours=9))), id="after-year-9999"),
    ],
)
def test_times_that_utc_does_not_have(at: datetime) -> None:
    """A time that overflows in UTC is invalid input, not an OverflowError."""
    with pytest.raises(InvalidInputError) as caught:
        bucket_of(at)

    assert caught.value.field == "at"


class TestMemoryActivityStore(ActivityStoreContract):
    """The double that these tests use keeps the contract, which shows that it needs nothing of any one store."""

    @pytest.fixture
    def store(self, store: ActivityStore) -> ActivityStore:
        return store


@pytest.mark.parametrize(
    "module", [usermgr.activity, usermgr.backoff, usermgr.dormancy, usermgr.paging, usermgr.settings]
)
def test_examples_in_docstrings(module: object) -> None:
    """The examples in the modules' docstrings are right."""
    result = doctest.testmod(module)  # pyright: ignore[reportArgumentType] - a module
    assert (result.failed, result.attempted > 0) == (0, True)
