"""Sync on real backends: what is declared comes about, once, and what nobody declared is left alone."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import usermgr_local
from tests.conftest import Pool
from usermgr import Factory, UserManager
from usermgr_bulk import Summary
from usermgr_bulk.sync import Counts, Plan, SyncLimits, apply_plan, parse_desired, plan_sync
from usermgr_local import LocalUserManager
from usermgr_sandbox import Sandbox

ALL = SyncLimits(share=1, number=1000)

FIRST = """
users:
  - {username: ada, attributes: {email: ada@example.org, email_verified: true}, groups: [staff, admins]}
  - {username: alan, attributes: {email: alan@example.org}, enabled: false, groups: []}
  - {username: grace, attributes: {email: grace@example.org, name: 007}}
groups:
  - {name: staff, description: "Everybody — 全員", precedence: 3}
  - {name: admins, members: [ADA]}
  - {name: old, members: [grace]}
"""

SECOND = """
users:
  - {username: Ada, attributes: {email: new@example.org, email_verified: true}, groups: [staff]}
  - {username: alan, enabled: true, without: [email], groups: [admins]}
groups:
  - {name: staff, description: ""}
  - {name: admins}
"""


@pytest.fixture
def local(tmp_path: Path) -> Iterator[LocalUserManager]:
    """An empty local store."""
    users = usermgr_local.create(path=tmp_path / "store.db")
    yield users
    users.close()


def bring(users: UserManager, document: str, journal: Path) -> tuple[Plan, Summary]:
    """Plans and carries out a document, with pruning."""
    options: dict[str, Any] = {"prune": "delete", "prune_groups": True, "limits": ALL}
    form = "json" if document.startswith("{") else "yaml"
    desired = parse_desired(document, form)
    plan = plan_sync(users, desired, **options)
    summary = apply_plan(users, Plan.from_json(plan.to_json()), journal=journal)
    assert summary.all_succeeded, journal.read_text()
    assert plan_sync(users, desired, **options).is_empty
    return plan, summary


def comes_about(users: UserManager, folder: Path, others: Mapping[str, Any]) -> None:
    """Both documents, one after the other; `others` are the groups that nobody declares."""
    _, summary = bring(users, FIRST, folder / "first")
    assert str(summary) == "6 rows: 6 created"
    assert {user.username for user in users.iter_users_in_group("admins")} == {"ada"}
    assert (users.get_user("alan").enabled, users.get_user("grace").attributes["name"]) == (False, "007")

    sub = users.get_user("ada").sub
    _, summary = bring(users, SECOND, folder / "second")

    assert str(summary) == "5 rows: 5 changed"
    ada, alan = users.get_user("ada"), users.get_user("alan")
    assert (ada.sub, ada.username, ada.attributes["email"], ada.attributes["email_verified"]) == (
        sub, "ada", "new@example.org", "true",
    )  # fmt: skip
    assert (alan.enabled, alan.email) == (True, None)
    assert {group.name: (group.description or None, group.precedence) for group in users.iter_groups()} == {
        "staff": (None, 3),
        "admins": (None, None),
        **others,
    }
    assert {user.username for user in users.iter_users_in_group("admins")} == {"alan"}
    assert not users.user_exists("grace")


def test_on_the_local_store(local: LocalUserManager, tmp_path: Path) -> None:
    """In batches: created, changed, renamed in no way, and pruned."""
    comes_about(local, tmp_path, {})


def test_on_cognito(pool: Pool, usermgr_sandbox: Sandbox, tmp_path: Path) -> None:
    """The same on a user pool, where a federated user and the group of their provider stay as they are."""
    users = Factory.create(Factory.AWS_COGNITO)
    federated = usermgr_sandbox.federate_user(pool.id, "Google", "1234", {"email": "g@example.org"})
    provider = f"{pool.id}_Google"
    users.add_group(provider)
    users.add_user_to_group(federated, provider)

    comes_about(users, tmp_path, {provider: (None, None)})

    plan = plan_sync(users, parse_desired(SECOND, "yaml"), prune="delete", prune_groups=True)
    assert plan.unmanaged == Counts(1, 1)
    assert [user.username for user in users.iter_users_in_group(provider)] == [federated]


people = st.sampled_from(["ada", "Alan", "grace"])
attributes = st.dictionaries(st.sampled_from(["name", "nickname"]), st.sampled_from(["x", "y", "null"]))
entries = st.fixed_dictionaries(
    {"attributes": attributes}, optional={"enabled": st.booleans(), "groups": st.sets(st.sampled_from(["a", "b"]))}
)
documents = st.builds(
    lambda users: json.dumps(
        {
            "users": [
                {"username": name, **entry, **({"groups": sorted(entry["groups"])} if "groups" in entry else {})}
                for name, entry in users.items()
            ],
            "groups": [{"name": "a"}, {"name": "b"}],
        }
    ),
    st.dictionaries(people, entries),
)


@settings(max_examples=8)
@given(documents)
def test_any_wish_comes_about_from_any_other(
    local: LocalUserManager, tmp_path_factory: pytest.TempPathFactory, document: str
) -> None:
    """One document after another on the same store: each ends with nothing left to do."""
    bring(local, document, tmp_path_factory.mktemp("sync") / "journal")
