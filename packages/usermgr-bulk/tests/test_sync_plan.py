"""Plans: what differs and nothing else, as the store compares, and as people and programs read it."""

from __future__ import annotations

from pathlib import Path

import pytest
from usermgr_bulk_planning import change, lines, make, planned, refusals

from benchmarks.bulk.stub import StubStore
from usermgr import UsernameKind, UsernameRules, UserStatus
from usermgr.errors import (
    InvalidInputError,
)
from usermgr_bulk.sync import (
    Counts,
    Desired,
    DesiredGroup,
    DesiredStateError,
    DesiredUser,
    Plan,
    plan_sync,
)

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
