"""The messages that Cognito would send by SMS or e-mail, and the codes in them.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-email-phone-verification.html
"""

from __future__ import annotations

import hmac
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.errors import cognito_error

__all__ = ["ADDRESSES", "Message", "Messages", "is_same"]

ADDRESSES = ("email", "phone_number")
"""The attributes that Cognito can verify."""

CODE_LIVES = 86400.0
"""Seconds for which a verification code is valid: AWS's page says 24 hours."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message. `reason` is `verification`, `invitation`, `reset` or `mfa`.

    The code of an invitation is the temporary password.
    """

    user_pool_id: str
    sub: str
    reason: str
    kind: str
    destination: str
    code: str = field(default="", repr=False)


@dataclass(slots=True)
class _Pending:
    address: str
    code: str
    until: float


@dataclass(slots=True)
class Messages:
    """All messages of a server, in the order of sending, and the codes that are still valid."""

    now: Callable[[], float]
    are_lost: bool = False
    """Whether no message can be delivered."""
    _sent: list[Message] = field(default_factory=list[Message])
    _pending: dict[tuple[str, str], _Pending] = field(default_factory=dict[tuple[str, str], _Pending])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def sent(self, user_pool_id: str, sub: str) -> list[Message]:
        """The messages to one user, the oldest first."""
        with self._lock:
            return [each for each in self._sent if (each.user_pool_id, each.sub) == (user_pool_id, sub)]

    def send(self, pool: CognitoIdpUserPool, user: CognitoIdpUser, reason: str, kind: str, code: str = "") -> None:
        """Sends a message to the user's `kind` of address, if they have one."""
        destination = flatten_attrs(user.attributes).get(kind)
        if destination:
            self._send(Message(pool.id, user.id, reason, kind, destination, code))

    def ask_to_verify(self, pool: CognitoIdpUserPool, user: CognitoIdpUser, kind: str, address: str) -> None:
        """Sends a code to an address, which `verify` then takes."""
        code = new_code()
        self._pending[user.id, kind] = _Pending(address, code, self.now() + CODE_LIVES)
        self._send(Message(pool.id, user.id, "verification", kind, address, code))

    def withdraw(self, user: CognitoIdpUser, kind: str) -> None:
        """Makes the last code for that kind of address invalid."""
        self._pending.pop((user.id, kind), None)

    def verify(self, user: CognitoIdpUser, kind: str, code: str) -> str:
        """The address that the code verifies. Raises CodeMismatchException or ExpiredCodeException."""
        pending = self._pending.get((user.id, kind))
        if pending is None or pending.until < self.now():
            raise cognito_error("ExpiredCodeException", "Invalid code provided, please request a code again.")
        if not is_same(pending.code, code):
            raise cognito_error("CodeMismatchException", "Invalid verification code provided, please try again.")
        del self._pending[user.id, kind]
        return pending.address

    def last_code(self, user_pool_id: str, sub: str, reason: str, kind: str) -> str | None:
        """The code of the last message of that reason and kind to the user."""
        codes = [each.code for each in self.sent(user_pool_id, sub) if (each.reason, each.kind) == (reason, kind)]
        return codes[-1] if codes else None

    def forget(self) -> None:
        """Drops everything."""
        with self._lock:
            self._sent.clear()
            self._pending.clear()
            self.are_lost = False

    def _send(self, message: Message) -> None:
        if self.are_lost:
            raise cognito_error("CodeDeliveryFailureException", "Failed to deliver the message.")
        with self._lock:
            self._sent.append(message)


def new_code() -> str:
    """Six random digits."""
    return f"{secrets.randbelow(10**6):06d}"


def is_same(expected: str, given: str) -> bool:
    """Compares two texts in constant time, whatever characters they hold."""
    return hmac.compare_digest(expected.encode(), given.encode())
