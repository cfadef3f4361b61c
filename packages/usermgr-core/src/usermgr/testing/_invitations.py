"""Invitations, and the confirmation of who never did it."""

from __future__ import annotations

import pytest

from usermgr import Capability, Medium, UserManager, UserStatus
from usermgr.errors import InvalidInputError, InvalidStateError, UserExistsError, UserNotFoundError
from usermgr.testing._base import PASSWORD, ContractPart, needs

__all__ = ["InvitationsContract"]

ADDRESS = {"email": "alice@example.org"}


class InvitationsContract(ContractPart):
    """`invite_user`, `resend_invitation` and `confirm_user`. What the message holds is a matter of the service."""

    @needs(Capability.INVITATIONS)
    def test_invited_user_must_choose_a_password(self, users: UserManager) -> None:
        """An invited user has the attributes, and a temporary password that nobody here has seen."""
        invited = users.invite_user("alice", {**ADDRESS, "name": "Alice"})
        assert (invited.username, invited.status, invited.enabled) == ("alice", UserStatus.FORCE_CHANGE_PASSWORD, True)
        assert (invited.email, invited.attributes["name"]) == ("alice@example.org", "Alice")
        assert users.get_user("alice").sub == invited.sub

    @needs(Capability.INVITATIONS)
    def test_invitation_needs_an_address(self, users: UserManager) -> None:
        """Without the address that it would go to, an invitation is refused by its name, and nobody is added."""
        with pytest.raises(InvalidInputError) as caught:
            users.invite_user("alice", {"name": "Alice"})
        assert caught.value.field == "email"
        with pytest.raises(InvalidInputError) as caught:
            users.invite_user("alice", ADDRESS, medium=Medium.SMS)
        assert caught.value.field == "phone_number"
        with pytest.raises(InvalidInputError) as caught:
            users.invite_user("alice", ADDRESS, medium=Medium("carrier pigeon"))
        assert caught.value.field == "medium"
        assert users.user_exists("alice") is False

    @needs(Capability.INVITATIONS)
    def test_taken_name_is_not_invited(self, users: UserManager) -> None:
        """Inviting somebody who is there already raises UserExistsError and leaves the user alone."""
        before = users.add_user("alice", PASSWORD, ADDRESS)
        with pytest.raises(UserExistsError):
            users.invite_user("alice", ADDRESS)
        after = users.get_user("alice")
        assert (after.sub, after.status) == (before.sub, before.status)

    @needs(Capability.INVITATIONS)
    def test_invitation_is_sent_again(self, users: UserManager) -> None:
        """Sending an invitation again keeps the user as it is: the same `sub`, status and attributes."""
        invited = users.invite_user("alice", ADDRESS)
        users.resend_invitation("alice")
        after = users.get_user("alice")
        assert (after.sub, after.status, after.attributes) == (invited.sub, invited.status, invited.attributes)

    @needs(Capability.INVITATIONS)
    def test_who_has_a_password_is_not_invited_again(self, users: UserManager) -> None:
        """A user with a password of their own raises InvalidStateError, and keeps the password's status."""
        users.add_user("alice", PASSWORD, ADDRESS)
        with pytest.raises(InvalidStateError) as caught:
            users.resend_invitation("alice")
        assert caught.value.username == "alice"
        assert users.get_user("alice").status == UserStatus.CONFIRMED

    @needs(Capability.INVITATIONS)
    def test_invitation_again_needs_the_address_too(self, users: UserManager) -> None:
        """A user without the address that the message would go to is refused by that attribute's name."""
        users.add_user("alice", attributes={"name": "Alice"})
        with pytest.raises(InvalidInputError) as caught:
            users.resend_invitation("alice")
        assert caught.value.field == "email"

    @needs(Capability.INVITATIONS)
    def test_nobody_is_invited_again(self, users: UserManager) -> None:
        """An unknown user raises UserNotFoundError."""
        with pytest.raises(UserNotFoundError):
            users.resend_invitation("nobody")

    @needs(Capability.STATUS)
    def test_only_who_signed_up_is_confirmed(self, users: UserManager) -> None:
        """Who is confirmed, or was added without a password, raises InvalidStateError; nobody UserNotFoundError."""
        users.add_user("alice", PASSWORD)
        users.add_user("new")
        for name in ("alice", "new"):
            before = users.get_user(name).status
            with pytest.raises(InvalidStateError) as caught:
                users.confirm_user(name)
            assert caught.value.username == name
            assert users.get_user(name).status == before
        with pytest.raises(UserNotFoundError):
            users.confirm_user("nobody")
