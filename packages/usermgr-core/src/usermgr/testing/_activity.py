"""The contract of an activity store; the test of a store is a fixture that returns an empty one::

class TestMyStore(ActivityStoreContract):
    @pytest.fixture
    def store(self) -> ActivityStore:
        return MyStore(...)
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from usermgr.activity import Activity, ActivityStore, DailyCount, Outcome, Sighting, SightingKind
from usermgr.errors import InvalidInputError
from usermgr.testing._base import Contract

__all__ = ["ActivityStoreContract"]

SIGN_IN, REFRESH = SightingKind.SIGN_IN, SightingKind.REFRESH
DAY = date(2026, 1, 31)


def at(clock: str, day: date = DAY) -> datetime:
    """`at("08:03:20")` on the contract's day."""
    return datetime.fromisoformat(f"{day}T{clock}+00:00")


def saw(sub: str, when: datetime, kind: SightingKind = SIGN_IN, client: str = "web") -> Sighting:
    """A sighting with the usual kind and client."""
    return Sighting(sub, kind, client, when)


class ActivityStoreContract(Contract):
    """What every activity store does. Give it a fixture `store`: an empty `ActivityStore`."""

    @pytest.fixture
    def store(self) -> ActivityStore:
        """An empty store."""
        raise NotImplementedError("give the contract a fixture named store")

    def record(self, store: ActivityStore, sightings: Iterable[Sighting]) -> list[Outcome]:
        """Records them in their order."""
        return [store.record(sighting) for sighting in sightings]

    # --- One user ------------------------------------------------------------------------------------

    def test_nobody_was_seen(self, store: ActivityStore) -> None:
        """A user without a sighting has no activity."""
        assert store.last_seen("ada") is None

    def test_first_sign_in(self, store: ActivityStore) -> None:
        """The first sign-in is first seen, last seen and last sign-in, at its five-minute bucket."""
        assert store.record(saw("ada", at("08:03:20"))) is Outcome.RECORDED
        bucket = at("08:00:00")
        assert store.last_seen("ada") == Activity("ada", bucket, bucket, bucket, 1, "web")

    def test_refresh_is_not_a_sign_in(self, store: ActivityStore) -> None:
        """A refresh moves last seen, and neither the last sign-in nor the count."""
        self.record(store, [saw("ada", at("08:00:00")), saw("ada", at("09:30:00"), REFRESH)])
        morning = at("08:00:00")
        assert store.last_seen("ada") == Activity("ada", morning, at("09:30:00"), morning, 1, "web")

    def test_only_refreshes(self, store: ActivityStore) -> None:
        """A session from before recording began shows as seen and never signed in."""
        store.record(saw("ada", at("08:00:00"), REFRESH))
        bucket = at("08:00:00")
        assert store.last_seen("ada") == Activity("ada", bucket, bucket, None, 0, "web")

    def test_repeat_in_a_bucket(self, store: ActivityStore) -> None:
        """The same sighting again, in the same five minutes, is a repeat and changes nothing."""
        store.record(saw("ada", at("08:00:00")))
        before = store.last_seen("ada")
        assert store.record(saw("ada", at("08:04:59.999"))) is Outcome.REPEAT
        assert store.last_seen("ada") == before

    def test_next_bucket_counts(self, store: ActivityStore) -> None:
        """A sign-in in the next bucket is another sign-in."""
        self.record(store, [saw("ada", at("08:04:59")), saw("ada", at("08:05:00"))])
        assert store.last_seen("ada") == Activity("ada", at("08:00:00"), at("08:05:00"), at("08:05:00"), 2, "web")

    def test_refresh_does_not_hide_a_sign_in_of_its_bucket(self, store: ActivityStore) -> None:
        """A sign-in seconds after a refresh counts."""
        outcomes = self.record(store, [saw("ada", at("08:00:00"), REFRESH), saw("ada", at("08:00:05"))])
        assert outcomes == [Outcome.RECORDED, Outcome.RECORDED]
        bucket = at("08:00:00")
        assert store.last_seen("ada") == Activity("ada", bucket, bucket, bucket, 1, "web")

    def test_later_refresh_does_not_hide_a_sign_in(self, store: ActivityStore) -> None:
        """A sign-in that arrives after a refresh of a later bucket still counts, and last seen stays."""
        self.record(store, [saw("ada", at("08:10:00"), REFRESH), saw("ada", at("08:00:00"))])
        assert store.last_seen("ada") == Activity("ada", at("08:10:00"), at("08:10:00"), at("08:00:00"), 1, "web")

    def test_sign_in_of_yesterday_that_arrives_today(self, store: ActivityStore) -> None:
        """A sign-in just before midnight that arrives after it shows on its own day."""
        yesterday = DAY - timedelta(days=1)
        self.record(store, [saw("ada", at("00:00:00"), REFRESH), saw("ada", at("23:59:59", yesterday))])
        assert list(store.active_on(yesterday)) == ["ada"]
        assert list(store.active_on(DAY)) == ["ada"]

    @pytest.mark.parametrize("kind", [SIGN_IN, REFRESH])
    def test_time_never_moves_backwards(self, store: ActivityStore, kind: SightingKind) -> None:
        """What arrives after something later of its kind is late, and changes nothing."""
        store.record(saw("ada", at("08:10:00")))
        before = store.last_seen("ada")
        assert store.record(saw("ada", at("08:00:00"), kind)) is Outcome.LATE
        assert store.last_seen("ada") == before

    @pytest.mark.parametrize("clients", [["app", "web"], ["web", "app"]])
    def test_two_clients_in_a_bucket(self, store: ActivityStore, clients: list[str]) -> None:
        """Two clients in one bucket are one sign-in, and the same client is kept in either order."""
        self.record(store, [saw("ada", at("08:00:00"), client=client) for client in clients])
        bucket = at("08:00:00")
        assert store.last_seen("ada") == Activity("ada", bucket, bucket, bucket, 1, "web")

    def test_other_time_zones(self, store: ActivityStore) -> None:
        """A time with another offset is kept in UTC, day included."""
        tokyo = timezone(timedelta(hours=9))
        store.record(saw("ada", datetime(2026, 2, 1, 8, 0, tzinfo=tokyo)))
        bucket = at("23:00:00")
        assert store.last_seen("ada") == Activity("ada", bucket, bucket, bucket, 1, "web")
        assert list(store.active_on(DAY)) == ["ada"]

    @pytest.mark.parametrize("replays", [0, 3])
    def test_day_in_the_life(self, store: ActivityStore, replays: int) -> None:
        """A day's sightings give their record, and recording each of them three times more changes nothing."""
        day = [
            saw("ada", at("08:01:00")),
            saw("ada", at("08:01:02"), REFRESH),
            saw("ada", at("09:01:00"), REFRESH, "app"),
            saw("ada", at("13:20:00"), SIGN_IN, "app"),
            saw("ada", at("14:20:00"), REFRESH, "web"),
        ]
        self.record(store, [sighting for sighting in day for _ in range(1 + replays)])
        self.record(store, day * replays)
        assert store.last_seen("ada") == Activity("ada", at("08:00:00"), at("14:20:00"), at("13:20:00"), 2, "web")

    # --- Many users ----------------------------------------------------------------------------------

    def test_batches_keep_the_order(self, store: ActivityStore) -> None:
        """Many users are answered in the order asked for, the unknown and the repeated included."""
        store.record(saw("ada", at("08:00:00")))
        asked = [f"nobody-{n}" for n in range(130)] + ["ada", "ada"]
        answer = list(store.last_seen_many(iter(asked)))
        assert [sub for sub, _ in answer] == asked
        assert [activity is not None for _, activity in answer] == [False] * 130 + [True, True]

    def test_batch_of_nobody(self, store: ActivityStore) -> None:
        """No question, no answer."""
        assert list(store.last_seen_many([])) == []

    def test_not_seen_since(self, store: ActivityStore) -> None:
        """Users who were seen only before the moment come, the longest away first; those who came back do not."""
        self.record(
            store,
            [
                *(saw(f"user-{n}", at(f"{n:02}:00:00")) for n in (5, 3, 1, 2, 4)),
                saw("user-1", at("20:00:00"), REFRESH),
            ],
        )
        dormant = list(store.not_seen_since(at("04:00:00")))
        assert [activity.sub for activity in dormant] == ["user-2", "user-3"]
        assert dormant[0] == store.last_seen("user-2")

    def test_not_seen_since_leaves_the_bucket_of_the_moment_out(self, store: ActivityStore) -> None:
        """A bucket that has not ended at the moment does not prove absence."""
        store.record(saw("ada", at("08:00:00")))
        assert [a.sub for a in store.not_seen_since(at("08:04:59"))] == []
        assert [a.sub for a in store.not_seen_since(at("08:05:00"))] == ["ada"]

    def test_not_seen_since_needs_a_time_zone(self, store: ActivityStore) -> None:
        """A moment without a time zone is refused by name."""
        with pytest.raises(InvalidInputError) as caught:
            list(store.not_seen_since(datetime(2026, 1, 31)))  # noqa: DTZ001 - that is the mistake
        assert caught.value.field == "moment"

    def test_active_on_past_days(self, store: ActivityStore) -> None:
        """A day's users are known on later days too, each once, sorted."""
        tomorrow = DAY + timedelta(days=1)
        self.record(
            store,
            [
                *(saw(sub, at("08:00:00")) for sub in ("eve", "ada", "bob")),
                saw("ada", at("09:00:00"), REFRESH),
                saw("ada", at("08:00:00", tomorrow), REFRESH),
            ],
        )
        assert list(store.active_on(DAY)) == ["ada", "bob", "eve"]
        assert list(store.active_on(tomorrow)) == ["ada"]
        assert list(store.active_on(tomorrow + timedelta(days=1))) == []

    def test_daily_counts(self, store: ActivityStore) -> None:
        """Each day has its count, from the first to the last, empty days too."""
        days = [DAY + timedelta(days=n) for n in range(3)]
        self.record(store, [saw(f"user-{n}", at("08:00:00")) for n in range(7)])
        self.record(store, [saw("user-1", at("08:00:00", days[2]))])
        assert list(store.daily_counts(days[0], days[2])) == [
            DailyCount(days[0], 7),
            DailyCount(days[1], 0),
            DailyCount(days[2], 1),
        ]

    def test_daily_counts_backwards(self, store: ActivityStore) -> None:
        """A range that ends before it begins is refused by name."""
        with pytest.raises(InvalidInputError) as caught:
            store.daily_counts(DAY, DAY - timedelta(days=1))
        assert caught.value.field == "last"

    def test_midnight_belongs_to_the_new_day(self, store: ActivityStore) -> None:
        """A day begins at midnight of UTC."""
        midnight = datetime(2026, 1, 31, tzinfo=UTC)
        self.record(store, [saw("eve", midnight - timedelta(seconds=1)), saw("ada", midnight)])
        assert list(store.active_on(DAY)) == ["ada"]

    # --- Forgetting ----------------------------------------------------------------------------------

    @pytest.fixture
    def _skip_where_nobody_is_forgotten(self, store: ActivityStore) -> None:
        if type(store).forget is ActivityStore.forget:
            pytest.skip("the store inherits the refusal to forget anybody")

    @pytest.mark.usefixtures("_skip_where_nobody_is_forgotten")
    def test_forget_leaves_no_row(self, store: ActivityStore) -> None:
        """Whatever was recorded of a person is gone from every answer, and everybody else's records are not."""
        days = [DAY + timedelta(days=n) for n in (0, 1, 40)]
        self.record(store, [saw(sub, at("08:00:00", day)) for day in days for sub in ("ada", "bob")])
        before = store.last_seen("bob")

        removed = store.forget("ada")

        assert removed > 0
        assert store.last_seen("ada") is None
        assert [list(store.active_on(day)) for day in days] == [["bob"]] * 3
        assert [store.count_active(day) for day in days] == [1] * 3
        assert list(store.not_seen_since(at("08:00:00", DAY + timedelta(days=400)))) == [before]

    @pytest.mark.usefixtures("_skip_where_nobody_is_forgotten")
    def test_forget_finds_days_that_arrived_late(self, store: ActivityStore) -> None:
        """Days from before the first sighting that arrived are forgotten too."""
        early = [DAY - timedelta(days=n) for n in (20, 9, 3)]
        self.record(store, [saw("ada", at("00:00:00"), REFRESH), *(saw("ada", at("23:59:59", day)) for day in early)])
        assert [list(store.active_on(day)) for day in early] == [["ada"]] * 3

        store.forget("ada")

        assert [list(store.active_on(day)) for day in (DAY, *early)] == [[]] * 4

    @pytest.mark.usefixtures("_skip_where_nobody_is_forgotten")
    def test_forget_again(self, store: ActivityStore) -> None:
        """Forgetting can be repeated: there is nothing left, nor of somebody who was never seen."""
        store.record(saw("ada", at("08:00:00")))
        store.forget("ada")

        assert [store.forget("ada"), store.forget("nobody")] == [0, 0]

    @pytest.mark.usefixtures("_skip_where_nobody_is_forgotten")
    def test_seen_after_forgetting(self, store: ActivityStore) -> None:
        """A sighting after that begins a new record, which knows nothing of the old one, and can be forgotten too."""
        self.record(store, [saw("ada", at("08:00:00")), saw("ada", at("09:00:00"))])
        store.forget("ada")

        assert store.record(saw("ada", at("08:30:00"))) is Outcome.RECORDED

        bucket = at("08:30:00")
        assert store.last_seen("ada") == Activity("ada", bucket, bucket, bucket, 1, "web")
        assert list(store.active_on(DAY)) == ["ada"]
        assert store.forget("ada") > 0
        assert list(store.active_on(DAY)) == []

    @pytest.mark.usefixtures("_skip_where_nobody_is_forgotten")
    def test_forget_nobody_in_particular(self, store: ActivityStore) -> None:
        """An empty `sub` is refused by name."""
        with pytest.raises(InvalidInputError) as caught:
            store.forget("")
        assert caught.value.field == "sub"

    def test_closing(self, store: ActivityStore) -> None:
        """A store is a context manager, and can be used after it was closed."""
        with store as opened:
            opened.record(saw("ada", at("08:00:00")))
        assert opened is store
        assert store.last_seen("ada") is not None
