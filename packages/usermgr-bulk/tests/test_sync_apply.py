"""Carrying out plans: just that plan, once, in an order that locks nobody out, or what has changed since."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usermgr_bulk_planning import ALL, GROUPS, QUICK

from benchmarks.bulk.stub import StubStore, once
from usermgr import Group, Medium, UserStatus
from usermgr.errors import (
    AccessDeniedError,
    ConflictError,
    InvalidInputError,
    ServiceTimeoutError,
    UnsupportedOperationError,
    UsermgrError,
)
from usermgr.guard import Guarded
from usermgr_bulk import BulkInterruptedError, BulkStoppedError, Summary
from usermgr_bulk.sync import Plan, SyncLimits, TooManyLossesError, apply_plan, parse_desired, plan_sync

DOCUMENT = """
users:
  - {username: ada, attributes: {email: new@example.org, email_verified: true}, groups: [fresh]}
  - {username: alan, enabled: false, without: [email]}
  - {username: kenji, attributes: {email: k@example.org}, enabled: false, groups: [fresh, staff]}
groups:
  - {name: fresh, description: New, precedence: 3}
  - {name: staff, description: Everybody}
"""


def planned(store: Any, document: str = DOCUMENT, **options: Any) -> Plan:
    """The plan for a document in YAML, without limits."""
    options = {"prune": "delete", "prune_groups": True, "limits": ALL, **options}
    return plan_sync(store, parse_desired(document, "yaml"), **options)


@pytest.fixture
def carry_out(tmp_path: Path) -> Callable[..., tuple[Summary, list[tuple[str, str, str | None]]]]:
    """Applies a plan; the summary, and the key, outcome and code of each row."""

    def start(store: Any, plan: Plan, **options: Any) -> tuple[Summary, list[tuple[str, str, str | None]]]:
        options = {"journal": tmp_path / "journal", "backoff": QUICK, **options}
        summary = apply_plan(store, plan, report=tmp_path / "report", **options)
        report = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
        assert sum(summary.counts.values()) == len(report)
        return summary, [(row["key"], row["outcome"], row["code"]) for row in report]

    return start


CarryOut = Callable[..., tuple[Summary, list[tuple[str, str, str | None]]]]


# --- Just that plan ----------------------------------------------------------------------------------


def test_a_plan_is_carried_out(store: StubStore, carry_out: CarryOut, tmp_path: Path) -> None:
    """Each change is a row, with the line that asks for it; afterwards nothing is left to do."""
    summary, report = carry_out(store, Plan.from_json(planned(store).to_json()))

    assert report == [
        ("group fresh", "created", None),
        ("group staff", "changed", None),
        ("kenji", "created", None),
        ("ada", "changed", None),
        ("alan", "changed", None),
        ("group admins", "changed", None),
        ("grace", "changed", None),
        ("tim", "changed", None),
    ]
    assert str(summary) == "8 rows: 2 created, 6 changed"
    first = json.loads((tmp_path / "report").read_text().splitlines()[3])
    assert (first["line"], first["message"]) == (3, "changed: email, email_verified, joined fresh, left staff")
    assert planned(store).is_empty
    assert store.effects["invite kenji"] == 0


def test_an_empty_plan_does_nothing(store: StubStore, carry_out: CarryOut) -> None:
    """No call but for the description, and a summary of no rows."""
    plan = planned(store, "users: [{username: ada}]", prune=None)
    store.calls.clear()

    summary, report = carry_out(store, plan)

    assert (summary.rows, summary.all_succeeded, report, store.calls) == (0, True, [], {})


def test_who_is_new_is_invited_where_that_is_asked_for(store: StubStore, carry_out: CarryOut) -> None:
    """By the medium, each once, and nobody else; a store that cannot is asked for nothing."""
    carry_out(store, planned(store), invite="email")
    assert {name: count for name, count in store.effects.items() if name.startswith("invite")} == {"invite kenji": 1}

    with pytest.raises(InvalidInputError, match="email, sms"):
        carry_out(store, planned(store), invite="post")
    mute = StubStore(capabilities=())
    with pytest.raises(UnsupportedOperationError):
        carry_out(mute, planned(mute, "users: [{username: ada}]"), invite=Medium.SMS)
    assert not mute.users


def test_a_plan_is_for_one_store(store: StubStore, carry_out: CarryOut) -> None:
    """One that was made for another store, or takes more than its limits, is refused before the first change."""
    plan = planned(store)
    with pytest.raises(ConflictError, match="another store"):
        carry_out(store, replace(plan, store="other"))
    with pytest.raises(TooManyLossesError):
        carry_out(store, replace(plan, limits=SyncLimits()))
    assert not store.effects


# --- What has changed since --------------------------------------------------------------------------


def replaced(store: StubStore, name: str) -> None:
    """Deletes somebody, and creates another person of that name."""
    store.delete_user(name)
    store.add_user(name, None, {"email": f"{name}@example.org"})
    store.users[name] = replace(store.users[name], sub="another")


def signed_in(store: StubStore, name: str) -> None:
    """Somebody chooses a password at the first sign-in."""
    store.users[name] = replace(store.users[name], status=UserStatus.CONFIRMED)


@pytest.mark.parametrize(
    ("since", "conflicts"),
    [
        pytest.param(lambda store: store.update_user("ada", {"email": "x@example.org"}), ["ada"], id="attribute"),
        pytest.param(lambda store: store.update_user("grace", {"name": "Grace"}), ["grace"], id="who is deleted"),
        pytest.param(lambda store: store.disable_user("grace"), ["grace"], id="who is deleted is disabled"),
        pytest.param(lambda store: signed_in(store, "grace"), ["grace"], id="who is deleted has signed in"),
        pytest.param(lambda store: replaced(store, "alan"), ["alan"], id="somebody else"),
        pytest.param(lambda store: replaced(store, "tim"), ["tim"], id="somebody else is deleted"),
        pytest.param(lambda store: store.delete_user("ada"), ["group admins", "ada"], id="gone"),
        pytest.param(lambda store: store.add_group("fresh"), ["group fresh"], id="the group has been made"),
        pytest.param(lambda store: store.update_group("staff", description="x"), ["group staff"], id="group"),
        pytest.param(lambda store: store.delete_group("staff"), ["group staff"], id="the group has gone"),
        pytest.param(lambda store: store.update_group("admins", precedence=1), ["group admins"], id="deleted group"),
        pytest.param(lambda store: store.add_user_to_group("tim", "admins"), ["group admins"], id="a new member"),
    ],
)
def test_what_has_changed_since_fails_and_the_rest_goes_on(
    store: StubStore, carry_out: CarryOut, since: Callable[[StubStore], Any], conflicts: list[str]
) -> None:
    """A row whose user or group is no longer as the plan saw it changes nothing, and says so."""
    plan = planned(store)
    since(store)
    before = {name: store.users.get(name) for name in conflicts}

    _, report = carry_out(store, plan)

    failed = {key: code for key, outcome, code in report if outcome == "failed"}
    assert dict.fromkeys(conflicts, "conflict").items() <= failed.items()
    assert {name: store.users.get(name) for name in conflicts} == before
    assert failed.keys() - set(conflicts) <= {"kenji", "ada"}  # those of a group that has gone
    assert len(report) == 8


def test_an_address_goes_with_its_verification(store: StubStore, carry_out: CarryOut) -> None:
    """Where the old address was verified too: an address that comes alone would no longer be."""
    store.update_user("ada", {"email_verified": "true"})
    sent: list[Any] = []
    store.before = lambda operation, arguments: sent.append(arguments[1]) if operation == "update_user" else None
    document = "users: [{username: ada, attributes: {email: new@example.org, email_verified: true}}]"

    carry_out(store, planned(store, document, prune=None, prune_groups=False))

    assert sent == [{"email": "new@example.org", "email_verified": "true"}]


def test_somebody_elses_group_is_no_reply_that_was_lost(store: StubStore, carry_out: CarryOut) -> None:
    """Where a creation got no answer and a group of that name is there, it is ours only if it is as it was sent."""
    plan, left = planned(store), [ServiceTimeoutError()]

    def overtake(operation: str, _: object) -> None:
        if operation == "add_group" and left:
            store.groups["fresh"] = Group("fresh", "Mine")
            raise left.pop()

    store.before = overtake

    _, report = carry_out(store, plan)

    assert ("group fresh", "failed", "conflict") in report


def test_somebody_who_was_created_since_is_left_alone(store: StubStore, carry_out: CarryOut) -> None:
    """A new person whose name is taken by now fails, and is not changed."""
    plan = planned(store)
    store.add_user("Kenji", None, {})

    _, report = carry_out(store, plan)

    assert ("kenji", "failed", "user_exists") in report
    assert store.users["kenji"].attributes == {}


def test_what_was_done_since_is_unchanged(store: StubStore, carry_out: CarryOut) -> None:
    """What is as the plan wants it, or gone as it wants it, is no conflict."""
    document = "users: [{username: ada, attributes: {email: new@example.org}}, {username: alan, enabled: false}]"
    plan = planned(store, document + "\ngroups: [{name: admins, description: x}]")
    store.update_user("ada", {"email": "new@example.org"})
    store.disable_user("alan")
    store.delete_user("grace")
    store.update_group("admins", description="x")
    store.delete_group("staff")

    _, report = carry_out(store, plan)

    assert {key: outcome for key, outcome, _ in report} == {
        **dict.fromkeys(("ada", "alan", "grace", "group admins", "group staff"), "unchanged"),
        "tim": "changed",
    }


def test_who_is_disabled_because_nobody_declares_them_is_as_they_were(store: StubStore, carry_out: CarryOut) -> None:
    """Somebody who changed since is not pruned; somebody who was disabled since is as wished."""
    plan = planned(store, "users: [{username: ada}]", prune="disable")
    store.update_user("grace", {"name": "Grace"})
    store.disable_user("tim")

    _, report = carry_out(store, plan)

    assert report == [("alan", "changed", None), ("grace", "failed", "conflict"), ("tim", "unchanged", None)]


# --- Nobody is locked out ----------------------------------------------------------------------------


def test_the_new_administrator_comes_before_the_old_one_goes(store: StubStore, carry_out: CarryOut) -> None:
    """With eight threads and a guard, the one joins a required group before the other leaves it."""
    document = """
users:
  - {username: ada, groups: [staff]}
  - {username: alan, enabled: false}
  - {username: tim, groups: [admins]}
"""
    plan = planned(store, document, prune=None, required_groups=["admins"], acting="sub-grace")

    summary, _ = carry_out(store, plan)

    assert summary.all_succeeded
    assert {name for name, group in store.members if group == "admins"} == {"tim"}


@pytest.mark.parametrize("by_plan", [True, False])
def test_the_guard_holds_when_a_plan_is_carried_out(store: StubStore, carry_out: CarryOut, *, by_plan: bool) -> None:
    """Whoever was another administrator when the plan was made may have gone since."""
    store.add_user_to_group("tim", "admins")
    guard: dict[str, Any] = {"required_groups": ["admins"], "acting": "sub-grace"}
    document = "users: [{username: ada, enabled: false}, {username: grace, enabled: false}]"
    plan = planned(store, document, prune=None, required_groups=["admins"] if by_plan else ())
    store.remove_user_from_group("tim", "admins")

    _, report = carry_out(store, plan, **({"acting": "sub-grace"} if by_plan else guard))

    assert report == [("ada", "failed", "protected_user"), ("grace", "failed", "protected_user")]
    assert store.users["ada"].enabled


def test_a_store_that_is_guarded_gets_no_second_guard(store: StubStore, carry_out: CarryOut, tmp_path: Path) -> None:
    """The guard that it has asks as often as it would without a plan; one that guards less is not enough."""
    document = "users: [{username: alan, enabled: false}]"
    guarded = Guarded(store, required_groups=["admins"], acting="sub-grace")
    plan = planned(guarded, document, prune=None, prune_groups=False)
    store.calls.clear()

    carry_out(guarded, plan)

    assert (plan.required_groups, plan.acting, store.calls["get_user"]) == (("admins",), ("sub-grace",), 2)
    store.enable_user("alan")
    plan = planned(guarded, document, prune=None, prune_groups=False, required_groups=["staff"])
    for name in ("ada", "grace", "tim"):
        store.remove_user_from_group(name, "staff")
    assert carry_out(guarded, plan, journal=tmp_path / "second")[1] == [("alan", "failed", "protected_user")]


# --- Lost replies, ends and journals -----------------------------------------------------------------


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize(
    "operation",
    ["add_user", "update_user", "disable_user", "delete_user", "add_group", "update_group", "delete_group",
     "add_user_to_group", "remove_user_from_group"],
)  # fmt: skip
def test_a_lost_reply_is_made_good(store: StubStore, carry_out: CarryOut, operation: str, moment: str) -> None:
    """Whatever answer is lost, before the change was made or after it, all ends as planned and is reported so."""
    plan = planned(store)
    setattr(store, moment, once(ServiceTimeoutError(), operation))

    summary, report = carry_out(store, plan)

    assert (summary.all_succeeded, len(report)) == (True, 8), report
    assert {outcome for _, outcome, _ in report} == {"created", "changed"}
    assert planned(store).is_empty


@pytest.mark.parametrize("at", range(1, 26, 3))
def test_a_run_that_was_stopped_goes_on(store: StubStore, carry_out: CarryOut, tmp_path: Path, at: int) -> None:
    """Wherever credentials expire, the journal is kept, and the same call with it does the rest."""
    plan, count = planned(store), [0]

    def expire(operation: str, _: object) -> None:
        count[0] += 1
        if count[0] >= at:
            raise AccessDeniedError

    store.before = expire
    try:
        carry_out(store, plan, threads=2)
    except BulkStoppedError as error:
        assert isinstance(error.__cause__, AccessDeniedError)  # noqa: PT017 - a late fault may meet nothing
        assert (tmp_path / "report").exists()
    store.before = lambda _operation, _arguments: None

    summary, report = carry_out(store, plan)

    assert (summary.all_succeeded, len(report)) == (True, 8), report
    assert planned(store).is_empty


def test_a_kill_anywhere_leaves_nothing_missing(store: StubStore, carry_out: CarryOut, tmp_path: Path) -> None:
    """With each beginning of the journal that a kill may leave, going on reports each row as what it was."""
    plan = planned(store)
    _, whole = carry_out(store, plan, threads=1)
    lines = (tmp_path / "journal").read_bytes().splitlines(keepends=True)
    begins = [number for number, line in enumerate(lines) if b'"begin"' in line]
    done = dict(store.effects)

    for kept in [number + 1 for number in begins] + [len(lines) - 1]:
        (tmp_path / "journal").write_bytes(b"".join([*lines[:kept], *(lines[n] for n in begins if n >= kept)]) + b'{"r')

        _, report = carry_out(store, plan)

        assert report == whole
    again = {name for name, count in store.effects.items() if count != done[name]}
    assert {name.split()[0] for name in again} <= {"join", "leave"}  # whose second time does nothing


def test_a_run_can_be_interrupted(store: StubStore, carry_out: CarryOut) -> None:
    """`stop` ends the run with its journal; another plan, or other settings, are refused with that journal."""
    plan, stop = planned(store), threading.Event()
    store.after = lambda _operation, _arguments: stop.set()

    with pytest.raises(BulkInterruptedError, match="to go on"):
        carry_out(store, plan, stop=stop)
    with pytest.raises(ConflictError, match="another input"):
        carry_out(store, planned(store))
    with pytest.raises(ConflictError, match="other settings"):
        carry_out(store, plan, invite="email")

    summary, _ = carry_out(store, plan)
    assert (summary.complete, summary.rows) == (True, 8)


def test_progress_is_of_the_whole_plan(store: StubStore, carry_out: CarryOut) -> None:
    """From phase to phase it goes on, to the number of all changes."""
    told: list[tuple[int, int | None]] = []

    carry_out(store, planned(store), progress=lambda progress: told.append((progress.done, progress.total)))

    assert told[-1] == (8, 8)
    assert told == sorted(told)


def test_a_group_that_cannot_be_made_fails_who_joins_it(store: StubStore, carry_out: CarryOut) -> None:
    """Who was to join it is told apart from who was not, with what was done before."""
    plan = planned(store)

    def refuse(operation: str, arguments: tuple[Any, ...]) -> None:
        if operation == "add_group":
            raise InvalidInputError("no such name", field="name")

    store.before = refuse

    _, report = carry_out(store, plan)

    assert ("group fresh", "failed", "invalid_input") in report
    assert ("kenji", "failed", "group_not_found") in report
    assert ("alan", "changed", None) in report


# --- Any state and any wish --------------------------------------------------------------------------

people = st.sampled_from(["ada", "Alan", "grace", "tim"])
rooms = st.sampled_from(["staff", "admins", "lab"])
values = st.dictionaries(st.sampled_from(["email", "name", "email_verified"]), st.sampled_from(["a", "b"]))
states = st.tuples(
    st.dictionaries(people, st.tuples(values, st.booleans(), st.sets(rooms))),
    st.dictionaries(rooms, st.tuples(st.sampled_from([None, "x", "y"]), st.sampled_from([None, 0, 1]))),
)


@st.composite
def wishes(draw: st.DrawFn) -> str:
    """A document in JSON that does not contradict itself: groups are said by people, or members by groups."""
    document: dict[str, Any] = {}
    declared = draw(st.sets(rooms))
    by_people = draw(st.booleans())
    names = draw(st.sets(people))
    users: list[dict[str, Any]] = []
    for name in sorted(names):
        entry: dict[str, Any] = {"username": draw(st.sampled_from([name, name.upper()]))}
        entry["attributes"] = draw(values)
        gone = draw(st.sets(st.sampled_from(["email", "name", "email_verified"])))
        entry["without"] = sorted(gone - entry["attributes"].keys())
        if draw(st.booleans()):
            entry["enabled"] = draw(st.booleans())
        if by_people and draw(st.booleans()):
            entry["groups"] = draw(st.lists(st.sampled_from(sorted(declared)), unique=True)) if declared else []
        users.append(entry)
    groups: list[dict[str, Any]] = []
    for name in sorted(declared):
        group: dict[str, Any] = {"name": name}
        if draw(st.booleans()):
            group["description"] = draw(st.sampled_from(["", "x", "z"]))
        if draw(st.booleans()):
            group["precedence"] = draw(st.integers(0, 2))
        if not by_people and draw(st.booleans()):
            group["members"] = draw(st.lists(st.sampled_from(sorted(names)), unique=True)) if names else []
        groups.append(group)
    document["users"], document["groups"] = users, groups
    return json.dumps(document)


def filled(state: Any) -> StubStore:
    """A store in that state."""
    store = StubStore(capabilities=GROUPS)
    users, groups = state
    for name, (description, precedence) in groups.items():
        store.add_group(name, description=description, precedence=precedence)
    for name, (attributes, enabled, members) in users.items():
        store.add_user(name, None, attributes)
        if not enabled:
            store.disable_user(name)
        for group in members & groups.keys():
            store.add_user_to_group(name, group)
    return store


@settings(max_examples=40)
@given(
    states, wishes(), st.sampled_from([None, "delete", "disable"]), st.booleans(),
)  # fmt: skip
def test_after_a_plan_there_is_nothing_to_do(
    tmp_path_factory: pytest.TempPathFactory,
    state: Any,
    wish: str,
    prune: str | None,
    prune_groups: bool,
) -> None:
    """From any state to any wish: the plan survives JSON, all its rows succeed, and the next plan is empty."""
    store, desired = filled(state), parse_desired(wish, "json")
    options: dict[str, Any] = {"prune": prune, "prune_groups": prune_groups, "limits": ALL}
    try:
        plan = plan_sync(store, desired, **options)
    except UsermgrError as error:
        assert "verified cannot be true" in error.message or "names somebody" in error.message  # noqa: PT017
        return

    assert Plan.from_json(plan.to_json()) == plan
    journal = tmp_path_factory.mktemp("sync") / "journal"
    assert apply_plan(store, plan, journal=journal, backoff=QUICK, threads=2).all_succeeded
    assert plan_sync(store, desired, **options).is_empty
