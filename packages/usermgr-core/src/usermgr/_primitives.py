"""The operations: what a backend implements, and what travels over the wire.

Each is a method that `_operation` marks with its access, with the capability that a store needs for it, and with the
release that it came in. The marks and the annotations define the table in `usermgr.operations`, and with it the wire
protocol (`usermgr.wire`): keep the types plain.

An operation that some stores lack is not abstract: where a backend does not override it, it answers
`UnsupportedOperationError`. So a new operation never breaks a backend that does not know it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from usermgr._description import Capability, StoreDescription
from usermgr._models import (
    AuthResult,
    Challenge,
    Group,
    Medium,
    MfaMethod,
    MfaReset,
    MfaSettings,
    Page,
    Tokens,
    User,
    UserMatches,
)
from usermgr.errors import UnsupportedOperationError
from usermgr.search import Condition
from usermgr.validation import PAGE_LIMIT

__all__ = ["V1_0", "Access", "Primitives"]

F = TypeVar("F", bound=Callable[..., object])

V1_0, V1_1 = "1.0", "1.1"
"""The releases that added operations."""


class Access(StrEnum):
    """What an operation does to the store: the unit in which a deployment allows operations."""

    READ = "read"
    WRITE = "write"
    SIGN_IN = "sign-in"


def _operation(access: Access, *, needs: Capability | None = None, since: str = V1_0) -> Callable[[F], F]:
    """Marks a method as an operation; `usermgr.operations` lists what has the mark, and nothing else."""

    def mark(method: F) -> F:
        method.__usermgr_operation__ = (access, needs, since)  # pyright: ignore[reportFunctionMemberAccess]
        return method

    return mark


class Primitives(ABC):
    """The primitives of `UserManager`, whose documentation says what holds for all of them."""

    # --- The store -----------------------------------------------------------------------------------

    @_operation(Access.READ, since=V1_1)
    def describe(self) -> StoreDescription:
        """What the store can do and demands; a backend that does not say gets what every one of 1.0 had.

        A read of the store's configuration, which services allow only a few times a second: keep what it returns.
        """
        return StoreDescription()

    # --- Users ---------------------------------------------------------------------------------------

    @abstractmethod
    @_operation(Access.WRITE)
    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        """Adds a user, without sending a message to anybody.

        With a `password` the user can sign in at once; with `temporary=True` the user must choose another one at the
        first sign-in. Without a password the user exists, but cannot sign in before `set_password`. A call that fails
        leaves nothing half-made behind.

        Args:
            username: The name to sign in with, as the store takes it.
            password: The first password; it must meet the store's policy.
            attributes: The attributes by name, such as `email` or `custom:team`.
            temporary: Whether the password is only good for choosing another one.

        Raises:
            UserExistsError, AliasExistsError: the name or the alias is taken.
            InvalidPasswordError: the password does not meet the policy.
            InvalidInputError: the name or an attribute is unknown or malformed.
        """

    @_operation(Access.WRITE, needs=Capability.INVITATIONS, since=V1_1)
    def invite_user(
        self, username: str, attributes: Mapping[str, str] | None = None, *, medium: Medium = Medium.EMAIL
    ) -> User:
        """Adds a user, and lets the service send its own invitation with a temporary password, which nobody else sees.

        Args:
            username: The name to sign in with, as the store takes it.
            attributes: The attributes by name; among them the address that `medium` needs, `email` or `phone_number`.
            medium: How the invitation is sent.

        Raises:
            UserExistsError, AliasExistsError: the name or the alias is taken; no message was sent.
            InvalidInputError: the name or an attribute is unknown or malformed, or the address is missing.
            DeliveryError: the user was added, and the invitation could not be sent: use `resend_invitation`.
        """
        raise self._unsupported("invite_user")

    @_operation(Access.WRITE, needs=Capability.INVITATIONS, since=V1_1)
    def resend_invitation(self, username: str, *, medium: Medium = Medium.EMAIL) -> None:
        """Sends the invitation again, with a new temporary password; the one before stops working.

        Raises `UserNotFoundError`, `InvalidInputError` where the user has no such address, `DeliveryError`, and
        `InvalidStateError` for a user who has a password of their own already.
        """
        raise self._unsupported("resend_invitation")

    @_operation(Access.WRITE, needs=Capability.STATUS, since=V1_1)
    def confirm_user(self, username: str) -> None:
        """Confirms a user who signed up and never did (`UNCONFIRMED`), without their code.

        Raises `UserNotFoundError`, and `InvalidStateError` for a user in another status.
        """
        raise self._unsupported("confirm_user")

    @abstractmethod
    @_operation(Access.READ)
    def get_user(self, username: str) -> User:
        """The user, read consistently. Raises `UserNotFoundError`."""

    @abstractmethod
    @_operation(Access.READ)
    def find_users(
        self,
        conditions: Sequence[Condition] = (),
        *,
        limit: int = PAGE_LIMIT,
        page_token: str | None = None,
    ) -> UserMatches:
        """A page of users who meet the conditions that the store can answer, and which conditions those were.

        The primitive behind `list_users` and `search_users`; `limit` is from 1 to 60.
        Raises `InvalidPageTokenError`, `GroupNotFoundError`.
        """

    @abstractmethod
    @_operation(Access.WRITE)
    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        """Sets attributes; a value of `None` removes one. Raises `UserNotFoundError`, `InvalidInputError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        """Sets the password; with `permanent=False` the user must choose another one at sign-in.

        Raises `UserNotFoundError`, `InvalidPasswordError`, and `InvalidStateError` for a user of an external
        identity provider, because a password would turn the account into a local one.
        """

    @_operation(Access.WRITE, needs=Capability.PASSWORD_RESET)
    def reset_password(self, username: str) -> None:
        """Invalidates the current password, so that the user must choose a new one. Raises `UserNotFoundError`."""
        raise self._unsupported("reset_password")

    @abstractmethod
    @_operation(Access.WRITE)
    def enable_user(self, username: str) -> None:
        """Lets the user sign in again. Raises `UserNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def disable_user(self, username: str) -> None:
        """Keeps the user from signing in. Raises `UserNotFoundError`."""

    @_operation(Access.WRITE, needs=Capability.SIGN_OUT)
    def sign_out_user(self, username: str) -> None:
        """Ends all sessions: refresh tokens stop working; access tokens still verify offline until they expire.

        Raises `UserNotFoundError`.
        """
        raise self._unsupported("sign_out_user")

    @abstractmethod
    @_operation(Access.WRITE)
    def delete_user(self, username: str) -> None:
        """Deletes the user. Raises `UserNotFoundError`."""

    # --- Second factors ------------------------------------------------------------------------------

    @_operation(Access.READ, needs=Capability.MFA, since=V1_1)
    def get_mfa(self, username: str) -> MfaSettings:
        """The second factors that the user has switched on. Raises `UserNotFoundError`."""
        raise self._unsupported("get_mfa")

    @_operation(Access.WRITE, needs=Capability.MFA, since=V1_1)
    def set_mfa(self, username: str, methods: Sequence[MfaMethod], *, preferred: MfaMethod | None = None) -> None:
        """Switches on exactly these second factors, all of which the user has set up, and off all others.

        `preferred` is what a sign-in asks for first; without it, a user with several methods chooses.

        Raises `UserNotFoundError`, `InvalidInputError` for a method that the store does not offer or a `preferred` that
        is not among `methods`, and `InvalidStateError` where the user has not set a method up, or where the store
        requires a second factor and none would be left.
        """
        raise self._unsupported("set_mfa")

    @_operation(Access.WRITE, needs=Capability.MFA_RESET, since=V1_1)
    def reset_mfa(self, username: str) -> MfaReset:
        """Takes away the user's second factors, for somebody who has lost the device.

        The result says whether the next sign-in makes the user enrol again or, as most services have it where a second
        factor is optional, asks for the password alone. Make sure who is asking first.

        Raises `UserNotFoundError`, and `InvalidStateError` where the store requires a second factor and could not let
        the user enrol anew; the error says what helps.
        """
        raise self._unsupported("reset_mfa")

    # --- Groups --------------------------------------------------------------------------------------

    @abstractmethod
    @_operation(Access.WRITE)
    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        """Adds a group. Raises `GroupExistsError`."""

    @abstractmethod
    @_operation(Access.READ)
    def get_group(self, name: str) -> Group:
        """The group. Raises `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        """Changes what is given and leaves the rest; an empty description removes it. Raises `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def delete_group(self, name: str) -> None:
        """Deletes the group; its users stay. Raises `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.READ)
    def list_groups(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[Group]:
        """A page of the groups."""

    @abstractmethod
    @_operation(Access.WRITE)
    def add_user_to_group(self, username: str, group: str) -> None:
        """Adds the user to the group; does nothing for a member. Raises `UserNotFoundError`, `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.WRITE)
    def remove_user_from_group(self, username: str, group: str) -> None:
        """Removes the user; does nothing for a non-member. Raises `UserNotFoundError`, `GroupNotFoundError`."""

    @abstractmethod
    @_operation(Access.READ)
    def list_groups_for_user(
        self, username: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> Page[Group]:
        """A page of the user's groups. Raises `UserNotFoundError`."""

    # --- Sign-in -------------------------------------------------------------------------------------

    @_operation(Access.SIGN_IN, needs=Capability.SIGN_IN)
    def authenticate(self, username: str, password: str) -> AuthResult:
        """Signs in: `Tokens`, or a `Challenge` to answer.

        Raises `InvalidCredentialsError` (an unknown name and a wrong password look the same),
        `PasswordResetRequiredError`, `UserNotConfirmedError`.
        """
        raise self._unsupported("authenticate")

    @_operation(Access.SIGN_IN, needs=Capability.SIGN_IN)
    def answer_challenge(
        self, challenge: Challenge, answer: str, attributes: Mapping[str, str] | None = None
    ) -> AuthResult:
        """Answers with the new password or the one-time code.

        `attributes` are set with a new password, for a store that requires more than the user has so far.

        Raises `InvalidCodeError`, `ExpiredCodeError`, `InvalidPasswordError`, and `InvalidInputError` where an
        attribute is malformed or a required one is missing.
        """
        raise self._unsupported("answer_challenge")

    @_operation(Access.SIGN_IN, needs=Capability.SIGN_IN)
    def refresh(self, tokens: Tokens) -> Tokens:
        """Fresh tokens for `tokens.refresh_token`. Raises `InvalidCredentialsError` for one that no longer works."""
        raise self._unsupported("refresh")

    def _unsupported(self, operation: str) -> UnsupportedOperationError:
        needs: Capability = getattr(Primitives, operation).__usermgr_operation__[1]
        return UnsupportedOperationError(operation=operation, capability=needs.value)
