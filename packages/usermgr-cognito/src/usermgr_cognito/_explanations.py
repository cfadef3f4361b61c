"""Which value a refusal is about: found by looking at the pool's description, never in the service's own words.

Cognito has one code for every value that it does not accept, and a text that may quote it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from usermgr.errors import InvalidInputError, InvalidPasswordError
from usermgr.validation import PASSWORD_NEEDS, check_form, check_password, check_verified_has_address
from usermgr_cognito._descriptions import AttributeRule, Pool

__all__ = ["explain_password", "explain_user"]

UNREADABLE = (
    "the pool does not accept a value, and which one is not known here: to have it named, allow "
    "cognito-idp:DescribeUserPool on the pool's ARN"
)

UNEXPLAINED = (
    "the pool does not accept a value, and its description does not show which: a trigger of the pool, or a rule that "
    "is newer than this release, may refuse it"
)

_ADDRESSES = {"email": "an e-mail address", "phone_number": "a phone number such as +81312345678"}


def explain_user(
    pool: Pool | None,
    refusal: InvalidInputError,
    *,
    username: str | None,
    attributes: Mapping[str, str | None],
    present: Mapping[str, str] | None,
) -> InvalidInputError:
    """The error for a refused creation or change of a user.

    `username` is the name of a user to be created, `None` for one who exists; `attributes` are those that were sent
    (`None` removes one), `present` those that the user has already, `None` where they are not known.
    """
    if pool is None:
        return InvalidInputError(
            UNREADABLE, field=refusal.field, operation=refusal.operation, service_code=refusal.service_code
        )
    try:
        for name, value in attributes.items():
            _check_attribute(pool, name, value, creating=username is not None)
        if present is not None:
            implied = dict.fromkeys(pool.username_attributes, username)
            check_verified_has_address({**implied, **present, **attributes})
        if username is not None:
            _check_name(pool, username)
            _check_required(pool, username, attributes)
    except InvalidInputError as found:
        message, field = found.message, found.field
    else:
        message, field = UNEXPLAINED, refusal.field
    return InvalidInputError(message, field=field, operation=refusal.operation, service_code=refusal.service_code)


def _check_attribute(pool: Pool, name: str, value: str | None, *, creating: bool) -> None:
    rule = pool.attributes.get(name)
    problem = None
    if name == "sub":
        problem = "is the pool's own, and never changes"
    elif rule is None:
        problem = "is not in the pool's schema"
        if f"custom:{name}" in pool.attributes:
            problem += f": did you mean custom:{name}?"
    elif not rule.mutable and not creating:
        problem = "cannot be changed or removed, because it is not mutable in the pool's schema"
    elif not value:
        problem = "cannot be removed, because the pool's schema requires it" if rule.required and not creating else None
    else:
        check_form(name, value)
        problem = _value_problem(rule, value)
    if problem is not None:
        raise InvalidInputError(f"the attribute {name} {problem}", field=name)


def _value_problem(rule: AttributeRule, value: str) -> str | None:
    match rule.kind:
        case "Number":
            if re.fullmatch(r"-?[0-9]+", value) is None:
                return "must be a whole number"
            return _bounds_problem(rule, float(value), "must be {} {}")
        case "Boolean" if value not in ("true", "false"):
            return "must be true or false"
        case "String":
            return _bounds_problem(rule, len(value), "must have {} {} characters")
        case _:
            return None


def _bounds_problem(rule: AttributeRule, size: float, sentence: str) -> str | None:
    if rule.low is not None and size < rule.low:
        return sentence.format("at least", f"{rule.low:g}")
    if rule.high is not None and size > rule.high:
        return sentence.format("at most", f"{rule.high:g}")
    return None


def _check_name(pool: Pool, username: str) -> None:
    forms = sorted(pool.username_attributes & _ADDRESSES.keys())
    if forms and not any(_has_form(name, username) for name in forms):
        expected = " or ".join(_ADDRESSES[name] for name in forms)
        raise InvalidInputError(f"username must be {expected}: that is how this pool names its users", field="username")
    for name in sorted(pool.alias_attributes & _ADDRESSES.keys()):
        if _has_form(name, username):
            raise InvalidInputError(
                f"username must not be {_ADDRESSES[name]}, because this pool uses {name} as an alias: choose another "
                f"name, and give the address as the attribute {name}",
                field="username",
            )


def _has_form(name: str, value: str) -> bool:
    try:
        check_form(name, value)
    except InvalidInputError:
        return False
    return True


def _check_required(pool: Pool, username: str, attributes: Mapping[str, str | None]) -> None:
    for name, rule in pool.attributes.items():
        given = attributes.get(name) or (name in pool.username_attributes and username)
        if rule.required and name != "sub" and not given:
            raise InvalidInputError(f"the attribute {name} is required by the pool's schema", field=name)


def explain_password(pool: Pool | None, refusal: InvalidInputError, password: str) -> InvalidPasswordError:
    """The error for a refused password, which names what the policy asks for and the password lacks."""
    evidence: dict[str, Any] = {"operation": refusal.operation, "service_code": refusal.service_code}
    try:
        check_password(_missing(pool.password_policy if pool is not None else {}, password), **evidence)
    except InvalidPasswordError as found:
        return found
    return InvalidPasswordError(refusal.message, field="password", **evidence)


def _missing(policy: Mapping[str, Any], password: str) -> Iterator[str]:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
    minimum = policy.get("MinimumLength", 0)
    if len(password) < minimum:
        yield f"at least {minimum} characters"
    if password != password.strip():
        yield PASSWORD_NEEDS["trimmed"]
    for setting, need, pattern in (
        ("RequireUppercase", "uppercase", "[A-Z]"),
        ("RequireLowercase", "lowercase", "[a-z]"),
        ("RequireNumbers", "numbers", "[0-9]"),
        ("RequireSymbols", "symbols", r"[\^$*.\[\]{}()?\"!@#%&/\\,><':;|_~`=+\- ]"),
    ):
        if policy.get(setting) and re.search(pattern, password) is None:
            yield PASSWORD_NEEDS[need]
