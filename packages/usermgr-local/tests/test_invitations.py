"""Invitations: what is handed to `deliver`, when, and what happens where it fails."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import Callable
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from argon2 import PasswordHasher

from usermgr import Challenge, ChallengeName, Medium, UserStatus
from usermgr.errors import DeliveryError, InvalidCredentialsError, InvalidStateError, UnsupportedOperationError
from usermgr_local import LocalUserManager, Message, PasswordPolicy

from .conftest import NEW_PASSWORD, Clock, challenged, signed_in

ADDRESSES = {"email": "alice@example.org", "phone_number": "+81312345678"}
Make = Callable[..., LocalUserManager]


class Post:
    """What was handed over; with `problem` each message is refused."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.problem: type[BaseException] | None = None

    def __call__(self, message: Message) -> None:
        """Takes the message, and repeats it in the text of what it raises, as careless senders do."""
        self.messages.append(message)
        if self.problem is not None:
            raise self.problem(f"could not send {message.temporary_password}")


@pytest.fixture
def post() -> Post:
    """An empty one."""
    return Post()


@pytest.fixture
def inviting(make: Make, clock: Clock, post: Post) -> LocalUserManager:
    """A manager that hands its messages to `post`."""
    return make(now=clock, deliver=post)


@pytest.mark.parametrize(("medium", "address"), [(Medium.EMAIL, "email"), (Medium.SMS, "phone_number")])
def test_invited_user_signs_in_with_what_the_message_says(
    inviting: LocalUserManager, post: Post, medium: Medium, address: str
) -> None:
    """The message names the user and the address, and its password leads to the choice of another one."""
    inviting.invite_user("Alice", ADDRESSES, medium=medium)

    (message,) = post.messages

    assert (message.username, message.medium, message.address) == ("Alice", medium, ADDRESSES[address])
    challenge = challenged(inviting, password=message.temporary_password)
    assert challenge.name is ChallengeName.NEW_PASSWORD_REQUIRED
    inviting.answer_challenge(challenge, NEW_PASSWORD)
    signed_in(inviting, password=NEW_PASSWORD)


def test_second_invitation_replaces_the_first(inviting: LocalUserManager, post: Post, clock: Clock) -> None:
    """The former password and the challenge that it led to end, and the seven days of the new one begin."""
    inviting.invite_user("alice", ADDRESSES)
    first = post.messages[0].temporary_password
    waiting = challenged(inviting, password=first)
    clock.forward(days=6)
    inviting.resend_invitation("ALICE", medium=Medium.SMS)
    second = post.messages[1]
    assert (second.username, second.address) == ("alice", ADDRESSES["phone_number"])
    for late in (
        lambda: inviting.authenticate("alice", first),
        lambda: inviting.answer_challenge(waiting, NEW_PASSWORD),
    ):
        with pytest.raises(InvalidCredentialsError):
            late()
    clock.forward(days=6)
    assert isinstance(challenged(inviting, password=second.temporary_password), Challenge)


def test_who_was_added_silently_can_be_invited(inviting: LocalUserManager, post: Post) -> None:
    """A user without a password gets one by an invitation, and none after having chosen one."""
    inviting.add_user("alice", None, ADDRESSES)
    inviting.resend_invitation("alice")
    inviting.answer_challenge(challenged(inviting, password=post.messages[0].temporary_password), NEW_PASSWORD)
    with pytest.raises(InvalidStateError):
        inviting.resend_invitation("alice")
    assert len(post.messages) == 1
    signed_in(inviting, password=NEW_PASSWORD)


def test_message_is_handed_over_once_the_user_is_on_the_disk(make: Make, path: Path) -> None:
    """Whoever delivers finds the user and the password's hash in the file, through another connection, and may use the
    manager."""
    seen: list[tuple[str, bool]] = []

    def deliver(message: Message) -> None:
        with sqlite3.connect(path) as other:
            row = other.execute("SELECT username, password_hash FROM users").fetchone()
        other.close()
        users.update_user("alice", {"name": "Invited"})
        seen.append((row[0], PasswordHasher().verify(row[1], message.temporary_password)))

    users = make(deliver=deliver)
    users.invite_user("alice", ADDRESSES)
    users.resend_invitation("alice")

    assert seen == [("alice", True)] * 2


@pytest.mark.parametrize("problem", [RuntimeError, DeliveryError, UnicodeError])
def test_message_that_was_refused_leaves_the_user(
    inviting: LocalUserManager, post: Post, problem: type[Exception]
) -> None:
    """Whatever `deliver` raises is a DeliveryError which repeats nothing of it, and another invitation can be sent."""
    post.problem = problem
    said = ""
    for call in (lambda: inviting.invite_user("alice", ADDRESSES), lambda: inviting.resend_invitation("alice")):
        with pytest.raises(DeliveryError) as caught:
            call()
        error = caught.value
        assert (error.username, error.service_code) == ("alice", problem.__name__)
        assert (error.__cause__, error.__context__) == (None, None)
        said += "".join([repr(error), repr(error.details), *traceback.format_exception(error)])
    assert [message for message in post.messages if message.temporary_password in said] == []
    assert inviting.get_user("alice").status is UserStatus.FORCE_CHANGE_PASSWORD

    post.problem = None
    inviting.resend_invitation("alice")
    challenged(inviting, password=post.messages[-1].temporary_password)


def test_interrupt_is_not_a_delivery_error(inviting: LocalUserManager, post: Post) -> None:
    """What ends a program ends it, and the user stays."""
    post.problem = KeyboardInterrupt
    with pytest.raises(KeyboardInterrupt):
        inviting.invite_user("alice", ADDRESSES)
    assert inviting.user_exists("alice") is True


def test_message_is_frozen_and_hides_the_password(inviting: LocalUserManager, post: Post) -> None:
    """The repr has everything but the password, and nobody can change the message."""
    inviting.invite_user("alice", ADDRESSES)
    (message,) = post.messages
    assert "alice@example.org" in repr(message)
    assert message.temporary_password not in repr(message)
    with pytest.raises(FrozenInstanceError):
        message.address = "eve@example.org"  # pyright: ignore[reportAttributeAccessIssue]


def test_store_without_deliver_cannot_invite(users: LocalUserManager) -> None:
    """The capability is absent, both operations name it, and nobody is added."""
    assert users.describe().can("invitations") is False
    for call in (lambda: users.invite_user("alice", ADDRESSES), lambda: users.resend_invitation("alice")):
        with pytest.raises(UnsupportedOperationError) as caught:
            call()
        assert caught.value.capability == "invitations"
    assert users.user_exists("alice") is False


@pytest.mark.parametrize("length", [6, 16, 17, 99])
@pytest.mark.parametrize("requires", [set(), {"symbols"}, {"uppercase", "lowercase", "numbers", "symbols"}])
def test_temporary_passwords_meet_the_policy(length: int, requires: set[str]) -> None:
    """They meet every policy, are no shorter than 16 characters, and never the same."""
    policy = PasswordPolicy(length, frozenset(requires))

    made = {policy.new_password() for _ in range(50)}

    assert len(made) == 50
    for password in made:
        policy.check(password)
        assert len(password) == max(length, 16)
