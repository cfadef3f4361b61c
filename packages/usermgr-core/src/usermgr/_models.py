"""The values that a user manager takes and returns: frozen, and the same for every backend.

Datetimes are timezone-aware and in UTC. Attributes are strings, as the services keep them. `to_dict` and `from_dict`
are for JSON: times become text in ISO 8601 there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Generic, Self, TypeVar

from usermgr._frozen import freeze
from usermgr.codec import MismatchError, codec_for
from usermgr.errors import InvalidInputError

__all__ = [
    "AuthResult",
    "Challenge",
    "ChallengeName",
    "Group",
    "Medium",
    "MfaMethod",
    "MfaReset",
    "MfaSettings",
    "OpenStrEnum",
    "Page",
    "Tokens",
    "User",
    "UserMatches",
    "UserStatus",
]

T = TypeVar("T")


class OpenStrEnum(StrEnum):
    """An enumeration that keeps unknown values, because services add new ones."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value.upper()
        unknown._value_ = value
        return unknown


class JsonValue:
    """A value with a form in plain JSON: strings, numbers, booleans, `None`, lists and dictionaries."""

    __slots__ = ()

    def to_dict(self) -> dict[str, Any]:
        """All members by name; a time is text in ISO 8601, in UTC.

        Raises:
            InvalidInputError: a member is of another type; `field` names it, and no value is repeated.
        """
        try:
            return codec_for(type(self)).encode(self)
        except MismatchError as mismatch:
            raise _refused(type(self), mismatch) from None

    @classmethod
    def from_dict(cls, members: Mapping[str, Any]) -> Self:
        """The value that `to_dict` wrote. Members that this release does not know are ignored.

        Raises:
            InvalidInputError: a member is missing or of another type; `field` names it, and no value is repeated.
        """
        try:
            return codec_for(cls).decode(members)
        except MismatchError as mismatch:
            raise _refused(cls, mismatch) from None


def _refused(cls: type, mismatch: MismatchError) -> InvalidInputError:
    return InvalidInputError(mismatch.describe(cls.__name__), field=mismatch.field or cls.__name__)


class UserStatus(OpenStrEnum):
    """The state of an account. A status that is not listed here is kept as it came."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105 - a status, not a password
    RESET_REQUIRED = "RESET_REQUIRED"
    EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"
    ARCHIVED = "ARCHIVED"
    COMPROMISED = "COMPROMISED"
    UNKNOWN = "UNKNOWN"


class ChallengeName(OpenStrEnum):
    """What a sign-in asks for next."""

    NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"  # noqa: S105 - a challenge's name
    SMS_MFA = "SMS_MFA"
    EMAIL_OTP = "EMAIL_OTP"
    SOFTWARE_TOKEN_MFA = "SOFTWARE_TOKEN_MFA"  # noqa: S105 - a challenge's name
    SELECT_MFA_TYPE = "SELECT_MFA_TYPE"
    """Answered with one of the methods (`MfaMethod`) that `parameters["methods"]` lists, separated by commas."""
    MFA_SETUP = "MFA_SETUP"
    """`parameters["secret_code"]` is the secret for a new authenticator app (Base32); the app's code is the answer."""


class Medium(OpenStrEnum):
    """How a message reaches a user."""

    EMAIL = "email"
    SMS = "sms"


class MfaMethod(OpenStrEnum):
    """A second factor: a code by text message or by e-mail, or from an authenticator app (TOTP, RFC 6238)."""

    SMS = "sms"
    EMAIL = "email"
    TOTP = "totp"


@dataclass(frozen=True, slots=True)
class User(JsonValue):
    """A user as the store describes it. `username` is the real name, never an alias."""

    username: str
    sub: str
    status: UserStatus
    enabled: bool
    created_at: datetime
    updated_at: datetime
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        freeze(self, "attributes")

    @property
    def email(self) -> str | None:
        """The e-mail address, if there is one."""
        return self.attributes.get("email")


@dataclass(frozen=True, slots=True)
class Group(JsonValue):
    """A group of users. Where a service must choose one group, the lowest `precedence` wins."""

    name: str
    description: str | None = None
    precedence: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the token of the next page; iterating a page gives its items.

    A page has no length, because one that is empty may still have a next one: only `next_token` tells the end.
    """

    items: Sequence[T]
    next_token: str | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)


@dataclass(frozen=True, slots=True)
class UserMatches:
    """A page of users, narrowed by the conditions that the store itself answered (by index).

    No user who meets all conditions is missing from the pages; users who do not may still be there.
    """

    users: Sequence[User]
    next_token: str | None = None
    answered: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Tokens(JsonValue):
    """The result of a sign-in. Token texts never show in the `repr`.

    What `to_dict` returns holds them: it is for a session that the server keeps, and never for a cookie or a log.
    """

    username: str
    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    """The lifetime of the access token in seconds, from when it was issued."""
    token_type: str = "Bearer"  # noqa: S105 - a scheme's name


@dataclass(frozen=True, slots=True)
class Challenge(JsonValue):
    """A sign-in that needs another step: answer it with `UserManager.answer_challenge`.

    What `to_dict` returns holds the session: keep it on the server, like that of `Tokens`.
    """

    name: ChallengeName
    username: str
    session: str | None = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        freeze(self, "parameters")


AuthResult = Tokens | Challenge


@dataclass(frozen=True, slots=True)
class MfaSettings(JsonValue):
    """The second factors that a user has switched on, and the one that a sign-in asks for first."""

    methods: Sequence[MfaMethod] = ()
    preferred: MfaMethod | None = None

    def __post_init__(self) -> None:
        freeze(self, "methods")


@dataclass(frozen=True, slots=True)
class MfaReset(JsonValue):
    """What `reset_mfa` did."""

    removed: Sequence[MfaMethod]
    """The methods that no longer count."""
    next_sign_in_enrols: bool
    """Whether the next sign-in makes the user set up a new second factor; otherwise it asks for the password alone."""

    def __post_init__(self) -> None:
        freeze(self, "removed")
