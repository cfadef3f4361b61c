"""Cognito's shapes as usermgr's models, and usermgr's attributes as Cognito's lists."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from usermgr import Group, User, UserStatus

__all__ = ["to_attribute_list", "to_group", "to_user"]

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""The time of a user for whom Cognito gives none: every member of its answers but the name is optional."""


def to_user(shape: Mapping[str, Any]) -> User:
    """From a `UserType` (ListUsers, AdminCreateUser) or AdminGetUser, which name the attributes differently."""
    pairs: Iterable[Mapping[str, str]] = shape.get("UserAttributes") or shape.get("Attributes") or ()
    attributes = {pair["Name"]: pair.get("Value", "") for pair in pairs}
    return User(
        username=shape["Username"],
        sub=attributes.pop("sub", ""),
        status=UserStatus(shape.get("UserStatus", UserStatus.UNKNOWN)),
        enabled=shape.get("Enabled", True),
        created_at=_utc(shape.get("UserCreateDate") or shape.get("UserLastModifiedDate") or NEVER),
        updated_at=_utc(shape.get("UserLastModifiedDate") or shape.get("UserCreateDate") or NEVER),
        attributes=attributes,
    )


def to_group(shape: Mapping[str, Any]) -> Group:
    """A `GroupType`."""
    created, updated = shape.get("CreationDate"), shape.get("LastModifiedDate")
    return Group(
        name=shape["GroupName"],
        description=shape.get("Description") or None,
        precedence=shape.get("Precedence"),
        created_at=_utc(created) if created else None,
        updated_at=_utc(updated) if updated else None,
    )


def to_attribute_list(attributes: Mapping[str, str | None]) -> list[dict[str, str]]:
    """An `AttributeListType`; a blank value deletes an attribute.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
    """
    return [{"Name": name, "Value": value or ""} for name, value in attributes.items()]


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
