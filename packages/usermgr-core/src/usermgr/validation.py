"""Checks that every backend makes before a value reaches a service, so that the error names the field."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usermgr._models import User, UserStatus
from usermgr.errors import InvalidInputError, InvalidStateError

__all__ = [
    "PAGE_LIMIT",
    "check_attributes",
    "check_has_own_password",
    "check_limit",
    "check_texts",
    "check_type",
]

PAGE_LIMIT = 60
"""The most items that a page holds, in every backend."""


def check_texts(**fields: Any) -> None:
    """Each value is a non-empty string. Raises `InvalidInputError`; the value is never repeated."""
    for name, value in fields.items():
        if not isinstance(value, str) or not value:
            raise InvalidInputError(f"{name} must be a non-empty string", field=name)


def check_attributes(attributes: Mapping[str, Any], *, removable: bool) -> None:
    """Names and values are strings; a value may be `None` where that means a removal."""
    check_type("attributes", attributes, Mapping)
    for name, value in attributes.items():
        check_texts(attribute=name)
        if not isinstance(value, str) and not (removable and value is None):
            raise InvalidInputError(
                f"the attribute {name} must be a string{' or None' if removable else ''}", field=name
            )


def check_type(name: str, value: Any, expected: type) -> None:
    """The value is of that type. Raises `InvalidInputError`; the value is never repeated."""
    if not isinstance(value, expected):
        raise InvalidInputError(f"{name} must be a {expected.__name__}", field=name)


def check_limit(limit: Any) -> None:
    """A page holds from 1 to 60 items."""
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= PAGE_LIMIT:
        raise InvalidInputError(f"limit must be a whole number from 1 to {PAGE_LIMIT}", field="limit")


def check_has_own_password(user: User) -> None:
    """The user signs in here, and not through an external identity provider. Raises `InvalidStateError`."""
    if user.status is UserStatus.EXTERNAL_PROVIDER:
        raise InvalidStateError(
            f"{user.username} signs in through an external identity provider: a password would turn the account into "
            "a local one",
            username=user.username,
        )
