"""What may be written about a user: names, and the attributes that the store knows.

The standard attributes are those of OpenID Connect, as in Cognito:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping

from usermgr.errors import InvalidInputError
from usermgr.validation import (
    STANDARD_ATTRIBUTES,
    check_attributes,
    check_form,
    check_texts,
    check_verified_has_address,
)

__all__ = ["MAX_NAME", "MAX_VALUE", "AttributeSchema", "check_name", "is_storable", "with_verification"]

ADDRESSES = ("email", "phone_number")
"""The attributes that have a verification of their own, such as `email_verified`."""

MAX_NAME = 128
MAX_VALUE = 2048


def check_name(**fields: str) -> None:
    """Each value can name a user or a group: 1 to 128 letters, marks, symbols, numbers or punctuation, no spaces.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
    Raises `InvalidInputError` with the field.
    """
    check_texts(**fields)
    for field, name in fields.items():
        if len(name) > MAX_NAME or any(unicodedata.category(character)[0] not in "LMSNP" for character in name):
            raise InvalidInputError(f"{field} must have 1 to {MAX_NAME} characters, without spaces", field=field)


def is_storable(text: str) -> bool:
    """Whether SQLite keeps the string as Python has it: it has neither a NUL nor a lone surrogate."""
    return not any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text)


def with_verification(before: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str | None]:
    """The changes of a user's attributes, and what they mean for the verification of the addresses.

    A changed address is unverified unless the same changes verify it, and the verification of a removed one goes with
    it: https://repost.aws/knowledge-center/cognito-email-verified-attribute

    Raises:
        InvalidInputError: an address that the user does not have would be verified; the field is its flag.
    """
    settled = dict(changes)
    for address in ADDRESSES:
        flag = f"{address}_verified"
        value = changes.get(address, before.get(address))
        check_verified_has_address({flag: changes.get(flag), address: value})
        if address in changes and flag not in changes and value != before.get(address):
            settled[flag] = "false" if value is not None else None
    return settled


class AttributeSchema:
    """The standard attributes, and the declared custom ones."""

    def __init__(self, custom: frozenset[str]) -> None:
        self._known = STANDARD_ATTRIBUTES | custom

    def knows(self, name: str) -> bool:
        """Whether a user can have the attribute."""
        return name in self._known

    def check(self, attributes: Mapping[str, str | None], *, removable: bool) -> dict[str, str | None]:
        """The attributes to set, and `None` for those to remove: an empty string removes too, as in Cognito.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
        Raises `InvalidInputError`, with the attribute as its field.
        """
        check_attributes(attributes, removable=removable)
        for name, value in attributes.items():
            self._check(name, value)
        return {name: value or None for name, value in attributes.items()}

    def _check(self, name: str, value: str | None) -> None:
        if name == "sub":
            raise InvalidInputError("the store sets sub itself, and it never changes", field=name)
        if name not in self._known:
            raise InvalidInputError(
                f"the attribute {name} is not known: use a standard attribute of OpenID Connect, or declare a custom "
                "one in USERMGR_LOCAL_CUSTOM_ATTRIBUTES",
                field=name,
            )
        if not value:
            return
        if len(value) > MAX_VALUE or not is_storable(value):
            raise InvalidInputError(
                f"the attribute {name} must have at most {MAX_VALUE} characters, without a NUL or a lone surrogate",
                field=name,
            )
        check_form(name, value)
