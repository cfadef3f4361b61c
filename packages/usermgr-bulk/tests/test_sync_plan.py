"""Plans: what differs and nothing else, as the store compares, within the limits, and from the whole of the present."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.bulk.stub import StubStore, once
from benchmarks.bulk.sync import measure
from usermgr import AttributeDescription, Capability, UserMatches, UsernameKind, UsernameRules, UserStatus
from usermgr.audit import Audited, LoggerSink
from usermgr.backoff import Backoff
from usermgr.errors import (
    AccessDeniedError,
    InvalidInputError,
    InvalidPageTokenError,
    ProtectedUserError,
    ServiceUnavailableError,
    ThrottledError,
)
from usermgr.guard import Guarded
from usermgr_bulk import Progress
from usermgr_bulk.sync import (
    Counts,
    Desired,
    DesiredGroup,
    DesiredStateError,
    DesiredUser,
    LossKind,
    Plan,
    SyncLimits,
    TooManyLossesError,
    parse_desired,
    plan_sync,
)

QUICK = Backoff(first=0.001, longest=0.002)
ALL = SyncLimits(share=1, number=1000)
GROUPS = (Capability.INVITATIONS, Capability.STATUS, Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE)


def make(**description: Any) -> StubStore:
    """A store with four people and two groups: staff has everybody, admins has ada."""
    store = StubStore(capabilities=GROUPS, **description)
    for group in ("staff", "admins"):
        store.add_group(group)
    for name in ("ada", "alan", "grace", "tim"):
        store.add_user(name, None, {"email": f"{name}@example.org"})
        store.add_user_to_group(name, "staff")
    store.add_user_to_group("ada", "admins")
    return store


@pytest.fixture
def store() -> StubStore:
    """Four people and two groups."""
    return make()


def change(store: StubStore, name: str, **members: Any) -> None:
    """Makes somebody what no operation makes them."""
    store.users[name] = replace(store.users[name], **members)


def planned(store: Any, document: str, **options: Any) -> Plan:
    """The plan for a document in YAML."""
    return plan_sync(store, parse_desired(document, "yaml"), **{"limits": ALL, "backoff": QUICK, **options})


def lines(store: Any, document: str, **options: Any) -> list[str]:
    """The plan as people read it, without its counts."""
    text = planned(store, document, **options).to_text()
    return [line for line in text.split("\n\n")[0].splitlines() if not text.startswith("No changes")]


def refusals(store: Any, document: str, **options: Any) -> list[tuple[int | None, str, str]]:
    """Line, field and message of each thing that does not fit the store."""
    with pytest.raises(DesiredStateError) as caught:
        planned(store, document, **options)
    return [(problem.line, problem.field, problem.message) for problem in caught.value.problems or ()]


# --- What differs, and nothing else ------------------------------------------------------------------


def test_a_plan_reads_like_what_it_does(store: StubStore) -> None:
    """Each change has a marker, what is left out is left alone, and the counts are at the end."""
    change(store, "grace", enabled=False)
    document = """
users:
  - {username: ada, attributes: {email: a@b.example, name: "Ada Lovelace"}, groups: [staff, engine]}
  - {username: alan, enabled: false}
  - {username: grace, enabled: true, without: [email, birthdate]}
  - {username: kenji, attributes: {email: k@b.example}, enabled: false, groups: [engine]}
groups:
  - {name: engine, description: "Those who\\ncount", precedence: 1}
  - {name: staff, precedence: 2}
"""

    assert planned(store, document, prune="delete", prune_groups=True).to_text() == (
        """\
+ group engine
    description: "Those who\\u000acount"
    precedence: 1
~ group staff
    precedence: (none) -> 2
- group admins (1 member)
~ user ada
    email: ada@example.org -> a@b.example
    name: (none) -> "Ada Lovelace"
    + group engine
~ user alan
    enabled: true -> false
~ user grace
    email: grace@example.org -> (none)
    enabled: false -> true
+ user kenji
    email: k@b.example
    enabled: false
    + group engine
- user tim (not declared)

Plan: users: 1 to create, 2 to change, 1 to disable, 1 to delete; groups: 1 to create, 1 to change, 1 to delete; \
memberships: 2 to add, 1 to end.
"""
    )


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("groups: [{name: staff}]", [], id="users left out"),
        pytest.param("users: [{username: ada}]", [], id="groups left out"),
        pytest.param("users: []", [], id="nobody, and nothing pruned"),
        pytest.param(
            "users: [{username: ada, groups: []}]",
            ["~ user ada", "    - group admins", "    - group staff"],
            id="in no group",
        ),
        pytest.param("groups: [{name: admins, members: []}]", ["~ user ada", "    - group admins"], id="no members"),
        pytest.param(
            "groups: [{name: admins, members: [Grace]}]",
            ["~ user ada", "    - group admins", "~ user grace", "    + group admins"],
            id="other members",
        ),
        pytest.param(
            "users: [{username: new}]\ngroups: [{name: fresh, members: [NEW]}]",
            ["+ group fresh", "+ user new", "    + group fresh"],
            id="a new member of a new group",
        ),
        pytest.param("groups: [{name: staff, description: ''}]", [], id="a description that is not there"),
    ],
)
def test_what_is_left_out_is_left_alone(store: StubStore, document: str, expected: list[str]) -> None:
    """A key that is left out is not managed, and an empty list says that there is nobody."""
    assert lines(store, document) == expected


def test_pruning_is_asked_for(store: StubStore) -> None:
    """People and groups that nobody declares stay, and are counted, unless they are to be deleted or disabled."""
    document = "users: [{username: ada}, {username: alan}]\ngroups: [{name: staff}]"
    change(store, "tim", enabled=False)

    plan = planned(store, document)
    assert (plan.is_empty, plan.undeclared) == (True, Counts(2, 1))
    assert "Left alone, because they are not declared: 2 people and 1 group." in plan.to_text()
    assert lines(store, document, prune="disable") == ["~ user grace (not declared)", "    enabled: true -> false"]
    assert lines(store, document, prune="delete", prune_groups=True) == [
        "- group admins (1 member)",
        "- user grace (not declared)",
        "- user tim (not declared)",
    ]
    assert lines(store, "groups: []", prune="delete") == []
    with pytest.raises(InvalidInputError, match="delete, disable"):
        planned(store, document, prune="archive")


# --- As the store compares ---------------------------------------------------------------------------


def test_a_change_of_case_is_no_change(store: StubStore) -> None:
    """Where the store ignores case, so does the plan; two spellings of one name are refused with both lines."""
    document = "users:\n- {username: ADA}\n- {username: alan}\n- {username: Grace}\n- {username: tim}"
    assert lines(store, document, prune="delete") == []

    twice = "users:\n- {username: ADA}\n- {username: ada}\n- {username: new}\n- {username: New}"
    assert [(line, "same person as line" in message) for line, _, message in refusals(store, twice)] == [
        (3, True),
        (5, True),
    ]


def test_a_change_of_case_never_deletes_and_creates() -> None:
    """Where case matters, a name that would go while its other spelling comes is refused, of people as of groups."""
    store = make(usernames=UsernameRules(case_sensitive=True))
    document = "users:\n- {username: Ada}\ngroups:\n- {name: Staff}"

    found = refusals(store, document, prune="delete", prune_groups=True)

    assert [(line, field) for line, field, _ in found] == [(2, "users.username"), (4, "groups.name")]
    assert refusals(store, document, prune="disable")[0][:2] == (2, "users.username")
    assert lines(store, document) == ["+ group Staff", "+ user Ada"]
    store = make(usernames=UsernameRules(kinds=(UsernameKind.EMAIL,), case_sensitive=True))
    assert refusals(store, "users: [{username: Ada@example.org}]", prune="delete")[0][1] == "users.username"


def test_people_are_found_by_the_address_that_names_them() -> None:
    """Where the service makes up the names, an entry is the person who has the address, in any case."""
    store = make(usernames=UsernameRules(kinds=(UsernameKind.EMAIL,)))
    document = """
users:
  - {username: ADA@example.org, groups: [staff]}
  - {username: whoever, attributes: {email: alan@example.org}}
  - {username: new, attributes: {email: new@example.org}}
  - {username: grace}
unmanaged: {users: ["tim@*"]}
"""

    assert lines(store, document, prune="delete") == [
        "~ user ada",
        "    - group admins",
        "+ user new@example.org",
        "    email: new@example.org",
    ]
    found = refusals(store, "users:\n- {username: ada}\n- {username: ada@example.org}\n- {username: nobody}")
    assert [(line, field) for line, field, _ in found] == [(3, "users.username"), (4, "users.email")]
    change(store, "tim", attributes={"email": "ada@example.org"})
    assert "2 people have an address" in refusals(store, "users: [{username: ada@example.org}]")[0][2]


def test_a_change_of_the_address_that_names_somebody_creates_nobody() -> None:
    """The entry may still be named by the old address; two addresses of somebody new, or of two people, are refused."""
    store = make(usernames=UsernameRules(kinds=(UsernameKind.EMAIL,)))
    document = "users: [{username: ada@example.org, attributes: {email: %s}}]\nunmanaged: {users: [alan, grace, tim]}"

    assert lines(store, document % "new@example.org", prune="delete") == [
        "~ user ada",
        "    email: ada@example.org -> new@example.org",
    ]
    change(store, "ada", attributes={"email": "new@example.org"})
    assert lines(store, document % "new@example.org", prune="delete") == []
    assert "two addresses of one new person" in refusals(store, document % "newer@example.org")[0][2]
    change(store, "tim", attributes={"email": "ada@example.org"})
    assert "2 people have an address" in refusals(store, document % "new@example.org")[0][2]


def test_who_is_new_is_created_with_the_address_that_names_them() -> None:
    """Where e-mail addresses and phone numbers name people, the entry's name is that of the two which it is."""
    store = make(usernames=UsernameRules(kinds=(UsernameKind.EMAIL, UsernameKind.PHONE_NUMBER)))
    document = """
users:
  - {username: a@example.org, attributes: {phone_number: "+491"}}
  - {username: "+492", attributes: {email: b@example.org}}
"""

    assert [change.username for change in planned(store, document).users] == ["a@example.org", "+492"]
    wrong = refusals(store, 'users: [{username: "+492", attributes: {phone_number: "+493"}}]')
    assert "two addresses of one new person" in wrong[0][2]


def test_an_alias_names_nobody_new() -> None:
    """Who is declared by an alias would be created a second time, so the real name is asked for."""
    store = make(usernames=UsernameRules(aliases=["preferred_username"]))
    change(store, "ada", attributes={"preferred_username": "countess"})

    assert "alias of 'ada'" in refusals(store, "users: [{username: Countess}]")[0][2]


# --- What is left alone ------------------------------------------------------------------------------


def test_patterns_are_left_alone(store: StubStore) -> None:
    """People, groups and attributes that match a pattern; an attribute is then only for who is new."""
    store.add_user("svc-mail", None, {})
    store.add_user_to_group("svc-mail", "staff")
    document = """
users:
  - {username: ada, attributes: {email: new@example.org}}
  - {username: new, attributes: {email: new@example.org}}
groups: [{name: staff, members: [ada, new]}]
unmanaged: {users: ["Svc-*", "[g]*"], groups: [adm*], attributes: [e*]}
"""

    plan = planned(store, document, prune="delete", prune_groups=True)

    assert plan.unmanaged == Counts(2, 1)
    assert plan.to_text().splitlines()[:6] == [
        "+ user new",
        "    email: new@example.org",
        "    + group staff",
        "- user alan (not declared)",
        "- user tim (not declared)",
        "",
    ]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param("users:\n- {username: ada}", (2, "users.username"), id="a person"),
        pytest.param("groups:\n- {name: staff}", (2, "groups.name"), id="a group"),
        pytest.param("groups:\n- {name: x, members: [\nada]}", (3, "groups.members"), id="a member"),
        pytest.param("users:\n- {username: tim, groups: [\nstaff]}", (3, "users.groups"), id="the group of a person"),
    ],
)
def test_nothing_is_declared_and_left_alone(store: StubStore, document: str, expected: tuple[int, str]) -> None:
    """What a pattern leaves alone cannot be declared."""
    found = refusals(store, document + "\nunmanaged: {users: [ad*], groups: [st*]}")

    assert [(line, field) for line, field, _ in found] == [expected]


def test_federated_people_and_the_services_groups_are_left_alone() -> None:
    """They are unmanaged unless they are named: neither pruned nor taken out of a group."""
    store = make(service_groups=["pool_*"])
    store.add_group("pool_Google")
    change(store, "tim", status=UserStatus.EXTERNAL_PROVIDER)
    store.add_user_to_group("tim", "pool_Google")
    rest = (
        "users: [{username: ada}, {username: alan}, {username: grace}%s]\ngroups: [{name: admins}, {name: staff%s}%s]"
    )

    plan = planned(store, rest % ("", ", members: [ada, alan, grace]", ""), prune="delete", prune_groups=True)
    assert (plan.is_empty, plan.unmanaged) == (True, Counts(1, 1))
    assert lines(store, rest % (", {username: tim, groups: []}", "", ""), prune="delete") == [
        "~ user tim",
        "    - group staff",
    ]
    assert lines(store, rest % ("", ", members: [ada, alan, grace, tim]", ""), prune="delete") == []
    assert lines(store, rest % ("", "", ", {name: pool_Google, members: []}")) == []
    assert lines(store, "groups: [{name: admins, members: [ada, tim]}, {name: pool_Google, members: []}]") == [
        "~ user tim",
        "    + group admins",
        "    - group pool_Google",
    ]


# --- What does not fit the store ---------------------------------------------------------------------

SCHEMA = (
    AttributeDescription("email", required=True),
    AttributeDescription("room", mutable=False, max_length=3),
    AttributeDescription("identities", writers=()),
    AttributeDescription("email_verified"),
)  # fmt: skip


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            "users:\n- {username: ada, attributes: {\nshoe: '44'}}", (3, "users.shoe"), id="unknown attribute"
        ),
        pytest.param("users:\n- {username: ada, attributes: {\nroom: '4'}}", (3, "users.room"), id="never changes"),
        pytest.param("users:\n- {username: x, attributes: {email: a@b,\nroom: '4444'}}", (3, "users.room"), id="long"),
        pytest.param("users:\n- {username: x}", (2, "users.email"), id="required"),
        pytest.param("users:\n- {username: ada, without:\n[email]}", (3, "users.email"), id="required, to be removed"),
        pytest.param("users:\n- {username: ada, attributes: {\nemail: x}}", (3, "users.email"), id="no address"),
        pytest.param(
            "users:\n- {username: ada, attributes: {\nidentities: x}}", (3, "users.identities"), id="service's"
        ),
        pytest.param("users:\n- {username: ada, groups: [\nnone]}", (3, "users.groups"), id="no such group"),
        pytest.param("groups:\n- {name: staff, members: [\nnobody]}", (3, "groups.members"), id="no such person"),
        pytest.param("groups:\n- {name: staff, members: [ada,\nADA]}", (3, "groups.members"), id="a member twice"),
        pytest.param("groups:\n- {name: staff,\ndescription: x}", (3, "groups.description"), id="no descriptions"),
        pytest.param("groups:\n- {name: staff,\nprecedence: 1}", (3, "groups.precedence"), id="no precedence"),
        pytest.param(
            "users:\n- {username: ada, groups: [\nstaff]}\ngroups:\n- {name: staff, members: []}",
            (3, "users.groups"),
            id="the group leaves out who says to be in it",
        ),
        pytest.param(
            "users:\n- {username: ada, groups: []}\ngroups:\n- {name: staff, members: [\nada]}",
            (5, "groups.members"),
            id="the group has who says to be in none",
        ),
    ],
)
def test_what_the_store_would_refuse_is_no_plan(document: str, expected: tuple[int, str]) -> None:
    """Each such thing is told with its line before anything is planned."""
    store = make(attributes=SCHEMA)
    store._description = replace(store._description, capabilities=frozenset())

    assert [(line, field) for line, field, _ in refusals(store, document)] == [expected]


def test_who_is_pruned_is_in_no_list(store: StubStore) -> None:
    """Somebody who is a member but not declared, and a group that somebody is in but not declared, stay no secret."""
    document = "users:\n- {username: ada, groups: [admins]}\ngroups:\n- {name: staff, members: [tim]}"
    found = refusals(store, document, prune="delete", prune_groups=True)

    assert [(line, field) for line, field, _ in found][:1] == [(2, "users.groups")]
    assert (4, "groups.members") in [(line, field) for line, field, _ in found]


def test_an_address_that_must_be_confirmed_sends_no_message() -> None:
    """A new address that the store would ask its owner about is refused, unless it comes verified or unmanaged."""
    store = make(
        confirmed_before_change=("email",), attributes=(*SCHEMA, AttributeDescription("phone_number_verified"))
    )
    document = "users:\n- {username: ada, attributes: {email: new@example.org%s}}\n%s"

    assert "email_verified as true" in refusals(store, document % ("", ""))[0][2]
    assert lines(store, document % ("", "unmanaged: {attributes: [email]}")) == []
    assert lines(store, document % (", email_verified: true", ""))[1:] == [
        "    email: ada@example.org -> new@example.org",
        "    email_verified: (none) -> true",
    ]
    change(store, "ada", attributes={"email": "ada@example.org", "email_verified": "true"})
    assert lines(store, document % (", email_verified: true", ""))[2:] == ["    email_verified: true"]
    assert "set both" in refusals(make(), "users: [{username: ada, attributes: {phone_number_verified: true}}]")[0][2]


# --- The whole of the present, and a request a page --------------------------------------------------


def test_planning_takes_a_request_a_page(store: StubStore) -> None:
    """What the benchmark counts: a page of users, of groups and of the members of a managed group is a request."""
    measured = measure(people=200, groups=3)

    assert measured.calls == {"describe": 1, "list_groups": 1, "find_users": 4 + 4 + 4 + 4}
    assert measured.pages == sum(measured.calls.values()) - 1


def test_only_what_is_managed_is_read(store: StubStore) -> None:
    """No group is listed for a document about people, and no members for groups without `members`."""
    store.calls.clear()
    planned(store, "users: [{username: ada}]")
    assert store.calls == {"find_users": 1}

    store.calls.clear()
    planned(store, "groups: [{name: staff}, {name: admins, members: [ada]}]")
    assert store.calls == {"list_groups": 1, "find_users": 1 + 1}


@pytest.mark.parametrize("operation", ["list_groups", "find_users"])
def test_no_plan_is_made_of_a_part(store: StubStore, operation: str) -> None:
    """Where a page cannot be read, its error is what planning ends with, and a short fault is waited out."""
    document = "groups: [{name: staff, members: [ada]}]"
    pages = [0]

    def deny(called: str, _: object) -> None:
        pages[0] += called == operation
        if called == operation and pages[0] == (2 if operation == "find_users" else 1):
            raise AccessDeniedError

    store.before = deny
    with pytest.raises(AccessDeniedError):
        planned(store, document)

    for error in (ThrottledError(), ServiceUnavailableError(), InvalidPageTokenError()):
        store.before = once(error, operation)
        assert len(lines(store, document)) == 6


def test_a_listing_that_moves_shows_nobody_twice(store: StubStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who is on two pages is one person, who is declared once."""
    real = store.find_users

    def moving(*arguments: Any, **more: Any) -> UserMatches:
        page = real(*arguments, **more)
        return UserMatches([*page.users, *page.users], page.next_token, page.answered)

    monkeypatch.setattr(store, "find_users", moving)

    assert lines(store, "users: [{username: ada}, {username: alan}, {username: grace}]", prune="delete") == [
        "- user tim (not declared)"
    ]


def test_progress_and_stopping(store: StubStore) -> None:
    """Planning tells how many people it has read, and ends where it is told to."""
    told: list[Progress] = []
    planned(store, "users: []", progress=told.append)
    assert told[-1].done == 4

    stop = threading.Event()
    stop.set()
    with pytest.raises(KeyboardInterrupt):
        planned(store, "users: []", stop=stop)


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
        pytest.param("users: [{username: alan, enabled: false}]", {}, id="the acting account disabled"),
        pytest.param("users: [{username: ada}]", {"prune": "delete"}, id="the acting account deleted"),
    ],
)
def test_nobody_is_locked_out(store: StubStore, guard: Guard, document: str, options: dict[str, Any]) -> None:
    """A plan whose effect takes the last administrator or the acting account is none, whatever the way."""
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


# --- Plans as texts ----------------------------------------------------------------------------------


def test_a_plan_survives_json(store: StubStore, tmp_path: Path) -> None:
    """Saved and loaded it is the same, for its owner alone; one that was changed, or is none, is refused."""
    document = (
        "users: [{username: ada, attributes: {email: a@b.example}, groups: []}, {username: new, enabled: false}]\n"
        "groups: [{name: g, description: d, precedence: 7}]"
    )
    plan = planned(store, document, prune="delete", prune_groups=True, required_groups=["x"], acting="y")

    plan.save(tmp_path / "plan")

    assert Plan.load(tmp_path / "plan") == plan
    assert Plan.from_json(plan.to_json()).digest == plan.digest
    assert (tmp_path / "plan").stat().st_mode & 0o777 == 0o600
    for wrong, message in (
        (plan.to_json().replace('"new"', '"mallory"'), "was changed"),
        (plan.to_json().replace('"plan": 1', '"plan": 2'), "another version"),
        ("[]", "not a plan"),
        ("{", "not a plan"),
        ("[" * 100_000, "not a plan"),
    ):
        with pytest.raises(InvalidInputError, match=message):
            Plan.from_json(wrong)


def test_no_value_breaks_out_of_a_rendering(store: StubStore) -> None:
    """Line ends, control characters and backticks stay inside their line and their block."""
    name = '"x\\n- user ada\\u202e\\e[31m```` (none)"'
    plan = planned(store, f"users: [{{username: ada, attributes: {{name: {name}}}}}]")

    assert plan.to_text().splitlines()[1] == (
        '    name: (none) -> "x\\u000a- user ada\\u202e\\u001b[31m```` (none)"'
    )  # fmt: skip
    markdown = plan.to_markdown().splitlines()
    assert markdown[0] == "**Plan: users: 1 to change; groups: nothing; memberships: 0 to add, 0 to end.**"
    assert [line for line in markdown if line.startswith("`````")] == ["`````diff", "`````"]


def test_a_desired_state_can_be_made_in_code(store: StubStore) -> None:
    """Without a document there are no lines, in the plan as in what does not fit."""
    plan = plan_sync(store, Desired([DesiredUser("ada", groups=["staff"])], [DesiredGroup("admins", precedence=1)]))

    assert [(change.username, change.leaves, change.line) for change in plan.users] == [("ada", ("admins",), None)]
    assert str(plan) == "Plan: users: 1 to change; groups: 1 to change; memberships: 0 to add, 1 to end."
    assert [str(loss) for loss in plan.losses] == ["1 of 2 memberships (50%), where 1 may be taken"]
    with pytest.raises(DesiredStateError, match=r"^'ADA' is the same person as 'ada'"):
        plan_sync(store, Desired([DesiredUser("ada"), DesiredUser("ADA")]))
    with pytest.raises(DesiredStateError, match=r"^the group 'staff' is declared twice"):
        plan_sync(store, Desired(groups=[DesiredGroup("staff", members=["ada"]), DesiredGroup("staff")]))


def test_an_empty_plan_says_so(store: StubStore) -> None:
    """In both renderings, with what is left alone."""
    plan = planned(store, "users: []")

    assert plan.to_text() == (
        "No changes: the store is as declared.\nLeft alone, because they are not declared: 4 people.\n"
    )
    assert plan.to_markdown() == (
        "**No changes: the store is as declared.**\n\n- Left alone, because they are not declared: 4 people.\n"
    )
