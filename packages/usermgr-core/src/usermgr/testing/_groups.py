"""Groups and who is in them."""

from __future__ import annotations

import pytest

from usermgr import Capability, UserManager
from usermgr.errors import GroupExistsError, GroupNotFoundError, InvalidInputError, UserNotFoundError
from usermgr.testing._base import PASSWORD, ContractPart, all_items, needs

__all__ = ["GroupsContract"]


class GroupsContract(ContractPart):
    """Groups: adding, changing, listing, membership."""

    @needs(Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE)
    def test_added_group_comes_back(self, users: UserManager) -> None:
        """An added group has its name, description and precedence."""
        users.add_group("admins", description="They may", precedence=3)
        group = users.get_group("admins")
        assert (group.name, group.description, group.precedence) == ("admins", "They may", 3)

    def test_group_without_a_description_has_none(self, users: UserManager) -> None:
        """What was not given is None."""
        users.add_group("plain")
        group = users.get_group("plain")
        assert (group.description, group.precedence) == (None, None)

    def test_existing_group_is_refused(self, users: UserManager) -> None:
        """Adding a group again raises GroupExistsError with the name."""
        users.add_group("admins")
        with pytest.raises(GroupExistsError) as caught:
            users.add_group("admins")
        assert caught.value.group == "admins"

    @needs(Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE)
    def test_update_group_sets_what_is_given(self, users: UserManager) -> None:
        """update_group changes what it names and leaves the rest."""
        users.add_group("admins", description="before", precedence=3)
        users.update_group("admins", description="after")
        group = users.get_group("admins")
        assert (group.description, group.precedence) == ("after", 3)

    def test_users_come_and_go(self, users: UserManager) -> None:
        """A user is in the groups it was put in, and no longer in those it was taken from; twice is not an error."""
        users.add_user("alice", PASSWORD)
        for name in ("a", "b"):
            users.add_group(name)
            users.add_user_to_group("alice", name)
            users.add_user_to_group("alice", name)
        assert sorted(g.name for g in users.list_groups_for_user("alice").items) == ["a", "b"]
        users.remove_user_from_group("alice", "a")
        users.remove_user_from_group("alice", "a")
        assert [g.name for g in users.list_groups_for_user("alice").items] == ["b"]
        assert [u.username for u in users.list_users_in_group("b").items] == ["alice"]
        assert list(users.list_users_in_group("a").items) == []

    def test_deleted_group_leaves_its_users(self, users: UserManager) -> None:
        """Deleting a group keeps its users, who are no longer in it."""
        users.add_user("alice", PASSWORD)
        users.add_group("admins")
        users.add_user_to_group("alice", "admins")
        users.delete_group("admins")
        assert users.user_exists("alice") is True
        assert list(users.list_groups_for_user("alice").items) == []
        with pytest.raises(GroupNotFoundError):
            users.get_group("admins")

    def test_deleted_user_leaves_its_groups(self, users: UserManager) -> None:
        """Deleting a user takes it out of its groups, for a new user of that name too."""
        users.add_user("alice", PASSWORD)
        users.add_group("admins")
        users.add_user_to_group("alice", "admins")
        users.delete_user("alice")
        assert list(users.list_users_in_group("admins").items) == []
        users.add_user("alice", PASSWORD)
        assert list(users.list_groups_for_user("alice").items) == []

    @pytest.mark.parametrize(
        ("operation", "arguments"),
        [
            ("get_group", ("nogroup",)),
            ("update_group", ("nogroup",)),
            ("delete_group", ("nogroup",)),
            ("add_user_to_group", ("alice", "nogroup")),
            ("remove_user_from_group", ("alice", "nogroup")),
            ("list_users_in_group", ("nogroup",)),
        ],
    )
    def test_unknown_group_is_named(self, users: UserManager, operation: str, arguments: tuple[object, ...]) -> None:
        """Every operation on an unknown group raises GroupNotFoundError with the name."""
        users.add_user("alice", PASSWORD)
        with pytest.raises(GroupNotFoundError) as caught:
            getattr(users, operation)(*arguments)
        assert caught.value.group == "nogroup"

    def test_unknown_user_cannot_join(self, users: UserManager) -> None:
        """Putting nobody into a group, or taking nobody out, raises UserNotFoundError."""
        users.add_group("admins")
        for call in (users.add_user_to_group, users.remove_user_from_group):
            with pytest.raises(UserNotFoundError):
                call("nobody", "admins")

    def test_groups_are_paged(self, users: UserManager) -> None:
        """The pages of list_groups hold every group exactly once."""
        names = {f"group{number}" for number in range(5)}
        for name in names:
            users.add_group(name)
        assert sorted(group.name for group in all_items(users.list_groups, limit=2)) == sorted(names)

    @pytest.mark.parametrize("operation", ["add_group", "get_group", "update_group", "delete_group", "ensure_group"])
    @pytest.mark.parametrize("name", ["", "a\0b", "x" * 129], ids=["empty", "a NUL", "too long"])
    def test_malformed_group_name_is_named(self, users: UserManager, operation: str, name: str) -> None:
        """A name that no group can have raises InvalidInputError on `name`, the argument that it was."""
        with pytest.raises(InvalidInputError) as caught:
            getattr(users, operation)(name)
        assert caught.value.field == "name"

    def test_malformed_group_of_a_member_is_named(self, users: UserManager) -> None:
        """Where the argument is `group`, that is the field."""
        users.add_user("alice", PASSWORD)
        for call in (users.add_user_to_group, users.remove_user_from_group):
            with pytest.raises(InvalidInputError) as caught:
                call("alice", "a\0b")
            assert caught.value.field == "group"
