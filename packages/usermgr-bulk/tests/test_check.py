"""Checking an import: all that would fail is told with its line, and nothing is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from benchmarks.bulk.stub import StubStore
from usermgr import (
    AttributeDescription,
    AttributeType,
    Group,
    Medium,
    PasswordPolicy,
    UsernameKind,
    UsernameRules,
)
from usermgr.errors import InvalidInputError
from usermgr.records import Row, UserRecord
from usermgr_bulk import CheckReport, Existing, ImportOptions, Input, Problem, check_import

POLICY = PasswordPolicy(8, 20, needs_uppercase=True, needs_lowercase=True, needs_number=True, needs_symbol=True)
ATTRIBUTES = [
    AttributeDescription("sub", writers=()),
    AttributeDescription("email", required=True, max_length=30),
    AttributeDescription("email_verified", AttributeType.BOOLEAN),
    AttributeDescription("birthdate", min_length=10, max_length=10),
    AttributeDescription("custom:level", AttributeType.NUMBER, minimum=1, maximum=9),
    AttributeDescription("custom:born", mutable=False),
    AttributeDescription("custom:vip", AttributeType.BOOLEAN),
    AttributeDescription("identities", writers=()),
]


@dataclass(frozen=True)
class Rows(Input):
    """An input of these rows, which may break off."""

    records: tuple[UserRecord, ...]
    breaks: bool = False

    def rows(self) -> Iterator[Row]:
        for line, record in enumerate(self.records, start=1):
            yield Row(line, record)
        if self.breaks:
            raise InvalidInputError("the quote of line 2 does not close", field="row")

    def fingerprint(self) -> str:
        return ""


def record(name: str = "ada", password: str | None = None, groups: Any = None, **attributes: Any) -> UserRecord:
    """A record; its address is fine unless it is given."""
    given = {key.replace("__", ":"): value for key, value in attributes.items()}
    return UserRecord(name, {"email": "ada@example.org", **given}, groups=groups, password=password)


def check(
    *records: UserRecord, breaks: bool = False, groups: Any = (), **options: Any
) -> tuple[CheckReport, StubStore]:
    """What a check says of the records, and the store that was asked."""
    store = StubStore(attributes=ATTRIBUTES, password_policy=POLICY)
    store.groups["staff"] = Group("staff")
    return check_import(store, Rows(records, breaks), groups=groups, options=ImportOptions(**options)), store


@pytest.mark.parametrize(
    ("row", "field", "says"),
    [
        pytest.param(UserRecord("ada"), "email", "requires the attribute email", id="required"),
        pytest.param(record(email=None), "email", "cannot be removed", id="removal of a required one"),
        pytest.param(record(email="no address"), "email", "must be an address", id="form"),
        pytest.param(record(email="a" * 20 + "@example.org"), "email", "at most 30 characters", id="long"),
        pytest.param(record(email=""), "email", "is empty", id="empty"),
        pytest.param(record(email_verified="yes"), "email_verified", "true or false", id="flag"),
        pytest.param(record(birthdate="1/2/2003"), "birthdate", "a date such as", id="date"),
        pytest.param(record(custom__level="0"), "custom:level", "at least 1", id="small"),
        pytest.param(record(custom__level="10"), "custom:level", "at most 9", id="large"),
        pytest.param(record(custom__level="1e"), "custom:level", "a number", id="no number"),
        pytest.param(record(custom__level="nan"), "custom:level", "a number", id="not a number"),
        pytest.param(record(custom__vip="TRUE"), "custom:vip", "true or false", id="boolean"),
        pytest.param(record(shoe="43"), "shoe", "no attribute shoe", id="unknown"),
        pytest.param(record(identities="[]"), "identities", "only the service", id="the service's own"),
        pytest.param(record(name=""), "username", "is empty", id="name"),
        pytest.param(record(password="a-Long-passw0rd-of-many"), "password", "at most 20", id="long password"),
        pytest.param(record(password="along-passw0rd"), "password", "upper-case", id="weak password"),
        pytest.param(record(password="A1longpassword"), "password", "symbol", id="password without symbol"),
        pytest.param(record(groups=["staff", "nowhere"]), "groups", "no group named nowhere", id="group"),
    ],
)
def test_what_would_fail_is_told(row: UserRecord, field: str, says: str) -> None:
    """Each reason is told with line, key, field and remedy."""
    report, _ = check(record("bob"), row)

    (problem,) = report.problems
    assert (problem.line, problem.key, problem.field, problem.certain) == (2, row.username, field, True)
    assert says in problem.message
    assert (report.rows, report.failing_rows, report.passed) == (2, 1, False)


def test_nothing_is_written() -> None:
    """A check makes reads alone, and of the store's configuration, not of each user."""
    report, store = check(record("ada", "a-Long-passw0rd", ["staff"]), record("bob"))

    assert report.passed
    assert set(store.calls) == {"list_groups"}


def test_all_problems_of_a_row_and_both_lines_of_a_name_are_told() -> None:
    """A row with two problems has two; equal names are told with both lines."""
    report, _ = check(record("ada"), record("ADA", shoe="1", custom__level="0"))

    assert [(problem.line, problem.field) for problem in report.problems] == [
        (2, "shoe"), (2, "custom:level"), (2, "username"),
    ]  # fmt: skip
    assert "line 2 has the same user name as line 1" in report.problems[-1].message
    assert (report.problem_count, report.failing_rows) == (3, 1)


def test_removals_and_invitations_are_counted() -> None:
    """So that a person can see what an import takes away and whom it writes to."""
    rows = record("ada", custom__vip=None, birthdate=None), record("bob")
    report, _ = check(*rows, existing=Existing.UPDATE, invite=Medium.EMAIL)

    assert (report.removals, report.invitations) == (2, 2)


@pytest.mark.parametrize("kind", [UsernameKind.PLAIN, UsernameKind.EMAIL])
def test_who_would_leave_groups_or_be_disabled_is_counted(kind: UsernameKind) -> None:
    """Memberships that a list of groups would end are counted group by group, without a request for each user."""
    store = StubStore(usernames=UsernameRules((kind,)))
    for group in ("staff", "admins"):
        store.add_group(group)
    for name in ("Ada", "bob", "carol"):
        address = f"{name.lower()}@example.org"
        store.add_user(f"made-up-{name}" if kind is UsernameKind.EMAIL else name, attributes={"email": address})
        key = list(store.users)[-1]
        store.members |= {(key, "staff"), (key, "admins")}
    store.calls.clear()
    rows = (
        UserRecord("ADA", {"email": "ADA@example.org"}, groups=["staff"]),
        UserRecord("bob", {"email": "bob@example.org"}, groups=[], enabled=False),
        UserRecord("carol", {"email": "carol@example.org"}, enabled=True),
        UserRecord("dave", {"email": "dave@example.org"}, groups=["staff"], enabled=False),
    )

    update = check_import(store, Rows(rows), options=ImportOptions(existing=Existing.UPDATE))
    assert dict(store.calls) == {"list_groups": 1, "find_users": 2}
    skip = check_import(store, Rows(rows), options=ImportOptions(existing=Existing.SKIP))

    assert (update.removals_from_groups, update.disablings) == (3, 2)
    assert (skip.removals_from_groups, skip.disablings) == (0, 0)
    assert dict(store.calls) == {"list_groups": 2, "find_users": 2}


def test_what_depends_on_the_user_is_told_as_possible() -> None:
    """An immutable attribute, and a missing required one, fail only for some of those who may exist already."""
    report, _ = check(UserRecord("ada", {"custom:born": "x"}), existing=Existing.UPDATE)

    assert [(problem.field, problem.certain) for problem in report.problems] == [
        ("custom:born", False), ("email", False),
    ]  # fmt: skip
    assert report.passed


@pytest.mark.parametrize(
    ("row", "says"),
    [
        pytest.param(record(password="a-Long-passw0rd"), "a password of its own", id="password"),
        pytest.param(UserRecord("ada", {"email": "a@example.org"}), "needs the attribute phone_number", id="address"),
    ],
)
def test_invitations_that_cannot_be_are_told(row: UserRecord, says: str) -> None:
    """A row with a password, or without the address, cannot be invited."""
    report, _ = check(row, invite=Medium.SMS)

    assert any(says in problem.message for problem in report.problems)


def test_what_the_store_lacks_is_told() -> None:
    """A store without invitations, and a replica, are told before anything is tried."""
    plain = check_import(StubStore(capabilities=()), Rows((record(),)), options=ImportOptions(invite=Medium.EMAIL))
    replica = check_import(StubStore(read_only=True), Rows((record(),)))

    assert [problem.code for problem in (*plain.problems, *replica.problems)] == ["unsupported_operation"] * 2
    assert (plain.passed, replica.passed) == (False, False)


def test_an_input_that_breaks_off_is_not_complete() -> None:
    """The numbers are then of its beginning, and the check says so."""
    report, _ = check(record("ada"), breaks=True)

    assert (report.rows, report.complete, report.passed) == (1, False, False)


def test_the_first_problems_are_kept_and_all_are_handed_out() -> None:
    """However many there are, memory holds a thousand."""
    told: list[Problem] = []
    rows = Rows(tuple(record(f"u{n}", shoe="1") for n in range(1100)))

    report = check_import(StubStore(attributes=ATTRIBUTES), rows, on_problem=told.append)

    assert (len(report.problems), report.problem_count, len(told), report.failing_rows) == (1000, 1100, 1100, 1100)
