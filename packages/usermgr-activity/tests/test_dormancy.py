"""Who counts as dormant, as which class, and what disabling them does."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from usermgr.models import User, UserStatus
from usermgr.testing.activity_contract import ActivityStoreContract

from usermgr.activity import Activity, ActivityStore, Outcome, Sighting, SightingKind, bucket_of, merge, outcome_of
from usermgr.dormancy import (
    DisableReport,
    Dormancy,
    DormancyPolicy,
    DormantUser,
    disable_dormant,
    find_dormant,
    plan_disabling,
)
from usermgr.errors import AccessDeniedError, InvalidInputError, ThrottledError, UserNotFoundError
from usermgr_activity.prices import DISABLE_PER_SECOND, MONTHLY_ACTIVE_USER

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RECORDING = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = DormancyPolicy(idle_for=timedelta(days=90), grace=timedelta(days=14), recording_since=RECORDING)


class MemoryActivityStore(ActivityStore):
    """The contract in its plainest form; it also shows that the contract asks for nothing of DynamoDB's."""

    def __init__(self) -> None:
        self.rows: dict[str, Activity] = {}
        self.days: dict[date, set[str]] = {}

    def record(self, sighting: Sighting) -> Outcome:
        before = self.rows.get(sighting.sub)
        outcome = outcome_of(before, sighting)
        if outcome is Outcome.RECORDED:
            self.rows[sighting.sub] = merge(before, sighting)
            self.days.setdefault(sighting.bucket.date(), set()).add(sighting.sub)
        return outcome

    def last_seen_many(self, subs: Iterable[str]) -> Iterator[tuple[str, Activity | None]]:
        return ((sub, self.rows.get(sub)) for sub in subs)

    def dormant_since(self, moment: datetime) -> Iterator[Activity]:
        limit = bucket_of(moment)
        away = (row for row in self.rows.values() if row.last_seen < limit)
        return iter(sorted(away, key=lambda row: row.last_seen))

    def active_on(self, day: date) -> Iterator[str]:
        return iter(sorted(self.days.get(day, ())))


class TestMemoryActivityStore(ActivityStoreContract):
    """The double that these tests use keeps the contract."""

    @pytest.fixture
    def store(self) -> ActivityStore:
        return MemoryActivityStore()


def user(name: str, *, created_days_ago: float = 400, enabled: bool = True) -> User:
    """A user whose sub is `sub-NAME`."""
    created = NOW - timedelta(days=created_days_ago)
    return User(name, f"sub-{name}", UserStatus.CONFIRMED, enabled, created, created)


@pytest.fixture
def store() -> MemoryActivityStore:
    """A store in memory."""
    return MemoryActivityStore()


def seen(store: ActivityStore, name: str, *, days_ago: float) -> None:
    """Records a sign-in of `user(name)`."""
    store.record(Sighting(f"sub-{name}", SightingKind.SIGN_IN, "web", NOW - timedelta(days=days_ago)))


def classes(found: Iterable[DormantUser]) -> dict[str, tuple[Dormancy, bool]]:
    """Each name with its class, and whether it is due."""
    return {dormant.user.username: (dormant.dormancy, dormant.due) for dormant in found}


def test_classes(store: MemoryActivityStore) -> None:
    """Each class is told apart, and who was here lately, or is new, is in none."""
    for name, days_ago in (("today", 0), ("day-89", 89), ("day-95", 95), ("day-110", 110)):
        seen(store, name, days_ago=days_ago)
    people = [user(name) for name in ("today", "day-89", "day-95", "day-110", "unseen")]
    people += [
        user("new", created_days_ago=10),
        user("unused", created_days_ago=120),
        user("unused-in-grace", created_days_ago=100),
    ]
    assert classes(find_dormant(people, store, POLICY, now=NOW)) == {
        "day-95": (Dormancy.SEEN_BEFORE, False),
        "day-110": (Dormancy.DORMANT, True),
        "unseen": (Dormancy.NEVER_SEEN, True),
        "unused": (Dormancy.NEVER_SIGNED_IN, True),
        "unused-in-grace": (Dormancy.NEVER_SIGNED_IN, False),
    }


def test_young_recording_proves_nothing(store: MemoryActivityStore) -> None:
    """While recording is younger than the limit, nobody is dormant for not being in it."""
    young = DormancyPolicy(idle_for=timedelta(days=90), recording_since=NOW - timedelta(days=89))
    assert classes(find_dormant([user("unseen")], store, young, now=NOW)) == {}


def test_bucket_of_the_limit_is_no_absence(store: MemoryActivityStore) -> None:
    """A user seen in the bucket that holds the limit may have been there after it."""
    seen(store, "edge", days_ago=90)
    policy = DormancyPolicy(idle_for=timedelta(days=90), recording_since=RECORDING)
    assert classes(find_dormant([user("edge")], store, policy, now=NOW + timedelta(minutes=4))) == {}
    assert "edge" in classes(find_dormant([user("edge")], store, policy, now=NOW + timedelta(minutes=5)))


def test_exclusions(store: MemoryActivityStore) -> None:
    """Who is excluded, by sub or by name, is not looked at."""
    policy = DormancyPolicy(idle_for=timedelta(days=90), recording_since=RECORDING, exclude={"robot", "sub-admin"})
    people = [user("robot"), user("admin"), user("ada")]
    assert list(classes(find_dormant(people, store, policy, now=NOW))) == ["ada"]


def test_find_dormant_streams(store: MemoryActivityStore) -> None:
    """Users are taken a hundred at a time, and not before they are needed."""
    taken: list[int] = []

    def endless() -> Iterator[User]:
        n = 0
        while True:
            taken.append(n)
            yield user(f"user-{n}")
            n += 1

    found = find_dormant(endless(), store, POLICY, now=NOW)
    assert [next(found).user.username for _ in range(101)][-1] == "user-100"
    assert len(taken) == 200


@pytest.mark.parametrize("field", ["idle_for", "grace"])
def test_negative_durations(field: str) -> None:
    """A negative duration is refused by name."""
    with pytest.raises(InvalidInputError) as caught:
        DormancyPolicy(**{"idle_for": timedelta(days=1), field: timedelta(days=-1)}, recording_since=RECORDING)
    assert caught.value.field == field


# --- Disabling ---------------------------------------------------------------------------------------


class Accounts:
    """Stands for a user manager: notes who is disabled when, and fails as told."""

    def __init__(self) -> None:
        self.time = 0.0
        self.disabled: list[tuple[str, float]] = []
        self.errors: dict[str, list[Exception]] = {}

    def disable_user(self, username: str) -> None:
        if self.errors.get(username):
            raise self.errors[username].pop(0)
        self.disabled.append((username, round(self.time, 3)))

    def clock(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += seconds


def due(*names: str, store: ActivityStore) -> list[DormantUser]:
    """These users as dormant."""
    return list(find_dormant([user(name) for name in names], store, POLICY, now=NOW))


def disable(accounts: Accounts, store: ActivityStore, *names: str, dry_run: bool = False) -> DisableReport:
    """Plans and disables, on the accounts' own time."""
    plan = plan_disabling(due(*names, store=store), per_second=DISABLE_PER_SECOND, price=Decimal(0))
    return disable_dormant(accounts, store, plan, dry_run=dry_run, clock=accounts.clock, sleep=accounts.sleep)


def test_cost_is_said_beforehand(store: MemoryActivityStore) -> None:
    """The plan says how many, how long and how much, before anything is done."""
    names = [f"user-{n}" for n in range(100)]
    plan = plan_disabling(
        due(*names, store=store), per_second=DISABLE_PER_SECOND, price=MONTHLY_ACTIVE_USER["ESSENTIALS"]
    )
    assert (plan.duration, plan.cost) == (timedelta(seconds=4), Decimal("1.500"))
    assert str(plan) == (
        "disable 100 users, 0:00:04 at 25 a second; "
        "billed at most 1.500 USD, because the service counts them as active this month"
    )


def test_dry_run_is_the_default(store: MemoryActivityStore) -> None:
    """Without dry_run=False nobody is disabled, and the report says who would be."""
    accounts = Accounts()
    plan = plan_disabling(due("ada", "bob", store=store), per_second=25, price=None)
    report = disable_dormant(accounts, store, plan)
    assert (report.dry_run, report.disabled, accounts.disabled) == (True, ["ada", "bob"], [])


def test_only_who_is_due_and_enabled(store: MemoryActivityStore) -> None:
    """Who is in grace, or disabled already, is not in the plan."""
    seen(store, "in-grace", days_ago=95)
    people = [user("in-grace"), user("off", enabled=False), user("ada")]
    plan = plan_disabling(find_dormant(people, store, POLICY, now=NOW), per_second=25, price=None)
    assert [dormant.user.username for dormant in plan.users] == ["ada"]


def test_pace(store: MemoryActivityStore) -> None:
    """No two requests are nearer than the quota allows, the first is at once."""
    accounts = Accounts()
    disable(accounts, store, *(f"user-{n}" for n in range(51)))
    times = [when for _, when in accounts.disabled]
    assert times == [round(n / 25, 3) for n in range(51)]


def test_who_came_back_is_left_alone(store: MemoryActivityStore) -> None:
    """A user who is seen between the plan and the deed keeps the account."""
    accounts = Accounts()
    plan = plan_disabling(due("ada", "bob", store=store), per_second=25, price=None)
    seen(store, "ada", days_ago=0)
    report = disable_dormant(accounts, store, plan, dry_run=False, clock=accounts.clock, sleep=accounts.sleep)
    assert (report.came_back, report.disabled) == (["ada"], ["bob"])


def test_failures_do_not_stop_the_rest(store: MemoryActivityStore) -> None:
    """Throttling is waited out, a user who is gone is reported, and everybody else is disabled."""
    accounts = Accounts()
    accounts.errors = {
        "ada": [ThrottledError("busy"), ThrottledError("busy")],
        "bob": [UserNotFoundError("gone", username="bob")],
        "eve": [ThrottledError("busy") for _ in range(9)],
    }
    report = disable(accounts, store, "ada", "bob", "eve", "zoe")
    assert report.disabled == ["ada", "zoe"]
    assert report.failed == {"bob": "user_not_found", "eve": "throttled"}


def test_missing_right_stops(store: MemoryActivityStore) -> None:
    """Without the right to disable, the first refusal ends it."""
    accounts = Accounts()
    accounts.errors = {"ada": [AccessDeniedError("no")]}
    with pytest.raises(AccessDeniedError):
        disable(accounts, store, "ada", "bob")
    assert accounts.disabled == []


def test_progress(store: MemoryActivityStore) -> None:
    """The caller hears after each user how far it is."""
    heard: list[int] = []
    plan = plan_disabling(due("ada", "bob", "eve", store=store), per_second=25, price=None)
    disable_dormant(Accounts(), store, plan, progress=lambda report: heard.append(report.done))
    assert heard == [1, 2, 3]
