"""Checks names and attributes against the pool's schema, which moto does not.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import cast

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

from usermgr_sandbox._fidelity.pools import SandboxUserPool

__all__ = ["check_declared", "check_mutable", "check_name", "check_required", "check_values"]

MOST = 2048
"""Characters of any value."""

_NAME = re.compile(r"\S{1,128}")
_FORMS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+"), "Invalid email address format."),
    "phone_number": (re.compile(r"\+[0-9]{1,15}"), "Invalid phone number format."),
}


def check_name(pool: SandboxUserPool, username: str) -> None:
    """A name has no white space and at most 128 characters; where email is an alias, it is not an email address.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
    """
    if not _NAME.fullmatch(username):
        raise InvalidParameterException(
            "1 validation error detected: Value at 'username' failed to satisfy constraint: Member must satisfy "
            r"regular expression pattern: [\p{L}\p{M}\p{S}\p{N}\p{P}]+"
        )
    aliases = pool.extended_config.get("AliasAttributes") or ()
    if "email" in aliases and _FORMS["email"][0].fullmatch(username):
        raise InvalidParameterException(
            "Username cannot be of email format, since user pool is configured for email alias."
        )


def check_declared(pool: SandboxUserPool, names: Iterable[str]) -> None:
    """Every name is in the schema, and none is `sub`, which only Cognito sets."""
    for name in names:
        if name == "sub":
            raise InvalidParameterException("user.sub: Attribute cannot be updated.")
        if name not in _schema(pool):
            raise InvalidParameterException(
                f"Attributes did not conform to the schema: {name}: Attribute does not exist in the schema."
            )


def check_mutable(pool: SandboxUserPool, names: Iterable[str]) -> None:
    """None of the attributes is immutable."""
    for name in names:
        if not _schema(pool)[name].mutable:
            raise InvalidParameterException(f"user.{name}: Attribute cannot be updated.")


def check_required(pool: SandboxUserPool, given: Mapping[str, str]) -> None:
    """Every required attribute is there."""
    for name, attribute in _schema(pool).items():
        if attribute.required and name != "sub" and not given.get(name):
            raise InvalidParameterException(
                f"Attributes did not conform to the schema: {name}: The attribute is required"
            )


def check_values(pool: SandboxUserPool, given: Mapping[str, str]) -> None:
    """Lengths of strings, limits of numbers, and the form of an address and of a phone number."""
    for name, value in given.items():
        _check_value(_schema(pool)[name], value)
        form, complaint = _FORMS.get(name, (None, ""))
        if form is not None and value and not form.fullmatch(value):
            raise InvalidParameterException(complaint)


def _check_value(attribute: CognitoIdpUserPoolAttribute, value: str) -> None:
    prefix = f"Attributes did not conform to the schema: {attribute.name}:"
    if attribute.data_type == "Number":
        limits: Mapping[str, str] = attribute.number_constraints or {}
        if not re.fullmatch(r"-?[0-9]+", value):
            raise InvalidParameterException(f"{prefix} Number value not in proper format")
        if not float(limits.get("MinValue") or "-inf") <= int(value) <= float(limits.get("MaxValue") or "inf"):
            raise InvalidParameterException(f"{prefix} Number out of its limits")
        return
    lengths: Mapping[str, str] = attribute.string_constraints or {}
    if len(value) > min(MOST, int(lengths.get("MaxLength") or MOST)):
        raise InvalidParameterException(f"{prefix} String must be no longer than its maximum")
    if len(value) < int(lengths.get("MinLength") or 0):
        raise InvalidParameterException(f"{prefix} String must be longer than its minimum")


def _schema(pool: SandboxUserPool) -> dict[str, CognitoIdpUserPoolAttribute]:
    return cast("dict[str, CognitoIdpUserPoolAttribute]", pool.schema_attributes)
