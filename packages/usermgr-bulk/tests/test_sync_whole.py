"""Plans are made of the whole of the present, page by page, and only of what fits the store."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from usermgr_bulk_planning import change, lines, make, planned, refusals

from benchmarks.bulk.stub import StubStore, once
from benchmarks.bulk.sync import measure
from usermgr import AttributeDescription, UserMatches
from usermgr.errors import (
    AccessDeniedError,
    InvalidPageTokenError,
    ServiceUnavailableError,
    ThrottledError,
)
from usermgr_bulk import Progress

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
