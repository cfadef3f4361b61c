"""Which users count as dormant, and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from usermgr import User, UserStatus
from usermgr.activity import ActivityStore, Sighting, SightingKind
from usermgr.dormancy import Absence, DormancyPolicy, DormantUser, find_dormant, members_of
from usermgr.errors import InvalidInputError

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


def classes(found: Iterable[DormantUser]) -> dict[str, tuple[Absence, bool]]:
    """Each name with its class, and whether it is due."""
    return {dormant.user.username: (dormant.absence, dormant.due) for dormant in found}


def test_classes(store: ActivityStore) -> None:
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
        "day-95": (Absence.IN_GRACE, False),
        "day-110": (Absence.DORMANT, True),
        "unseen": (Absence.NEVER_SEEN, True),
        "unused": (Absence.NEVER_SIGNED_IN, True),
        "unused-in-grace": (Absence.NEVER_SIGNED_IN, False),
    }


def test_young_recording_proves_nothing(store: ActivityStore) -> None:
    """While recording is younger than the limit, nobody is dormant for not being in it."""
    young = DormancyPolicy(idle_for=timedelta(days=90), recording_since=NOW - timedelta(days=89))
    assert classes(find_dormant([user("unseen")], store, young, now=NOW)) == {}


def test_bucket_of_the_limit_is_no_absence(store: ActivityStore) -> None:
    """A user seen in the bucket that holds the limit may have been there after it."""
    seen(store, "edge", days_ago=90)
    policy = DormancyPolicy(idle_for=timedelta(days=90), recording_since=RECORDING)
    assert classes(find_dormant([user("edge")], store, policy, now=NOW + timedelta(minutes=4))) == {}
    assert "edge" in classes(find_dormant([user("edge")], store, policy, now=NOW + timedelta(minutes=5)))


def test_exclusions(store: ActivityStore) -> None:
    """Who is excluded, by sub or by name, is not looked at."""
    policy = DormancyPolicy(idle_for=timedelta(days=90), recording_since=RECORDING, exclude={"robot", "sub-admin"})
    people = [user("robot"), user("admin"), user("ada")]
    assert list(classes(find_dormant(people, store, policy, now=NOW))) == ["ada"]


def test_find_dormant_streams(store: ActivityStore) -> None:
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


@pytest.mark.parametrize("field", ["idle_for", "grace"])
def test_number_is_no_duration(field: str) -> None:
    """A number where a duration is asked for is an error of its field."""
    given: dict[str, Any] = {"idle_for": timedelta(1), "recording_since": NOW, field: 30}
    with pytest.raises(InvalidInputError) as caught:
        DormancyPolicy(**given)
    assert caught.value.field == field


def test_name_of_one_group_is_no_list() -> None:
    """A name where names are asked for is refused, and its letters are not taken for groups."""
    with pytest.raises(InvalidInputError) as caught:
        members_of(cast("Any", None), "staff")
    assert caught.value.field == "groups"
