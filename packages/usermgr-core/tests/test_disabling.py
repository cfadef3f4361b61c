"""What disabling dormant users plans, does and leaves alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from usermgr import User, UserStatus
from usermgr.activity import Activity, ActivityStore, Sighting, SightingKind
from usermgr.disabling import DisableReport, disable_dormant, plan_disabling
from usermgr.dormancy import DormancyPolicy, DormantUser, find_dormant
from usermgr.errors import AccessDeniedError, InvalidInputError, ThrottledError, UserNotFoundError

NOW = datetime(2026, 6, 1, tzinfo=UTC)
RECORDING = datetime(2026, 1, 1, tzinfo=UTC)
POLICY = DormancyPolicy(idle_for=timedelta(days=90), grace=timedelta(days=14), recording_since=RECORDING)


def user(name: str, *, created_days_ago: float = 400, enabled: bool = True) -> User:
    """A user whose sub is `sub-NAME`."""
    created = NOW - timedelta(days=created_days_ago)
    return User(name, f"sub-{name}", UserStatus.CONFIRMED, enabled, created, created)


def seen(store: ActivityStore, name: str, *, days_ago: float) -> None:
    """Records a sign-in of `user(name)`."""
    store.record(Sighting(f"sub-{name}", SightingKind.SIGN_IN, "web", NOW - timedelta(days=days_ago)))


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
    plan = plan_disabling(due(*names, store=store), per_second=25, price=Decimal(0))
    return disable_dormant(accounts, store, plan, dry_run=dry_run, clock=accounts.clock, sleep=accounts.sleep)


def test_cost_is_said_beforehand(store: ActivityStore) -> None:
    """The plan says how many, how long and how much, before anything is done."""
    names = [f"user-{n}" for n in range(100)]
    plan = plan_disabling(due(*names, store=store), per_second=25, price=Decimal("0.015"))
    assert (plan.duration, plan.cost) == (timedelta(seconds=4), Decimal("1.500"))
    assert str(plan) == (
        "disable 100 users, 0:00:04 at 25 a second; "
        "billed at most 1.500 USD, because the service counts them as active this month"
    )


def test_dry_run_is_the_default(store: ActivityStore) -> None:
    """Without dry_run=False nobody is disabled, and the report says who would be."""
    accounts = Accounts()
    plan = plan_disabling(due("ada", "bob", store=store), per_second=25, price=None)
    report = disable_dormant(accounts, store, plan)
    assert (report.dry_run, report.disabled, accounts.disabled) == (True, ["ada", "bob"], [])


def test_only_who_is_due_and_enabled(store: ActivityStore) -> None:
    """Who is in grace, or disabled already, is not in the plan."""
    seen(store, "in-grace", days_ago=95)
    people = [user("in-grace"), user("off", enabled=False), user("ada")]
    plan = plan_disabling(find_dormant(people, store, POLICY, now=NOW), per_second=25, price=None)
    assert [dormant.user.username for dormant in plan.users] == ["ada"]


def test_pace(store: ActivityStore) -> None:
    """No two requests are nearer than the quota allows, the first is at once."""
    accounts = Accounts()
    disable(accounts, store, *(f"user-{n}" for n in range(51)))
    times = [when for _, when in accounts.disabled]
    assert times == [round(n / 25, 3) for n in range(51)]


@pytest.mark.parametrize("pause", ["throttled", "slow-store"])
def test_pace_after_a_pause(store: ActivityStore, monkeypatch: pytest.MonkeyPatch, pause: str) -> None:
    """Time that was lost is not made up for: after a pause, requests are again no nearer than the quota allows."""
    accounts = Accounts()
    names = [f"user-{n}" for n in range(20)]
    if pause == "throttled":
        accounts.errors = {"user-5": [ThrottledError(), ThrottledError()]}
    else:
        look = store.last_seen

        def last_seen(sub: str) -> Activity | None:
            accounts.time += 2 if sub == "sub-user-5" else 0
            return look(sub)

        monkeypatch.setattr(store, "last_seen", last_seen)

    report = disable(accounts, store, *names)

    times = [when for _, when in accounts.disabled]
    assert report.disabled == names
    assert times[5] - times[4] > 0.1
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1 / 25 - 0.001


@pytest.mark.parametrize("per_second", [0, -1])
def test_pace_that_cannot_be(per_second: float) -> None:
    """A pace that is not above 0 is refused by name."""
    with pytest.raises(InvalidInputError) as caught:
        plan_disabling([], per_second=per_second, price=None)

    assert caught.value.field == "per_second"


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        pytest.param(None, "whether the service bills it is not known here", id="unknown"),
        pytest.param(Decimal(0), "not billed", id="free"),
    ],
)
def test_cost_that_is_unknown_or_none(store: ActivityStore, price: Decimal | None, expected: str) -> None:
    """A price that is not known is not taken for none."""
    plan = plan_disabling(due("ada", store=store), per_second=25, price=price)

    assert str(plan).endswith(f"; {expected}")


def test_who_came_back_is_left_alone(store: ActivityStore) -> None:
    """A user who is seen between the plan and the deed keeps the account."""
    accounts = Accounts()
    plan = plan_disabling(due("ada", "bob", store=store), per_second=25, price=None)
    seen(store, "ada", days_ago=0)
    report = disable_dormant(accounts, store, plan, dry_run=False, clock=accounts.clock, sleep=accounts.sleep)
    assert (report.came_back, report.disabled) == (["ada"], ["bob"])


def test_failures_do_not_stop_the_rest(store: ActivityStore) -> None:
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


def test_missing_right_stops(store: ActivityStore) -> None:
    """Without the right to disable, the first refusal ends it."""
    accounts = Accounts()
    accounts.errors = {"ada": [AccessDeniedError("no")]}
    with pytest.raises(AccessDeniedError):
        disable(accounts, store, "ada", "bob")
    assert accounts.disabled == []


def test_progress(store: ActivityStore) -> None:
    """The caller hears after each user how far it is."""
    heard: list[int] = []
    plan = plan_disabling(due("ada", "bob", "eve", store=store), per_second=25, price=None)
    disable_dormant(Accounts(), store, plan, progress=lambda report: heard.append(report.done))
    assert heard == [1, 2, 3]
