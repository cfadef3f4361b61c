"""The values that a user manager takes and returns: frozen, and the same for every backend.

Datetimes are timezone-aware and in UTC. Attributes are strings, as the services keep them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Generic, Self, TypeVar

__all__ = [
    "AuthResult",
    "Challenge",
    "ChallengeName",
    "Group",
    "Page",
    "Tokens",
    "User",
    "UserMatches",
    "UserStatus",
]

T = TypeVar("T")


class _OpenStrEnum(StrEnum):
    """An enumeration that keeps unknown values, because services add new ones."""

    @classmethod
    def _missing_(cls, value: object) -> Self | None:
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = value.upper()
        unknown._value_ = value
        return unknown


class UserStatus(_OpenStrEnum):
    """The state of an account. A status that is not listed here is kept as it came."""

    UNCONFIRMED = "UNCONFIRMED"
    CONFIRMED = "CONFIRMED"
    FORCE_CHANGE_PASSWORD = "FORCE_CHANGE_PASSWORD"  # noqa: S105 - a status, not a password
    RESET_REQUIRED = "RESET_REQUIRED"
    EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"
    ARCHIVED = "ARCHIVED"
    COMPROMISED = "COMPROMISED"
    UNKNOWN = "UNKNOWN"


class ChallengeName(_OpenStrEnum):
    """What a sign-in asks for next."""

    NEW_PASSWORD_REQUIRED = "NEW_PASSWORD_REQUIRED"  # noqa: S105 - a challenge's name
    SMS_MFA = "SMS_MFA"
    SOFTWARE_TOKEN_MFA = "SOFTWARE_TOKEN_MFA"  # noqa: S105 - a challenge's name


@dataclass(frozen=True, slots=True)
class User:
    """A user as the store describes it. `username` is the real name, never an alias."""

    username: str
    sub: str
    status: UserStatus
    enabled: bool
    created_at: datetime
    updated_at: datetime
    attributes: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def email(self) -> str | None:
        """The e-mail address, if there is one."""
        return self.attributes.get("email")


@dataclass(frozen=True, slots=True)
class Group:
    """A group of users. Where a service must choose one group, the lowest `precedence` wins."""

    name: str
    description: str | None = None
    precedence: int | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the token of the next page; a page may be empty and still have a next one."""

    items: Sequence[T]
    next_token: str | None = None


@dataclass(frozen=True, slots=True)
class UserMatches:
    """A page of users, narrowed by the conditions that the store itself answered (by index).

    No user who meets all conditions is missing from the pages; users who do not may still be there.
    """

    users: Sequence[User]
    next_token: str | None = None
    answered: Sequence[int] = ()


@dataclass(frozen=True, slots=True)
class Tokens:
    """The result of a sign-in. Token texts never show in the `repr`."""

    username: str
    access_token: str = field(repr=False)
    id_token: str = field(repr=False)
    refresh_token: str | None = field(repr=False)
    expires_in: int
    """The lifetime of the access token in seconds, from when it was issued."""
    token_type: str = "Bearer"  # noqa: S105 - a scheme's name


@dataclass(frozen=True, slots=True)
class Challenge:
    """A sign-in that needs another step: answer it with `UserManager.answer_challenge`."""

    name: ChallengeName
    username: str
    session: str | None = field(repr=False)
    parameters: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)


AuthResult = Tokens | Challenge
