"""Checks that every backend makes before a value reaches a service, so that the error names the field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, cast

from usermgr._conditions import Condition
from usermgr._models import Challenge, Tokens, User, UserStatus
from usermgr.errors import InvalidCredentialsError, InvalidInputError, InvalidPasswordError, InvalidStateError

__all__ = [
    "PAGE_LIMIT",
    "PASSWORD_NEEDS",
    "STANDARD_ATTRIBUTES",
    "check_answer",
    "check_attributes",
    "check_conditions",
    "check_form",
    "check_group_names",
    "check_has_own_password",
    "check_limit",
    "check_password",
    "check_refreshable",
    "check_resettable",
    "check_texts",
    "check_type",
    "check_verified_has_address",
]

PAGE_LIMIT = 60
"""The most items that a page holds, in every backend."""


# fmt: off
STANDARD_ATTRIBUTES = frozenset({
    "address", "birthdate", "email", "email_verified", "family_name", "gender", "given_name", "locale", "middle_name",
    "name", "nickname", "phone_number", "phone_number_verified", "picture", "preferred_username", "profile",
    "updated_at", "website", "zoneinfo",
})
# fmt: on
"""The standard claims of OpenID Connect, less `sub`:
https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims
"""

_FORMS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+"), "an address such as ada@example.org"),
    "phone_number": (re.compile(r"\+[0-9]{1,15}"), "a number in E.164 form, such as +81312345678"),
    "birthdate": (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "a date such as 1815-12-10"),
    "updated_at": (re.compile(r"[0-9]{1,20}"), "a number of seconds since 1970, such as 1767225600"),
    "email_verified": (re.compile("true|false"), "true or false"),
    "phone_number_verified": (re.compile("true|false"), "true or false"),
}


def check_texts(**fields: Any) -> None:
    """Each value is a non-empty string. Raises `InvalidInputError`; the value is never repeated."""
    for name, value in fields.items():
        if not isinstance(value, str) or not value:
            raise InvalidInputError(f"{name} must be a non-empty string", field=name)


def check_attributes(attributes: Mapping[str, Any], *, removable: bool) -> None:
    """Names and values are strings; a value may be `None` where that means a removal."""
    check_type("attributes", attributes, Mapping)
    for name, value in attributes.items():
        if not isinstance(name, str) or not name:  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError("the name of an attribute must be a non-empty string", field="attributes")
        if not isinstance(value, str) and not (removable and value is None):
            raise InvalidInputError(
                f"the attribute {name} must be a string{' or None' if removable else ''}", field=name
            )


def check_conditions(conditions: Any) -> None:
    """The conditions are a sequence of `Condition`. Raises `InvalidInputError`."""
    check_type("conditions", conditions, Sequence)
    for condition in conditions:
        check_type("conditions", condition, Condition)


def check_type(name: str, value: Any, expected: type) -> None:
    """The value is of that type. Raises `InvalidInputError`; the value is never repeated."""
    if not isinstance(value, expected):
        kind = expected.__name__
        raise InvalidInputError(f"{name} must be {'an' if kind[0] in 'AEIOUaeiou' else 'a'} {kind}", field=name)


def check_group_names(groups: Any) -> list[str]:
    """The names of groups, each once, in their order. Raises `InvalidInputError`."""
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise InvalidInputError("groups must be names of groups, in a list", field="groups")
    names = list(cast("Iterable[Any]", groups))
    for name in names:
        check_texts(groups=name)
    return list(dict.fromkeys(names))


def check_limit(limit: Any) -> None:
    """A page holds from 1 to 60 items."""
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= PAGE_LIMIT:
        raise InvalidInputError(f"limit must be a whole number from 1 to {PAGE_LIMIT}", field="limit")


def check_answer(challenge: Any, answer: Any) -> None:
    """A challenge with a name, a user and perhaps a session, and an answer to it. Raises `InvalidInputError`."""
    check_type("challenge", challenge, Challenge)
    check_texts(answer=answer, name=challenge.name, username=challenge.username)
    if challenge.session is not None:
        check_type("session", challenge.session, str)


def check_refreshable(tokens: Any) -> None:
    """Tokens of a user, with a refresh token.

    Raises `InvalidInputError`, and `InvalidCredentialsError` where there is no refresh token.
    """
    check_type("tokens", tokens, Tokens)
    if tokens.refresh_token is None:
        raise InvalidCredentialsError("these tokens have no refresh token: sign in again")
    check_texts(refresh_token=tokens.refresh_token, username=tokens.username)


def check_has_own_password(user: User) -> None:
    """The user signs in here, and not through an external identity provider. Raises `InvalidStateError`."""
    if user.status is UserStatus.EXTERNAL_PROVIDER:
        raise InvalidStateError(
            f"{user.username} signs in through an external identity provider: a password would turn the account into "
            "a local one",
            username=user.username,
        )


def check_form(name: str, value: str) -> None:
    """A standard attribute has its usual form. Raises `InvalidInputError` with the attribute as its field."""
    form, example = _FORMS.get(name, (None, ""))
    if form is not None and (form.fullmatch(value) is None or (name == "birthdate" and not _is_date(value))):
        raise InvalidInputError(f"the attribute {name} must be {example}", field=name)


def _is_date(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


PASSWORD_NEEDS = {
    "uppercase": "an upper-case letter",
    "lowercase": "a lower-case letter",
    "numbers": "a digit",
    "symbols": "a symbol",
    "trimmed": "no space at the beginning or end",
}
"""What a policy can ask of a password, beside its length, in words."""


def check_password(missing: Iterable[str], **evidence: Any) -> None:
    """Nothing of what the policy asks for is missing. Raises `InvalidPasswordError`, which names what is."""
    found = list(missing)
    if found:
        raise InvalidPasswordError(
            f"the password does not meet the policy: it needs {', '.join(found)}", field="password", **evidence
        )


def check_verified_has_address(attributes: Mapping[str, str | None]) -> None:
    """`attributes`, which are all of a user's, have no verified address that is not there.

    Raises `InvalidInputError` with the flag as its field.
    """
    for address in ("email", "phone_number"):
        flag = f"{address}_verified"
        if attributes.get(flag) == "true" and not attributes.get(address):
            raise InvalidInputError(f"{flag} cannot be true without a value for {address}: set both", field=flag)


def check_resettable(user: User) -> None:
    """The user is enabled, and has a password and an address that a code can be sent to.

    Raises `InvalidStateError`, and `InvalidInputError` where there is no such address.
    """
    if not user.enabled:
        raise InvalidStateError(
            f"{user.username} is disabled, so the password cannot be reset: use enable_user first",
            username=user.username,
        )
    check_has_own_password(user)
    if user.status is UserStatus.FORCE_CHANGE_PASSWORD:
        raise InvalidStateError(
            f"{user.username} has not chosen a password yet, so there is none to reset: use set_password",
            username=user.username,
        )
    if user.status not in (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED):
        raise InvalidStateError(
            f"{user.username} is {user.status.value}, and only the password of a confirmed user can be reset",
            username=user.username,
        )
    if "true" not in (user.attributes.get("email_verified"), user.attributes.get("phone_number_verified")):
        raise InvalidInputError(
            f"{user.username} has no verified e-mail address or phone number to send a code to: set email_verified or "
            "phone_number_verified to true first",
            field="email_verified",
        )
