"""Whether a reply has the form that the service model gives it: an emulator's, or a proxy's, may not.

All members of a reply are optional in the model, but a name is what the rest of usermgr needs of a user, a group or an
attribute.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, cast

__all__ = ["has_form"]

_REQUIRED = {
    "AdminGetUserResponse": "Username",
    "AttributeType": "Name",
    "GroupType": "GroupName",
    "SchemaAttributeType": "Name",
    "UserType": "Username",
}
"""The member that each of these structures must have."""

_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "double": (int, float),
    "float": (int, float),
    "integer": int,
    "long": int,
    "string": str,
}


def has_form(shape: Any, value: Any) -> bool:
    """Whether a value of a reply, and all that is in it, has the type that its shape names."""
    match shape.type_name:
        case "structure":
            return isinstance(value, dict) and _has_members(shape, cast("dict[str, Any]", value))
        case "list":
            return isinstance(value, list) and all(has_form(shape.member, item) for item in cast("list[Any]", value))
        case "map":
            values = cast("dict[str, Any]", value).values() if isinstance(value, dict) else None
            return values is not None and all(has_form(shape.value, item) for item in values)
        case "timestamp":
            return isinstance(value, datetime) and _is_in_utc(value)
        case kind:
            return isinstance(value, _TYPES.get(kind, object))


def _has_members(shape: Any, value: Mapping[str, Any]) -> bool:
    required = _REQUIRED.get(shape.name)
    if required is not None and required not in value:
        return False
    return all(has_form(member, value[name]) for name, member in shape.members.items() if name in value)


def _is_in_utc(moment: datetime) -> bool:
    try:
        moment.astimezone(UTC)
    except OverflowError:
        return False
    return True
