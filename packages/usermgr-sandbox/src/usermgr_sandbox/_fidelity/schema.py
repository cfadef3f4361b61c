"""Checks names and attributes against the pool's schema, which moto does not.

https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from typing import cast

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUserPoolAttribute

from usermgr_sandbox._fidelity.pool import SandboxUserPool

__all__ = ["check_declared", "check_mutable", "check_name", "check_removable", "check_required", "check_values",
           "required_names"]  # fmt: skip

MOST = 2048
"""Characters of any value."""

_FORMS = {
    "email": (re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+"), "Invalid email address format."),
    "phone_number": (re.compile(r"\+[0-9]{1,15}"), "Invalid phone number format."),
}


def check_name(pool: SandboxUserPool, username: str) -> None:
    """Where email is an alias, a name is not an email address; the form of all names is in the service model.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
    """
    if "email" in pool.names("AliasAttributes") and _FORMS["email"][0].fullmatch(username):
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


def check_removable(pool: SandboxUserPool, names: Iterable[str]) -> None:
    """None of the attributes is required."""
    for name in names:
        if name in required_names(pool):
            raise InvalidParameterException(f"user.{name}: Required attribute cannot be deleted.")


def required_names(pool: SandboxUserPool) -> list[str]:
    """The attributes that every user must have, without `sub`."""
    return [name for name, attribute in _schema(pool).items() if attribute.required and name != "sub"]


def check_required(pool: SandboxUserPool, given: Mapping[str, str]) -> None:
    """Every required attribute is there."""
    for name in required_names(pool):
        if not given.get(name):
            raise InvalidParameterException(
                f"Attributes did not conform to the schema: {name}: The attribute is required"
            )


def check_values(pool: SandboxUserPool, given: Mapping[str, str]) -> dict[str, str]:
    """Checks lengths, numbers, truth values, dates, addresses and phone numbers; the values as they are stored."""
    stored: dict[str, str] = {}
    for name, value in given.items():
        attribute = _schema(pool)[name]
        stored[name] = value.lower() if attribute.data_type == "Boolean" else value
        _check_value(attribute, stored[name])
        form, complaint = _FORMS.get(name, (None, ""))
        if form is not None and not form.fullmatch(value):
            raise InvalidParameterException(complaint)
    return stored


def _check_value(attribute: CognitoIdpUserPoolAttribute, value: str) -> None:
    prefix = f"Attributes did not conform to the schema: {attribute.name}:"
    match attribute.data_type:
        case "Number":
            limits: Mapping[str, str] = attribute.number_constraints or {}
            if not re.fullmatch(r"-?[0-9]{1,20}", value):
                raise InvalidParameterException(f"{prefix} Number value not in proper format")
            if not float(limits.get("MinValue") or "-inf") <= int(value) <= float(limits.get("MaxValue") or "inf"):
                raise InvalidParameterException(f"{prefix} Number out of its limits")
        case "Boolean":
            if value not in ("true", "false"):
                raise InvalidParameterException(f"{prefix} Boolean value not in proper format")
        case _:
            lengths: Mapping[str, str] = attribute.string_constraints or {}
            if len(value) > min(MOST, int(lengths.get("MaxLength") or MOST)):
                raise InvalidParameterException(f"{prefix} String must be no longer than its maximum")
            if len(value) < int(lengths.get("MinLength") or 0):
                raise InvalidParameterException(f"{prefix} String must be longer than its minimum")
            if attribute.name == "birthdate" and not _is_date(value):
                raise InvalidParameterException("Invalid birthdate format.")


def _is_date(value: str) -> bool:
    """A birthdate is a date as YYYY-MM-DD."""
    try:
        return dt.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def _schema(pool: SandboxUserPool) -> dict[str, CognitoIdpUserPoolAttribute]:
    return cast("dict[str, CognitoIdpUserPoolAttribute]", pool.schema_attributes)
