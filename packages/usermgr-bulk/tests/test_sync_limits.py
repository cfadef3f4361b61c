"""What a plan may take away: a share, a number, and never the last administrator."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from usermgr_bulk_planning import change, planned

from benchmarks.bulk.stub import StubStore
from usermgr.audit import Audited, LoggerSink
from usermgr.errors import (
    InvalidInputError,
    ProtectedUserError,
)
from usermgr.guard import Guarded
from usermgr_bulk.sync import (
    LossKind,
    SyncLimits,
    TooManyLossesError,
)

# --- The limits --------------------------------------------------------------------------------------


def refused(store: Any, document: str, **options: Any) -> TooManyLossesError:
    """The refusal of a plan that takes too much."""
    with pytest.raises(TooManyLossesError) as caught:
        planned(store, document, **options)
    assert caught.value.plan is not None
    return caught.value


def test_a_plan_takes_no_more_than_a_share() -> None:
    """People who are deleted or disabled, groups and memberships are counted, each by what is managed of its kind."""
    store = StubStore()
    for group in ("staff", "old", "older"):
        store.add_group(group)
    for number in range(40):
        store.add_user(f"u{number}", None, {})
        store.add_user_to_group(f"u{number}", "staff")
    everybody = [f"u{number}" for number in range(40)]

    def document(**members: Any) -> str:
        users = ", ".join(f"{{username: {name}}}" for name in members.get("users", everybody))
        return f"users: [{users}]\ngroups: [{{name: staff, members: [{', '.join(members.get('staff', everybody))}]}}]"

    options = {"limits": None, "prune": "delete"}
    assert len(planned(store, document(users=everybody[4:], staff=everybody[4:]), **options).users) == 4
    error = refused(store, document(users=everybody[5:], staff=everybody[5:]), **options)
    assert [str(loss) for loss in error.losses or ()] == ["5 of 40 people (12%), where 4 may be taken"]
    assert "share to 0.125 and number to 20" in error.message
    error = refused(store, document(users=everybody[5:], staff=everybody[5:]), **{**options, "prune": "disable"})
    assert [(loss.kind, loss.count) for loss in error.losses or ()] == [(LossKind.PEOPLE, 5), (LossKind.MEMBERSHIPS, 5)]
    error = refused(store, document(staff=everybody[5:]), **options)
    assert [(loss.kind, loss.count) for loss in error.losses or ()] == [(LossKind.MEMBERSHIPS, 5)]
    disabled = document().replace("{username: u", "{enabled: false, username: u")
    assert refused(store, disabled, limits=None).losses[0].count == 40  # type: ignore[index]
    error = refused(store, document(), **options, prune_groups=True)
    assert [(loss.kind, loss.count, loss.managed) for loss in error.losses or ()] == [(LossKind.GROUPS, 2, 3)]
    store.groups.pop("older")
    for number in range(9):
        store.add_user_to_group(f"u{number}", "old")
    error = refused(store, document(), **options, prune_groups=True)
    assert [(loss.kind, loss.count, loss.managed) for loss in error.losses or ()] == [(LossKind.MEMBERSHIPS, 9, 49)]
    share = error.plan.limits.share if error.plan else 0
    planned(store, document(), **{**options, "limits": SyncLimits(0.184, 20)}, prune_groups=True)
    assert share == 0.1


def test_a_plan_takes_no_more_than_a_number(store: StubStore) -> None:
    """However large the share, the number holds; the message names what to raise, and that is then enough."""
    document = "users: [{username: ada}]"

    error = refused(store, document, prune="delete", limits=SyncLimits(share=1, number=2))
    assert "number to 3" in error.message
    assert len(planned(store, document, prune="delete", limits=SyncLimits(share=1, number=3)).users) == 3


@pytest.mark.parametrize(
    ("limits", "managed", "allowed"),
    [
        pytest.param(SyncLimits(), 4, 1, id="one of a few"),
        pytest.param(SyncLimits(), 19, 1, id="still one"),
        pytest.param(SyncLimits(), 150, 15, id="a share"),
        pytest.param(SyncLimits(), 10_000, 20, id="the number"),
        pytest.param(SyncLimits(share=0), 4, 0, id="no share"),
        pytest.param(SyncLimits(number=0), 4, 0, id="no number"),
        pytest.param(SyncLimits(share=0.29, number=100), 100, 29, id="not a float's error less"),
    ],
)
def test_limits_of_small_and_large_stores(limits: SyncLimits, managed: int, allowed: int) -> None:
    """One may always go where anything may, and the number holds where the share would be many."""
    assert limits.allowed(managed) == allowed


@pytest.mark.parametrize("wrong", [{"share": 1.1}, {"share": True}, {"number": -1}, {"number": 1.5}, {"share": "1"}])
def test_limits_have_bounds(wrong: dict[str, Any]) -> None:
    """A share from 0 to 1, and a whole number."""
    with pytest.raises(InvalidInputError) as caught:
        SyncLimits(**wrong)
    assert caught.value.field == next(iter(wrong))


# --- The last administrator --------------------------------------------------------------------------

Guard = Callable[[StubStore], tuple[Any, dict[str, Any]]]


def by_option(store: StubStore) -> tuple[Any, dict[str, Any]]:
    """The guard as arguments."""
    return store, {"required_groups": ["admins"], "acting": "sub-alan"}


def by_store(store: StubStore) -> tuple[Any, dict[str, Any]]:
    """The guard of the store itself."""
    guarded = Guarded(store, required_groups=["admins"], acting="sub-alan")
    return Audited(guarded, LoggerSink(logging.getLogger("audit")), "kim"), {}


@pytest.mark.parametrize("guard", [by_option, by_store])
@pytest.mark.parametrize(
    ("document", "options"),
    [
        pytest.param("users: [{username: ada, enabled: false}]", {}, id="disabled"),
        pytest.param("users: [{username: alan}]", {"prune": "delete"}, id="deleted"),
        pytest.param("users: [{username: alan}]", {"prune": "disable"}, id="disabled because nobody declares them"),
        pytest.param("users: [{username: ada, groups: [staff]}]", {}, id="taken out"),
        pytest.param("groups: [{name: admins, members: []}]", {}, id="nobody is to be in it"),
        pytest.param("groups: [{name: staff}]", {"prune_groups": True}, id="the group deleted"),
        pytest.param(
            "users: [{username: ada, enabled: false}, {username: new, enabled: false, groups: [admins]}]",
            {},
            id="a new one who is disabled",
        ),
        pytest.param(
            "users: [{username: ada, enabled: false}, {username: tim, groups: [staff, admins]}]",
            {},
            id="somebody joins who is disabled",
        ),
        pytest.param("users: [{username: alan, enabled: false}]", {}, id="the acting account disabled"),
        pytest.param("users: [{username: ada}]", {"prune": "delete"}, id="the acting account deleted"),
    ],
)
def test_nobody_is_locked_out(store: StubStore, guard: Guard, document: str, options: dict[str, Any]) -> None:
    """A plan whose effect takes the last administrator or the acting account is none, whatever the way."""
    change(store, "tim", enabled=False)
    users, more = guard(store)

    with pytest.raises(ProtectedUserError):
        planned(users, document, **options, **more)


def test_the_acting_account_stays_an_administrator(store: StubStore) -> None:
    """It is not taken out of a required group, even where another one stays."""
    store.add_user_to_group("alan", "admins")

    with pytest.raises(ProtectedUserError, match="would no longer be in admins"):
        planned(store, "groups: [{name: admins, members: [ada]}]", **by_option(store)[1])


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            "users: [{username: ada, enabled: false}, {username: grace, groups: [admins, staff]}]", id="joins"
        ),
        pytest.param("users: [{username: ada, enabled: false}, {username: new, groups: [admins]}]", id="is new"),
        pytest.param("users: [{username: ada, enabled: false}, {username: tim, enabled: true}]", id="is enabled"),
    ],
)
def test_another_administrator_is_enough(store: StubStore, document: str) -> None:
    """The guard is on the effect: who becomes an administrator by the same plan counts."""
    store.add_user_to_group("tim", "admins")
    change(store, "tim", enabled=False)

    assert planned(store, document, required_groups=["admins", "no such group"]).users
