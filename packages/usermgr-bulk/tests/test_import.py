"""Importing: one outcome for each row, whatever answer is lost, and nobody is told twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.stub import PASSWORD, StubStore, once
from usermgr import AttributeDescription, Group, Medium, User, UsernameKind, UsernameRules, UserStatus, Writer
from usermgr.backoff import Backoff
from usermgr.errors import (
    ConflictError,
    DeliveryError,
    IncompleteCreationError,
    InvalidInputError,
    InvalidPasswordError,
    RemoteCrashedError,
    ServiceTimeoutError,
    ServiceUnavailableError,
    UsermgrError,
)
from usermgr.records import Row, UserRecord
from usermgr_bulk import (
    BulkStoppedError,
    Existing,
    FileInput,
    ImportOptions,
    Input,
    Summary,
    check_import,
    import_users,
)

OLD = datetime(2020, 1, 31, tzinfo=UTC)
ROOT = Path(__file__).parents[3]
QUICK = Backoff(first=0.001, longest=0.002)
LOST = [
    pytest.param(ServiceTimeoutError(), id="time-out"),
    pytest.param(ServiceUnavailableError(), id="unavailable"),
    pytest.param(RemoteCrashedError(function="f"), id="crashed"),
]


@dataclass(frozen=True)
class Rows(Input):
    """An input of these rows, one a line."""

    records: Sequence[UserRecord | InvalidInputError]

    def rows(self) -> Iterator[Row]:
        for line, record in enumerate(self.records, start=1):
            yield Row(line, error=record) if isinstance(record, InvalidInputError) else Row(line, record)

    def fingerprint(self) -> str:
        return repr(self.records)


Report = list[dict[str, Any]]


@pytest.fixture
def bring(tmp_path: Path) -> Callable[..., tuple[Summary, Report]]:
    """Imports records into a store; the summary, and the report in the order of the lines."""

    def start(store: StubStore, *records: UserRecord | InvalidInputError, **options: Any) -> tuple[Summary, Report]:
        more = {name: options.pop(name) for name in ("groups", "sub_map", "journal") if name in options}
        summary = import_users(
            store,
            Rows(records),
            **{"journal": tmp_path / "journal", **more},
            options=ImportOptions(**options),
            report=tmp_path / "report",
            backoff=QUICK,
        )
        report = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]
        assert sum(summary.counts.values()) == len(report) == len(records)
        return summary, sorted(report, key=lambda row: row["line"])

    return start


Bring = Callable[..., tuple[Summary, Report]]


@pytest.fixture
def store() -> StubStore:
    """A store with two groups."""
    store = StubStore()
    store.add_group("staff")
    store.add_group("admins")
    return store


def outcomes(report: Report) -> list[str]:
    """The outcome of each row."""
    return [row["outcome"] for row in report]


# --- One outcome for each row ------------------------------------------------------------------------


def test_each_row_has_one_outcome_and_the_rest_goes_on(store: StubStore, bring: Bring) -> None:
    """A row that cannot be read, one without a group and one that is refused fail with line, key, code and message."""

    def refuse(operation: str, arguments: tuple[Any, ...]) -> None:
        if (operation, arguments[0]) == ("add_user", "refused"):
            raise InvalidPasswordError

    store.before = refuse

    summary, report = bring(
        store,
        UserRecord("refused"),
        InvalidInputError("line 2 has a number for a name", field="username"),
        UserRecord("lost", groups=["nowhere"]),
        UserRecord("Ada", {"email": "ada@example.org"}, enabled=False, groups=["staff"], password=PASSWORD),
    )

    assert outcomes(report) == ["failed", "failed", "failed", "created"]
    assert [(row["key"], row["code"]) for row in report[:3]] == [
        ("refused", "invalid_password"),
        (None, "invalid_input"),
        ("lost", "group_not_found"),
    ]
    assert report[2]["message"].startswith("the user was created, and then this failed")
    assert not summary.all_succeeded
    ada = store.users["ada"]
    assert (ada.attributes, ada.enabled, ("ada", "staff") in store.members) == (
        {"email": "ada@example.org"},
        False,
        True,
    )


@pytest.mark.parametrize(
    ("existing", "outcome", "email"),
    [
        pytest.param(Existing.FAIL, "failed", "old@example.org", id="fail"),
        pytest.param(Existing.SKIP, "skipped", "old@example.org", id="skip"),
        pytest.param(Existing.UPDATE, "changed", "new@example.org", id="update"),
    ],
)
def test_the_policy_for_who_exists(
    store: StubStore, bring: Bring, existing: Existing, outcome: str, email: str
) -> None:
    """Who exists already fails, is left alone, or is brought to what the row says."""
    store.add_user("ada", None, {"email": "old@example.org"})

    _, report = bring(store, UserRecord("ada", {"email": "new@example.org"}, groups=["staff"]), existing=existing)

    assert outcomes(report) == [outcome]
    assert store.users["ada"].attributes["email"] == email
    assert (("ada", "staff") in store.members) is (existing is Existing.UPDATE)


@pytest.mark.parametrize(
    ("options", "field"),
    [
        pytest.param({"existing": "replace"}, "existing", id="policy"),
        pytest.param({"existing": None}, "existing", id="no policy"),
        pytest.param({"invite": "pigeon"}, "invite", id="medium"),
        pytest.param({"drop": "email"}, "drop", id="text for a list"),
        pytest.param({"drop": [1]}, "drop", id="no name"),
        pytest.param({"rename": ["email"]}, "rename", id="list for a mapping"),
        pytest.param({"rename": {"email": ""}}, "rename", id="empty name"),
    ],
)
def test_options_are_checked(options: Any, field: str) -> None:
    """What is not an option is refused before anything is read."""
    with pytest.raises(InvalidInputError) as refused:
        ImportOptions(**options)

    assert refused.value.field == field


def test_a_policy_can_be_named_by_its_text(store: StubStore, bring: Bring) -> None:
    """The text of a policy is that policy, and never another."""
    store.add_user("ada")

    _, report = bring(store, UserRecord("ada", {"name": "Ada"}), existing="fail")

    assert outcomes(report) == ["failed"]
    assert store.users["ada"].attributes == {}


def test_an_update_changes_only_what_differs(store: StubStore, bring: Bring, tmp_path: Path) -> None:
    """It sets, removes, enables and regroups exactly as the row says; doing it again changes nothing."""
    store.add_user("ada", PASSWORD, {"email": "ada@example.org", "name": "Ada", "nickname": "A"})
    store.disable_user("ada")
    store.add_user_to_group("ada", "admins")
    row = UserRecord(
        "ada", {"name": "Ada L.", "nickname": None}, enabled=True, groups=["staff"], password="An0ther-one"
    )

    _, first = bring(store, row, existing=Existing.UPDATE)
    calls = store.effects.total()
    _, second = bring(store, row, existing=Existing.UPDATE, journal=tmp_path / "other")

    assert (outcomes(first), outcomes(second)) == (["changed"], ["unchanged"])
    assert first[0]["message"] == "changed: name, nickname, enabled, groups"
    assert store.users["ada"].attributes == {"email": "ada@example.org", "name": "Ada L."}
    assert store.members == {("ada", "staff")}
    assert store.effects.total() == calls
    assert store.calls["set_password"] == 0  # of somebody who has one


def test_an_address_travels_with_its_verification(store: StubStore, bring: Bring) -> None:
    """A changed address is sent together with a verification that stays the same, which it would lose alone."""
    sent: list[Any] = []
    store.add_user("ada", None, {"email": "old@example.org", "email_verified": "true", "name": "Ada"})
    store.before = lambda operation, arguments: sent.append(arguments[1]) if operation == "update_user" else None
    new = {"email": "new@example.org", "email_verified": "true", "name": "Ada"}

    bring(store, UserRecord("ada", new), existing=Existing.UPDATE)

    assert sent == [{"email": "new@example.org", "email_verified": "true"}]


def test_equal_names_are_reported_with_both_lines(store: StubStore, bring: Bring) -> None:
    """The second row of a name, as the store compares names, fails and says where the first is."""
    _, report = bring(store, UserRecord("ada"), UserRecord("bob"), UserRecord("ADA", {"name": "other"}))

    assert outcomes(report) == ["created", "created", "failed"]
    assert "line 3 has the same user name as line 1" in report[2]["message"]


def test_attributes_are_renamed_and_dropped(bring: Bring) -> None:
    """Renames and drops apply before the target's rules; `sub` is never sent."""
    store = StubStore(attributes=[AttributeDescription("email"), AttributeDescription("custom:team")])

    _, report = bring(
        store,
        UserRecord("ada", {"mail": "ada@example.org", "team": "x", "identities": "[]", "sub": "1"}),
        UserRecord("bob", {"mail": "bob@example.org", "email": "bob@example.com"}),
        rename={"mail": "email", "team": "custom:team"},
        drop=["identities"],
    )

    assert outcomes(report) == ["created", "failed"]
    assert store.users["ada"].attributes == {"email": "ada@example.org", "custom:team": "x"}
    assert "two attributes of the row would be email" in report[1]["message"]


def test_who_is_named_by_address_is_created_with_it(bring: Bring) -> None:
    """Where a store makes names up, a row's name in another such store is not used."""
    store = StubStore(usernames=UsernameRules(kinds=[UsernameKind.EMAIL]))

    _, report = bring(
        store,
        UserRecord("0a1b-2c3d", {"email": "ada@example.org"}),
        UserRecord("bob@example.org"),
        UserRecord("4e5f-6a7b"),
    )

    assert outcomes(report) == ["created", "created", "failed"]
    assert sorted(store.users) == ["ada@example.org", "bob@example.org"]


def test_what_the_description_forbids_is_not_sent(bring: Bring) -> None:
    """A row that the store is certain to refuse fails without a call."""
    store = StubStore(attributes=[AttributeDescription("sub", writers=()), AttributeDescription("name", max_length=3)])

    _, report = bring(store, UserRecord("ada", {"name": "Adam"}), UserRecord("bob", {"shoe": "43"}))

    assert outcomes(report) == ["failed", "failed"]
    assert store.calls["add_user"] == 0


def test_groups_are_made_first(store: StubStore, bring: Bring) -> None:
    """Groups that are missing are made before the rows that name them."""
    _, report = bring(store, UserRecord("ada", groups=["new"]), groups=[Group("new"), Group("staff")])

    assert outcomes(report) == ["created"]
    assert ("ada", "new") in store.members
    assert (store.calls["list_groups"], store.effects["group new"], store.effects["group staff"]) == (1, 1, 1)


def test_old_and_new_subs_are_mapped(store: StubStore, bring: Bring, tmp_path: Path) -> None:
    """The map has a line for each imported user who had a `sub`."""
    bring(store, UserRecord("ada", sub="old-1"), UserRecord("bob"), sub_map=tmp_path / "map")

    assert (tmp_path / "map").read_text() == '{"old":"old-1","new":"sub-ada"}\n'


# --- Files ---


def test_a_file_is_read_alike_when_a_run_goes_on(store: StubStore, tmp_path: Path) -> None:
    """What was found in the file stands in the journal; the run goes on with that, and with no other settings."""
    path, journal = tmp_path / "people.csv", tmp_path / "journal"
    path.write_bytes("username;name\nkenji;健二\n".encode("cp932"))
    source = FileInput.open(path, "csv", encoding="cp932")

    import_users(store, source, journal=journal)

    assert store.users["kenji"].attributes == {"name": "健二"}
    resumed = FileInput.resume(path, journal)
    assert resumed == source
    assert import_users(store, resumed, journal=journal).rows == 1
    with pytest.raises(ConflictError, match="other settings"):
        import_users(store, replace(source, options={**source.options, "removal": "(none)"}), journal=journal)
    path.write_bytes(path.read_bytes() + b"ada;Ada\n")
    with pytest.raises(ConflictError, match="the input has changed"):
        import_users(store, resumed, journal=journal)


def test_a_file_that_breaks_off_stops_the_run(store: StubStore, tmp_path: Path) -> None:
    """The rows before the break are done, the run stops, and a check says that its numbers are of the beginning."""
    (tmp_path / "people.csv").write_text('username,name\nada,Ada\nbob,"Bob\n')
    source = FileInput.open(tmp_path / "people.csv", "csv")

    with pytest.raises(BulkStoppedError, match=r"line 3: nothing can be read from here on.*Mend the input") as stopped:
        import_users(store, source, journal=tmp_path / "journal", report=tmp_path / "report")

    assert stopped.value.summary is not None
    assert (stopped.value.summary.rows, list(store.users)) == (1, ["ada"])
    report = check_import(store, source)
    assert (report.rows, report.complete, report.problems[0].line) == (1, False, 3)


def test_a_journal_without_a_file_resumes_none(store: StubStore, bring: Bring, tmp_path: Path) -> None:
    """The journal of another kind of input, and what is no journal, name no file to read."""
    bring(store, UserRecord("ada"))

    for journal in (tmp_path / "journal", tmp_path / "report"):
        with pytest.raises(InvalidInputError):
            FileInput.resume(tmp_path / "people.csv", journal)


# --- Lost answers ------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", LOST)
@pytest.mark.parametrize("existing", [Existing.FAIL, Existing.SKIP])
def test_a_creation_whose_answer_is_lost_is_recognised(
    store: StubStore, bring: Bring, error: UsermgrError, existing: Existing
) -> None:
    """The user is there by our own call: the row is created, and the policy for who exists does not apply."""
    store.after = once(error, "add_user")

    _, report = bring(store, UserRecord("ada", {"email": "Ada@example.org"}, groups=["staff"]), existing=existing)

    assert outcomes(report) == ["created"]
    assert store.effects["add ada"] == 1
    assert ("ada", "staff") in store.members


@pytest.mark.parametrize("error", LOST[:2])
def test_a_creation_that_never_arrived_is_sent_again(store: StubStore, bring: Bring, error: UsermgrError) -> None:
    """Looking shows that nobody is there, so the user is created by a second call."""
    store.before = once(error, "add_user")

    _, report = bring(store, UserRecord("ada"))

    assert outcomes(report) == ["created"]


def test_what_looking_cannot_tell_is_unknown(store: StubStore, bring: Bring) -> None:
    """Where neither the creation nor the look gets an answer, the row is unknown."""

    def fail(operation: str, _: object) -> None:
        if operation in ("add_user", "get_user"):
            raise ServiceTimeoutError

    store.after, store.before = fail, lambda operation, _: fail(operation, _) if operation == "get_user" else None

    _, report = bring(store, UserRecord("ada"))

    assert outcomes(report) == ["unknown"]
    assert store.effects["add ada"] == 1


def test_somebody_else_s_user_is_not_taken_for_ours(store: StubStore, bring: Bring) -> None:
    """A user with other attributes, found after a lost answer, is left to the policy."""
    store.before = lambda operation, _: _other(store) if operation == "add_user" else None

    _, report = bring(store, UserRecord("ada", {"email": "ada@example.org"}), existing=Existing.SKIP)

    assert outcomes(report) == ["skipped"]
    assert store.users["ada"].attributes == {"email": "other@example.org"}


def _other(store: StubStore) -> None:
    store.before = lambda *_: None
    store.add_user("ada", None, {"email": "other@example.org"})
    raise ServiceTimeoutError


def test_an_old_user_is_not_taken_for_ours(store: StubStore, bring: Bring) -> None:
    """A user who was there long before the call whose answer was lost is left to the policy."""
    store.users["ada"] = User("ada", "1", UserStatus.CONFIRMED, True, OLD, OLD)
    store.before = once(ServiceTimeoutError(), "add_user")

    _, report = bring(store, UserRecord("ada", groups=["staff"]), existing=Existing.SKIP)

    assert outcomes(report) == ["skipped"]


def test_a_user_without_the_password_gets_it(store: StubStore, bring: Bring) -> None:
    """A creation that broke off between the user and the password is finished."""

    def break_off(operation: str, arguments: tuple[Any, ...]) -> None:
        if operation == "add_user":
            store.before = lambda *_: None
            store.add_user(str(arguments[0]))
            raise ServiceTimeoutError

    store.before = break_off

    _, report = bring(store, UserRecord("ada", password=PASSWORD))

    assert outcomes(report) == ["created"]
    assert (store.calls["set_password"], store.effects["add ada"]) == (1, 1)


def test_a_half_made_user_is_a_failure(store: StubStore, bring: Bring) -> None:
    """A creation that could not be taken back fails with its code."""
    store.before = once(IncompleteCreationError(username="ada"), "add_user")

    _, report = bring(store, UserRecord("ada", password=PASSWORD))

    assert [report[0]["outcome"], report[0]["code"]] == ["failed", "incomplete_creation"]


# --- Invitations -------------------------------------------------------------------------------------

ADA = UserRecord("ada", {"email": "ada@example.org"})


def test_nobody_is_invited_unless_asked_for(store: StubStore, bring: Bring) -> None:
    """The default creates silently."""
    bring(store, ADA)

    assert store.calls["invite_user"] == 0


def test_a_failed_delivery_is_told_with_the_creation(store: StubStore, bring: Bring) -> None:
    """The row is created, with the code and a message that the invitation was not delivered."""
    store.after = once(DeliveryError(username="ada"), "invite_user")

    _, report = bring(store, ADA, invite=Medium.EMAIL)

    assert (report[0]["outcome"], report[0]["code"]) == ("created", "delivery_failed")
    assert report[0]["message"].startswith("created, invitation not delivered")


@pytest.mark.parametrize("error", LOST)
def test_an_invitation_that_may_have_been_sent_is_not_sent_again(
    store: StubStore, bring: Bring, error: UsermgrError
) -> None:
    """Its answer is lost and the user is there: the row is unknown, and the rest of it is done."""
    store.after = once(error, "invite_user")

    _, report = bring(store, UserRecord("ada", ADA.attributes, groups=["staff"]), invite=Medium.EMAIL)

    assert (report[0]["outcome"], report[0]["code"]) == ("unknown", "message_unknown")
    assert store.calls["invite_user"] == store.effects["invite ada"] == 1
    assert store.calls["resend_invitation"] == 0
    assert ("ada", "staff") in store.members


def test_a_row_with_a_password_is_not_invited(store: StubStore, bring: Bring) -> None:
    """An invitation would replace the password, so the row fails."""
    _, report = bring(store, UserRecord("ada", ADA.attributes, password=PASSWORD), invite=Medium.EMAIL)

    assert outcomes(report) == ["failed"]
    assert store.users == {}


def test_nobody_is_asked_twice_to_confirm_an_address(bring: Bring, tmp_path: Path) -> None:
    """Where a change of address sends a message, it is sent once, whatever is lost and whatever is killed."""
    store = StubStore(confirmed_before_change=["email"])
    store.users["ada"] = replace(
        User("ada", "1", UserStatus.CONFIRMED, True, OLD, OLD), attributes={"email": "old@a.b"}
    )
    store.after = once(ServiceTimeoutError(), "update_user")
    row = UserRecord("ada", {"email": "new@a.b", "name": "Ada"})

    _, lost = bring(store, row, existing=Existing.UPDATE)
    journal = (tmp_path / "journal").read_bytes().splitlines(keepends=True)
    (tmp_path / "journal").write_bytes(b"".join(journal[:-1]))  # killed before the outcome was durable
    store.users["ada"] = replace(store.users["ada"], attributes={"email": "old@a.b"})  # not confirmed yet
    _, resumed = bring(store, row, existing=Existing.UPDATE)

    assert (outcomes(lost), outcomes(resumed)) == (["unknown"], ["unknown"])
    assert resumed[0]["code"] == "message_unknown"
    assert store.users["ada"].attributes == {"email": "old@a.b", "name": "Ada"}
    assert store.effects["update ada"] == 2  # of which the second was the name alone


# --- Kills and secrets -------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("invite",)], ids=["create", "invite"])
def test_kills_leave_nobody_missing_and_nobody_twice(more: tuple[str, ...]) -> None:
    """A run that is killed at random moments and resumed ends with everybody there, once, in their groups."""
    command = [sys.executable, "-m", "benchmarks.bulk.kills", "3", *more]

    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)

    assert done.returncode == 0, done.stdout + done.stderr


def test_no_password_is_kept(bring: Bring, store: StubStore, tmp_path: Path) -> None:
    """Not even where a store repeats it: neither journal nor report holds it."""

    def repeat(operation: str, _: object) -> None:
        if operation == "add_user":
            raise InvalidPasswordError(f"the password {PASSWORD} is too weak")

    store.before = repeat
    _, report = bring(store, UserRecord("ada", password=PASSWORD))

    assert outcomes(report) == ["failed"]
    assert PASSWORD not in (tmp_path / "journal").read_text() + (tmp_path / "report").read_text()


def test_only_the_service_s_attributes_are_told(bring: Bring) -> None:
    """An attribute that only the service writes fails its row, with what to do."""
    known = [
        AttributeDescription("identities", writers=()),
        AttributeDescription("name", writers=[Writer.ADMINISTRATOR]),
    ]

    _, report = bring(StubStore(attributes=known), UserRecord("ada", {"identities": "[]", "name": "Ada"}))

    assert "only the service writes the attribute identities: drop it" in report[0]["message"]
