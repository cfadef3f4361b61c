"""What is built from several operations: batches, groups as a whole, sessions."""

from __future__ import annotations

import itertools

import pytest

from usermgr import Capability, Change, UserManager
from usermgr.errors import (
    GroupNotFoundError,
    InvalidCredentialsError,
    InvalidInputError,
    UserExistsError,
    UserNotFoundError,
)
from usermgr.testing._base import PASSWORD, ContractPart, needs
from usermgr.testing._sign_in import signed_in

__all__ = ["TogetherContract"]


class TogetherContract(ContractPart):
    """`write_many`, `ensure_group`, `set_groups`, `refresh_session`."""

    def test_each_change_has_its_outcome(self, users: UserManager) -> None:
        """Changes are made in their order; one that fails has its error, and the others are made all the same."""
        changes = [
            Change("add_group", {"name": "staff"}),
            Change("add_user", {"username": "alice", "password": PASSWORD}),
            Change("add_user", {"username": "alice"}),
            Change("add_user_to_group", {"username": "alice", "group": "staff"}),
            Change("delete_user", {"username": "nobody"}),
            Change("disable_user", {"username": "alice"}),
        ]

        outcomes = list(users.write_many(changes))

        assert [outcome.change for outcome in outcomes] == changes
        assert [type(outcome.error) for outcome in outcomes] == [
            type(None), type(None), UserExistsError, type(None), UserNotFoundError, type(None)
        ]  # fmt: skip
        assert outcomes[1].result.username == "alice"
        assert users.get_user("alice").enabled is False
        assert [group.name for group in users.iter_groups_for_user("alice")] == ["staff"]
        assert [user.username for user in users.iter_users_in_group("staff")] == ["alice"]

    def test_endless_changes_are_taken_as_they_come(self, users: UserManager) -> None:
        """Outcomes come while changes are still being made up, so that a stream needs no memory of its length."""
        endless = (Change("add_user", {"username": f"user{number}"}) for number in itertools.count())

        outcomes = users.write_many(endless)
        first = [next(outcomes).result.username for _ in range(3)]
        outcomes.close()  # type: ignore[attr-defined] - a generator

        assert first == ["user0", "user1", "user2"]
        assert users.user_exists("user2") is True

    def test_what_is_no_change_is_refused(self, users: UserManager) -> None:
        """Anything but a Change raises InvalidInputError."""
        with pytest.raises(InvalidInputError):
            list(users.write_many([("delete_user", "alice")]))  # pyright: ignore[reportArgumentType]

    def test_group_is_ensured(self, users: UserManager) -> None:
        """A group is made once; after that only what differs is changed."""
        made = users.ensure_group("staff")
        again = users.ensure_group("staff")
        assert (made.created, made.changed, again.created, again.changed) == (True, (), False, ())

    @needs(Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE)
    def test_group_is_brought_to_its_wanted_state(self, users: UserManager) -> None:
        """A description and a precedence are set where they differ; an empty description removes it."""
        users.ensure_group("staff", description="before", precedence=3)
        assert users.ensure_group("staff", description="after", precedence=3).changed == ("description",)
        assert users.ensure_group("staff", precedence=0).group.precedence == 0
        assert users.ensure_group("staff", precedence=0).changed == ()
        assert users.ensure_group("staff", description="").changed == ("description",)
        assert users.ensure_group("staff", description="").changed == ()
        group = users.get_group("staff")
        assert (group.description, group.precedence) == (None, 0)

    def test_groups_are_set_as_a_whole(self, users: UserManager) -> None:
        """A user is in exactly the groups that were named, and a second call changes nothing."""
        users.add_user("alice", PASSWORD)
        for name in ("a", "b", "c"):
            users.add_group(name)
        users.add_user_to_group("alice", "a")

        change = users.set_groups("alice", ["b", "c", "b"])

        assert (change.joined, change.left) == (("b", "c"), ("a",))
        assert sorted(group.name for group in users.iter_groups_for_user("alice")) == ["b", "c"]
        again = users.set_groups("alice", ["c", "b"])
        assert (again.joined, again.left) == ((), ())

    def test_unknown_group_stops_before_anything_changes(self, users: UserManager) -> None:
        """A group that does not exist raises GroupNotFoundError, and the user stays where it was."""
        users.add_user("alice", PASSWORD)
        users.add_group("a")
        users.add_user_to_group("alice", "a")
        with pytest.raises(GroupNotFoundError):
            users.set_groups("alice", ["nogroup"])
        assert [group.name for group in users.iter_groups_for_user("alice")] == ["a"]

    def test_groups_of_nobody_are_not_set(self, users: UserManager) -> None:
        """An unknown user raises UserNotFoundError, and a text in the place of names InvalidInputError."""
        users.add_group("a")
        with pytest.raises(UserNotFoundError):
            users.set_groups("nobody", ["a"])
        with pytest.raises(InvalidInputError) as caught:
            users.set_groups("nobody", "a")
        assert caught.value.field == "groups"

    @needs(Capability.SIGN_IN)
    def test_session_is_refreshed_by_its_token(self, users: UserManager) -> None:
        """A refresh token that was kept by itself gives tokens; garbage raises InvalidCredentialsError."""
        users.add_user("alice", PASSWORD)
        kept = signed_in(users).refresh_token
        assert kept
        assert users.refresh_session("alice", kept).username == "alice"
        with pytest.raises(InvalidCredentialsError):
            users.refresh_session("alice", "garbage")
        for arguments, field in (((7, kept), "username"), (("alice", 7), "refresh_token"), (("", kept), "username")):
            with pytest.raises(InvalidInputError) as caught:
                users.refresh_session(*arguments)  # pyright: ignore[reportArgumentType]
            assert caught.value.field == field

    def test_manager_is_a_context_manager(self, users: UserManager) -> None:
        """The `with` statement gives the manager itself, and closes it at the end, which may happen twice."""
        with users as same:
            assert same is users
        users.close()
