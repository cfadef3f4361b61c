"""Invitations: users with a temporary password, which a message tells them and nobody else.

The message is the caller's to send. The user and the hash of the password are on the disk before it is handed over.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from usermgr import Medium, User
from usermgr.errors import DeliveryError, InvalidInputError
from usermgr.validation import check_attributes
from usermgr_local._passwords import PasswordPolicy, Passwords
from usermgr_local._users import Users

__all__ = ["Deliver", "Invitations", "Message", "Outbox"]

ADDRESSES = {Medium.EMAIL: "email", Medium.SMS: "phone_number"}
"""The attribute that a message goes to."""


@dataclass(frozen=True, slots=True)
class Message:
    """An invitation, for whoever sends messages: say to the user how to sign in, and with what.

    The password never shows in the `repr`: keep it out of logs too.
    """

    username: str
    medium: Medium
    address: str
    """The e-mail address or the phone number, as `medium` says."""
    temporary_password: str = field(repr=False)


Deliver = Callable[[Message], object]
"""Sends a message, or raises whatever it likes."""


class Outbox:
    """Hands messages over, once what they are about is on the disk. Safe to share between threads."""

    def __init__(self, deliver: Deliver) -> None:
        self._deliver = deliver
        self._held = threading.local()

    def send(self, message: Message) -> None:
        """Hands the message over at once, or keeps it inside of `hold`. Raises `DeliveryError`."""
        held: list[Message] | None = getattr(self._held, "messages", None)
        if held is not None:
            held.append(message)
            return
        problem = self.deliver(message)
        if problem is not None:
            raise problem

    @contextmanager
    def hold(self) -> Generator[list[Message]]:
        """Inside the block, the messages of this thread are kept in the list."""
        self._held.messages = messages = []
        try:
            yield messages
        finally:
            self._held.messages = None

    def deliver(self, message: Message) -> DeliveryError | None:
        """Hands the message over; returns the error if that failed.

        Of what was raised only the type's name is kept: its text, and so its place as the cause, may hold the password.
        """
        try:
            self._deliver(message)
        except Exception as error:  # noqa: BLE001 - a stranger's code, which may raise anything
            kind = type(error).__name__
        else:
            return None
        return DeliveryError(username=message.username, service_code=kind)


class Invitations:
    """`invite_user` and `resend_invitation`; see `UserManager`."""

    def __init__(self, users: Users, passwords: Passwords, policy: PasswordPolicy, outbox: Outbox) -> None:
        self._users = users
        self._passwords = passwords
        self._policy = policy
        self._outbox = outbox

    def invite(self, username: str, attributes: Mapping[str, str], medium: Medium) -> User:
        needed = _address_for(medium)
        check_attributes(attributes, removable=False)
        if not attributes.get(needed):
            raise InvalidInputError(f"an invitation by {medium} needs the attribute {needed}", field=needed)
        password = self._passwords.temporary(self._policy)
        user = self._users.add(username, password, attributes, temporary=True)
        self._outbox.send(Message(user.username, Medium(medium), user.attributes[needed], password))
        return user

    def resend(self, username: str, medium: Medium) -> None:
        needed = _address_for(medium)
        password = self._passwords.temporary(self._policy)
        user, address = self._users.renew_temporary(username, password, needed)
        self._outbox.send(Message(user.username, Medium(medium), address, password))


def _address_for(medium: Medium) -> str:
    if not isinstance(medium, str) or medium not in ADDRESSES:  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise InvalidInputError(f"medium must be one of {', '.join(ADDRESSES)}", field="medium")
    return ADDRESSES[medium]
