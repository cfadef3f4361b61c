"""Every command of `usermgr group`, by its effect on the store."""

from __future__ import annotations

import json
from typing import Any

from usermgr_local import LocalUserManager


def test_add_update_and_delete_a_group(usermgr: Any, people: LocalUserManager) -> None:
    """A change leaves what it does not name; an empty description takes it away."""
    assert usermgr("group", "add", "staff", "--description", "All", "--precedence", "3").status == 0
    assert usermgr("group", "add", "staff").status == 1
    assert usermgr("group", "update", "staff").status == 2

    ended = usermgr("group", "update", "staff", "--description", "", "-o", "json")
    assert json.loads(ended.out) == people.get_group("staff").to_dict()
    assert (people.get_group("staff").description, people.get_group("staff").precedence) == (None, 3)

    assert usermgr("group", "delete", "staff", "--yes").sentences == ["The group staff is deleted"]
    assert [group.name for group in people.iter_groups()] == ["admins"]


def test_delete_says_how_many_are_in_the_group(usermgr: Any, people: LocalUserManager) -> None:
    """Its users stay, and lose what the group gave them."""
    asked = usermgr("group", "delete", "admins")
    dry = usermgr("group", "delete", "admins", "--dry-run")

    assert asked.status == 2
    assert "Delete the group admins? Then 1 user would no longer be in it." in asked.err
    assert dry.sentences == ["The group admins would be deleted, and 1 user would no longer be in it"]
    assert people.get_group("admins").name == "admins"
    assert usermgr("group", "delete", "nobodies").status == 3


def test_members_come_and_go(usermgr: Any, people: LocalUserManager) -> None:
    """Several at once; one who is unknown does not stop the others."""
    ended = usermgr("group", "add-user", "admins", "grace", "nobody", "-o", "json")
    assert ended.status == 5
    assert [(row["username"], row["outcome"], row["group"]) for row in json.loads(ended.out)] == [
        ("grace", "added", "admins"), ("nobody", "failed", "admins"),
    ]  # fmt: skip
    assert [line.split("\t")[0] for line in usermgr("group", "members", "admins").out.splitlines()] == ["ada", "grace"]

    assert usermgr("group", "remove-user", "admins", "ada", "grace", "--dry-run").status == 0
    assert usermgr("group", "members", "admins", "--limit", "1").out.count("\n") == 1
    assert usermgr("group", "remove-user", "admins", "ada").sentences == ["ada is not in the group admins"]
    assert [user.username for user in people.iter_users_in_group("admins")] == ["grace"]


def test_a_group_that_is_not_there_ends_the_run_at_once(usermgr: Any, people: LocalUserManager) -> None:
    """No other user could fare better, so it is told once, and the status says not found."""
    ended = usermgr("group", "add-user", "nobodies", "ada", "grace", "-o", "json")

    assert (ended.status, ended.out, len(ended.sentences)) == (3, "", 1)
    assert usermgr("group", "add-user", "nobodies", "ada", "--dry-run").status == 3
    assert usermgr("group", "members", "nobodies").status == 3
