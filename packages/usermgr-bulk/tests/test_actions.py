"""One thing done to a frozen selection: who has changed since is left alone, and nobody gets a message twice."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.stub import StubStore, once
from usermgr import (
    AttributeDescription,
    Capability,
    Condition,
    Factory,
    Medium,
    MfaMethod,
    MfaReset,
    UserManager,
    UserMatches,
    where,
)
from usermgr.backoff import Backoff
from usermgr.errors import (
    ConflictError,
    GroupNotFoundError,
    InvalidInputError,
    LimitExceededError,
    ServiceTimeoutError,
    ThrottledError,
    UnsupportedOperationError,
    UsermgrError,
)
from usermgr.guard import Guarded
from usermgr_bulk import (
    ACTIONS,
    Action,
    BulkStoppedError,
    Journal,
    RowOutcome,
    RunIdentity,
    Selection,
    Summary,
    freeze_names,
    freeze_selection,
    preview_action,
    run_action,
)

QUICK = Backoff(first=0.001, longest=0.002)
PEOPLE = ("ada", "alan", "grace", "kenji")
STAFF = [where("group").equals("staff")]
"""Everybody but Kenji."""

Report = list[dict[str, Any]]


class Store(StubStore):
    """A store that sends invitations and resets passwords and second factors."""

    def resend_invitation(self, username: str, *, medium: Medium = Medium.EMAIL) -> None:
        self._do("resend_invitation", username, "resend", medium.value)

    def reset_password(self, username: str) -> None:
        self._do("reset_password", username, "reset")

    def sign_out_user(self, username: str) -> None:
        self._do("sign_out_user", username, "sign out")

    def reset_mfa(self, username: str) -> MfaReset:
        self._do("reset_mfa", username, "mfa")
        return MfaReset((MfaMethod.TOTP,) if username == "ada" else (), next_sign_in_enrols=False)


@pytest.fixture
def store() -> Store:
    """Four people, three of whom are staff."""
    can = (Capability.INVITATIONS, Capability.STATUS, Capability.PASSWORD_RESET, Capability.SIGN_OUT)
    store = Store(capabilities=(*can, Capability.MFA_RESET), confirmed_before_change=("email",))
    store.add_group("staff")
    for name in PEOPLE:
        store.add_user(name, attributes={"email": f"{name}@example.org"})
        if name != "kenji":
            store.add_user_to_group(name, "staff")
    store.effects.clear()
    store.calls.clear()
    return store


@pytest.fixture
def staff(store: Store, tmp_path: Path) -> Path:
    """The selection of the staff, frozen."""
    assert freeze_selection(store, STAFF, tmp_path / "staff") == 3
    return tmp_path / "staff"


Act = Callable[..., tuple[Summary, Report]]


@pytest.fixture
def act(store: Store, tmp_path: Path) -> Act:
    """Runs an action; the summary, and the report in the order of the selection."""

    def start(operation: str, selection: Path, run: Any = run_action, **arguments: Any) -> tuple[Summary, Report]:
        more = {} if run is preview_action else {"journal": tmp_path / "journal"}
        report = tmp_path / "report"
        summary = run(store, Action(operation, arguments), selection, report=report, backoff=QUICK, **more)
        rows = [json.loads(line) for line in report.read_text().splitlines()]
        assert sum(summary.counts.values()) == len(rows) == Selection.open(selection).count
        return summary, rows

    return start


def told(report: Report) -> dict[str, str]:
    """The outcome of each person."""
    return {row["key"]: row["outcome"] for row in report}


# --- Freezing ----------------------------------------------------------------------------------------


def test_selection_is_private_and_says_who(store: Store, tmp_path: Path) -> None:
    """The file is for its owner alone, and has the store, the conditions, and each name with its `sub`."""
    count = freeze_selection(store, STAFF, tmp_path / "staff")

    lines = [json.loads(line) for line in (tmp_path / "staff").read_text().splitlines()]
    assert stat.S_IMODE((tmp_path / "staff").stat().st_mode) == 0o600
    assert (count, lines[0]["store"], lines[0]["conditions"]) == (3, "stub", "group=staff")
    assert lines[1:] == [{"username": name, "sub": f"sub-{name}"} for name in PEOPLE[:3]]
    assert list(Selection.open(tmp_path / "staff").conditions) == STAFF


class Half(Store):
    """Answers no condition, as a store that leaves all of them to usermgr."""

    def find_users(self, conditions: Sequence[Condition] = (), **more: Any) -> UserMatches:
        return replace(super().find_users((), **more), answered=())


def test_what_the_store_does_not_answer_is_asked_of_each(tmp_path: Path) -> None:
    """Conditions that the store leaves over, on groups too, hold for everybody who is written."""
    store = Half()
    store.add_group("staff")
    for name in PEOPLE:
        store.add_user(name, attributes={"email": f"{name}@example.org"})
    store.add_user_to_group("ada", "staff")
    store.add_user_to_group("grace", "staff")
    conditions = [*STAFF, where("email").starts_with("a")]

    count = freeze_selection(store, conditions, tmp_path / "some")

    people = [person.username for _, person in Selection.open(tmp_path / "some").people()]
    assert (count, people) == (1, ["ada"])


def test_listing_that_fails_leaves_the_old_selection(store: Store, staff: Path) -> None:
    """A listing that ends in an error leaves no part of a selection, and the one before as it was."""
    before = staff.read_bytes()
    store.before = once(LimitExceededError(), "find_users")
    with pytest.raises(LimitExceededError):
        freeze_selection(store, [], staff)
    assert staff.read_bytes() == before
    assert [path.name for path in staff.parent.iterdir()] == ["staff"]


def test_listing_that_is_throttled_goes_on(store: Store, tmp_path: Path) -> None:
    """A listing that the service has no time for is repeated."""
    store.before = once(ThrottledError(), "find_users")
    assert freeze_selection(store, [], tmp_path / "all", backoff=QUICK) == 4


def test_names_are_written_once_each(store: Store, tmp_path: Path) -> None:
    """Listed names are looked up; who is named twice is in it once, and who is not there fails the row of the run."""
    count = freeze_names(store, ["grace", "ADA", "ada", "gracee"], tmp_path / "names")
    assert (count, Selection.open(tmp_path / "names").missing) == (3, 1)

    run_action(
        store, Action("disable_user"), tmp_path / "names", journal=tmp_path / "journal", report=tmp_path / "report"
    )

    report = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    assert told(report) == {"grace": "changed", "ada": "changed", "gracee": "failed"}
    assert report[2]["code"] == "user_not_found"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"username\nada\n", id="something else"),
        pytest.param(b'{"selection":2,"service":"stub","store":"stub","conditions":""}\n', id="another version"),
        pytest.param(b'{"selection":1,"service":"stub","store":"stub","conditions":"=="}\n', id="no search"),
        pytest.param(b'{"selection":1,"service":"stub","store":"stub","conditions":""}\n{"username":1}\n', id="a name"),
        pytest.param(b'{"selection":1,"service":"stub","store":"stub","conditions":""}\n{"username"', id="torn"),
    ],
)
def test_what_is_no_selection_is_refused(content: bytes, store: Store, tmp_path: Path) -> None:
    """A file that is no whole selection is refused before anybody is touched, and no journal is begun."""
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(InvalidInputError) as caught:
        run_action(store, Action("delete_user"), tmp_path / "bad", journal=tmp_path / "journal")
    assert caught.value.field == "selection"
    assert not (tmp_path / "journal").exists()


def test_selection_of_another_store_is_refused(staff: Path, tmp_path: Path) -> None:
    """A selection acts on the store that it was made of, and on no other."""
    other = StubStore(latency=0.0)
    other._description = replace(other.describe(), store="another")  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(InvalidInputError, match="of another store"):
        run_action(other, Action("disable_user"), staff, journal=tmp_path / "journal")


# --- Who has changed since ---------------------------------------------------------------------------


def test_who_is_another_or_gone_or_elsewhere_is_skipped(store: Store, staff: Path, act: Act) -> None:
    """Who was deleted, whose name was given to somebody else, and who left the group since is left alone, and told."""
    store.delete_user("ada")
    store.users["alan"] = replace(store.users["alan"], sub="sub-of-another")
    store.remove_user_from_group("grace", "staff")
    store.effects.clear()

    summary, report = act("delete_user", staff)

    assert told(report) == dict.fromkeys(("ada", "alan", "grace"), "skipped")
    assert [row["message"] for row in report] == [
        "the user is gone",
        "the name is another person's by now",
        "the user no longer meets the conditions of the selection",
    ]
    assert (summary.all_succeeded, store.effects.total()) == (True, 0)


def test_names_that_were_listed_have_no_conditions(store: Store, tmp_path: Path, act: Act) -> None:
    """Who was named is acted on, whatever their groups are by now."""
    freeze_names(store, ["ada", "kenji"], tmp_path / "names")
    store.remove_user_from_group("ada", "staff")
    assert told(act("disable_user", tmp_path / "names")[1]) == {"ada": "changed", "kenji": "changed"}


# --- What each action does ---------------------------------------------------------------------------

CASES = [
    pytest.param("disable_user", {}, "enabled ada", id="disable"),
    pytest.param("enable_user", {}, None, id="enable"),
    pytest.param("delete_user", {}, "delete ada", id="delete"),
    pytest.param("sign_out_user", {}, "sign out ada", id="sign out"),
    pytest.param("reset_password", {}, "reset ada", id="reset the password"),
    pytest.param("reset_mfa", {}, "mfa ada", id="reset second factors"),
    pytest.param("resend_invitation", {"medium": Medium.EMAIL}, "resend ada", id="invite again"),
    pytest.param("add_user_to_group", {"group": "staff"}, None, id="join"),
    pytest.param("remove_user_from_group", {"group": "staff"}, "leave ada", id="leave"),
    pytest.param("update_user", {"attributes": {"name": "Staff"}}, "update ada", id="set an attribute"),
    pytest.param("update_user", {"attributes": {"email": None}}, "update ada", id="remove an attribute"),
    pytest.param("update_user", {"attributes": {"email": "ada@example.org"}}, None, id="set what is there"),
]


@pytest.mark.parametrize(("operation", "arguments", "effect"), CASES)
def test_action_changes_whom_it_must(
    operation: str, arguments: Any, effect: str | None, store: Store, tmp_path: Path, act: Act
) -> None:
    """Each action changes the person once, or is told as unchanged where all is so; a preview changes nobody."""
    freeze_names(store, ["ada"], tmp_path / "ada")
    expected = {"ada": "unchanged" if effect is None else "changed"}

    assert told(act(operation, tmp_path / "ada", preview_action, **arguments)[1]) == expected
    assert store.effects.total() == 0
    assert told(act(operation, tmp_path / "ada", **arguments)[1]) == expected
    assert dict(store.effects) == ({} if effect is None else {effect: 1})


def test_nothing_to_reset_is_unchanged(store: Store, staff: Path, act: Act) -> None:
    """Second factors of who had none are unchanged, and the report says what a sign-in asks for afterwards."""
    _, report = act("reset_mfa", staff)
    assert told(report) == {"ada": "changed", "alan": "unchanged", "grace": "unchanged"}
    assert report[0]["message"] == "removed totp; the next sign-in asks for the password alone"


def test_who_has_a_password_is_not_invited_again(store: Store, staff: Path, act: Act) -> None:
    """An invitation is sent again only to who has not chosen a password."""
    store.add_user("joan", "a-Long-passw0rd")
    freeze_names(store, ["ada", "joan"], staff)
    assert told(act("resend_invitation", staff)[1]) == {"ada": "changed", "joan": "unchanged"}


@pytest.mark.parametrize(
    ("operation", "arguments", "field"),
    [
        pytest.param("add_user", {}, "operation", id="not of one user who exists"),
        pytest.param("set_password", {"password": "x"}, "operation", id="a password for everybody"),
        pytest.param("disable_user", {"username": "ada"}, "username", id="a name"),
        pytest.param("disable_user", {"group": "staff"}, "arguments", id="an argument too many"),
        pytest.param("add_user_to_group", {}, "group", id="no group"),
        pytest.param("add_user_to_group", {"group": ""}, "group", id="an empty group"),
        pytest.param("update_user", {"attributes": {}}, "attributes", id="no attribute"),
        pytest.param("update_user", {"attributes": {"name": 3}}, "name", id="no text"),
        pytest.param("resend_invitation", {"medium": "pigeon"}, "medium", id="no medium"),
    ],
)
def test_action_that_cannot_be_is_refused(operation: str, arguments: Any, field: str) -> None:
    """What is no action on everybody, or lacks or misspells an argument, is refused with the field."""
    with pytest.raises(InvalidInputError) as caught:
        Action(operation, arguments)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("action", "refusal"),
    [
        pytest.param(Action("confirm_user"), UnsupportedOperationError, id="capability"),
        pytest.param(Action("add_user_to_group", {"group": "nowhere"}), GroupNotFoundError, id="group"),
        pytest.param(Action("update_user", {"attributes": {"nickname": ""}}), InvalidInputError, id="attribute"),
    ],
)
def test_what_nobody_could_get_is_refused_at_once(action: Action, refusal: type[UsermgrError], tmp_path: Path) -> None:
    """A store without the capability, the group or the attribute refuses before the first person is looked at."""
    store = Store(capabilities=(), attributes=[AttributeDescription("name")])
    freeze_selection(store, [], tmp_path / "all")
    with pytest.raises(refusal):
        run_action(store, action, tmp_path / "all", journal=tmp_path / "journal")
    assert not (tmp_path / "journal").exists()


# --- Interrupted, and gone on with -------------------------------------------------------------------


def begun(action: Action, selection: Path, journal: Path, rows: Sequence[int]) -> None:
    """A journal whose run was killed right after it had begun these rows."""
    found = Selection.open(selection)
    with Journal(journal, RunIdentity("action", found.sha256, "stub", "stub", action.settings())) as opened:
        opened.begin(rows)


@pytest.mark.parametrize("operation", ["disable_user", "delete_user"])
def test_run_that_was_killed_goes_on(operation: str, store: Store, staff: Path, tmp_path: Path, act: Act) -> None:
    """Who was in flight when the run was killed is looked at: what had been done is told as changed, once."""
    begun(Action(operation), staff, tmp_path / "journal", [0, 1])
    getattr(store, operation)("ada")

    _, report = act(operation, staff)

    assert told(report) == dict.fromkeys(("ada", "alan", "grace"), "changed")
    assert set(store.effects.values()) == {1}


@pytest.mark.parametrize("operation", ["resend_invitation", "reset_password"])
def test_message_is_sent_at_most_once(operation: str, store: Store, staff: Path, tmp_path: Path, act: Act) -> None:
    """Who may have got a message from a killed run, or whose answer was lost, is unknown, and gets no other."""
    begun(Action(operation), staff, tmp_path / "journal", [0, 2])
    store.delete_user("grace")
    store.effects.clear()
    store.after = once(ServiceTimeoutError(), operation)

    _, report = act(operation, staff)

    assert [(row["outcome"], row["code"]) for row in report] == [
        ("unknown", "message_unknown"),
        ("unknown", "service_timeout"),
        ("unknown", "message_unknown"),
    ]
    assert list(store.effects.values()) == [1]


def test_new_address_is_asked_about_at_most_once(store: Store, staff: Path, tmp_path: Path, act: Act) -> None:
    """A change of an address that its user must confirm is not sent again after a kill."""
    attributes = {"email": "office@example.org"}
    begun(Action("update_user", {"attributes": attributes}), staff, tmp_path / "journal", [0])
    _, report = act("update_user", staff, attributes=attributes)
    assert [row["outcome"] for row in report] == ["unknown", "changed", "changed"]
    assert store.effects["update ada"] == 0


def test_lost_answer_of_a_deletion_is_a_deletion(store: Store, staff: Path, act: Act) -> None:
    """A deletion whose answer is lost is made again, and that the user is gone by then is no failure."""
    store.after = once(ServiceTimeoutError(), "delete_user")
    assert set(told(act("delete_user", staff)[1]).values()) == {"changed"}


def test_journal_of_another_action_is_refused(store: Store, staff: Path, act: Act) -> None:
    """A journal goes on with the same action, arguments and selection, and with no other."""
    act("add_user_to_group", staff, group="staff")
    store.add_group("admins")
    with pytest.raises(ConflictError):
        act("add_user_to_group", staff, group="admins")
    with pytest.raises(ConflictError):
        act("disable_user", staff)
    freeze_selection(store, [], staff)
    with pytest.raises(ConflictError):
        act("add_user_to_group", staff, group="staff")


@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("resend_invitation", {}), ("update_user", {"attributes": {"email": "office@example.org"}})],
)
def test_limit_of_the_account_ends_the_run(operation: str, arguments: Any, store: Store, staff: Path, act: Act) -> None:
    """After the day's last e-mail the run ends, and the rest is done when it is started again."""
    store.before = once(LimitExceededError(), operation)
    with pytest.raises(BulkStoppedError):
        act(operation, staff, **arguments)
    outcomes = told(act(operation, staff, **arguments)[1])
    assert set(outcomes.values()) <= {"changed", "unknown"}


def test_every_action_is_of_one_user() -> None:
    """Every action can be made with what its operation takes besides the user."""
    given: dict[str, Any] = {"group": "staff", "attributes": {"name": "Ada"}}
    needs = {"add_user_to_group": ["group"], "remove_user_from_group": ["group"], "update_user": ["attributes"]}
    for operation in ACTIONS:
        arguments = {name: given[name] for name in needs.get(operation, [])}
        assert dict(Action(operation, arguments).arguments) == arguments


# --- A store that makes batches, and the guard -------------------------------------------------------


@pytest.fixture
def local(tmp_path: Path) -> Iterator[UserManager]:
    """An embedded store, where Ada and Alan are administrators."""
    with Factory.create(Factory.LOCAL, path=str(tmp_path / "users.db")) as users:
        users.add_group("admins")
        for name in PEOPLE:
            users.add_user(name, attributes={"email": f"{name}@example.org"})
        for name in ("ada", "alan"):
            users.add_user_to_group(name, "admins")
        yield users


GUARDS = [
    pytest.param(lambda users: (users, {"required_groups": ["admins"]}), id="by argument"),
    pytest.param(lambda users: (Guarded(users, required_groups=["admins"]), {}), id="by the manager"),
]


@pytest.mark.parametrize("guard", GUARDS)
@pytest.mark.parametrize(
    ("operation", "arguments"),
    [("delete_user", {}), ("disable_user", {}), ("remove_user_from_group", {"group": "admins"})],
)
def test_last_administrator_stays(
    guard: Any, operation: str, arguments: Any, local: UserManager, tmp_path: Path
) -> None:
    """Of all administrators the last enabled one fails with the code of the guard, and is there as before."""
    users, more = guard(local)
    freeze_selection(users, [where("group").equals("admins")], tmp_path / "admins")
    paths = {"journal": tmp_path / "journal", "report": tmp_path / "report"}

    summary = run_action(users, Action(operation, arguments), tmp_path / "admins", **paths, **more)

    report = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
    assert (summary.counts[RowOutcome.CHANGED], summary.counts[RowOutcome.FAILED]) == (1, 1)
    assert [row["code"] for row in report if row["outcome"] == "failed"] == ["protected_user"]
    left = [user.username for user in local.iter_users_in_group("admins") if user.enabled]
    assert left == [row["key"] for row in report if row["outcome"] == "failed"]


def test_acting_account_stays(local: UserManager, tmp_path: Path) -> None:
    """The account that acts is neither deleted nor, in a preview, said to be."""
    freeze_selection(local, [], tmp_path / "all")
    acting = local.get_user("grace").sub
    action, more = Action("delete_user"), {"acting": lambda: acting, "report": tmp_path / "report"}

    foreseen = preview_action(local, action, tmp_path / "all", **more)
    assert local.count_users(exact=True) == 4
    summary = run_action(local, action, tmp_path / "all", journal=tmp_path / "journal", **more)

    assert dict(foreseen.counts) == dict(summary.counts)
    assert (summary.counts[RowOutcome.CHANGED], summary.counts[RowOutcome.FAILED]) == (3, 1)
    assert [user.username for user in local.iter_users()] == ["grace"]


def test_moment_of_a_condition_survives_the_file(local: UserManager, tmp_path: Path) -> None:
    """A condition with a time holds when it is read back, whatever the zone."""
    condition = where("created_at").after(datetime(2020, 1, 1, tzinfo=UTC))
    assert freeze_selection(local, [condition], tmp_path / "new") == 4
    assert list(Selection.open(tmp_path / "new").conditions) == [condition]
    summary = run_action(local, Action("disable_user"), tmp_path / "new", journal=tmp_path / "journal")
    assert str(summary) == "4 rows: 4 changed"
