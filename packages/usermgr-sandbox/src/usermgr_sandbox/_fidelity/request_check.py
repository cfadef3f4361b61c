"""Checks a Cognito request against the service model, before anything else reads it.

Types, required members, lengths, ranges, enumerations and patterns are those of the installed botocore's model of
cognito-idp, which AWS publishes. The errors:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/CommonErrors.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html#API_AdminCreateUser_Errors
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any, cast

import botocore.session
from botocore.model import ListShape, MapShape, ServiceModel, Shape, StringShape, StructureShape

from usermgr_sandbox._fidelity.java_pattern import java_pattern

__all__ = ["Complaint", "check_request"]

Complaint = tuple[str, str]
"""An error's code and message."""

SERVICE_PATTERNS = {"PasswordType": r"[\S]+.*[\S]+"}
"""Where the service differs from its model. A space inside a password is allowed:
https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""

_NEWER_VALUES = {"PreTokenGenerationLambdaVersionType": ("V3_0",)}
"""Values that the lowest botocore does not know yet, and that AWS takes."""

_NUMBERS = ("integer", "long", "float", "double")
_WORDS = (
    (str, "STRING_VALUE"),
    (bool, "BOOLEAN_VALUE"),
    ((int, float), "NUMBER_VALUE"),
    (dict, "START_OBJECT"),
    (list, "START_ARRAY"),
)
_ACCEPTED = {
    "string": ("STRING_VALUE",),
    "blob": ("STRING_VALUE",),
    "boolean": ("BOOLEAN_VALUE",),
    "timestamp": ("NUMBER_VALUE", "STRING_VALUE"),
    "structure": ("START_OBJECT",),
    "map": ("START_OBJECT",),
    "list": ("START_ARRAY",),
    **dict.fromkeys(_NUMBERS, ("NUMBER_VALUE",)),
}


def check_request(operation: str, body: bytes) -> Complaint | None:
    """What AWS has against the request; `None` for nothing, or for an operation that the model does not know."""
    model = _model()
    if operation not in model.operation_names:
        return None
    try:
        members: Any = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        return "SerializationException", "The request body is not JSON"
    shape = model.operation_model(operation).input_shape
    if shape is None:
        return None
    misfit = next(_misfits(shape, members), None)
    if misfit is not None:
        return "SerializationException", misfit
    broken = list(_broken(shape, members, ""))
    if not broken:
        return None
    count = f"{len(broken)} validation error{'s' if len(broken) > 1 else ''} detected: "
    return "InvalidParameterException", count + "; ".join(broken)


@cache
def _model() -> ServiceModel:
    return botocore.session.get_session().get_service_model("cognito-idp")


def _misfits(shape: Shape, value: Any) -> Iterator[str]:
    """Values of a type that the member cannot have."""
    if value is None:
        return
    given = _word(value)
    if given not in _ACCEPTED[shape.type_name]:
        yield f"{given} can not be converted to {shape.type_name.capitalize()}"
    elif given == "STRING_VALUE" and not _is_unicode(cast("str", value)):
        yield "The string is not valid Unicode"
    elif isinstance(shape, StructureShape):
        for name, member in _present(shape, value):
            yield from _misfits(shape.members[name], member)
    elif isinstance(shape, ListShape):
        for each in _items(value):
            yield from _misfits(shape.member, each)
    elif isinstance(shape, MapShape):
        for name, each in _entries(value):
            yield from _misfits(shape.key, name)
            yield from _misfits(shape.value, each)


def _broken(shape: Shape, value: Any, path: str) -> Iterator[str]:
    """Each constraint that a value does not meet, in AWS's words."""
    if isinstance(shape, StructureShape):
        for name in shape.required_members:
            if value.get(name) is None:
                yield f"Value null at '{_join(path, name)}' failed to satisfy constraint: Member must not be null"
        for name, member in _present(shape, value):
            yield from _broken(shape.members[name], member, _join(path, name))
        return
    hidden = shape.metadata.get("sensitive") or isinstance(shape, (ListShape, MapShape))
    for constraint in _own_constraints(shape, value):
        shown = "Value" if hidden else f"Value '{value}'"
        yield f"{shown} at '{path}' failed to satisfy constraint: {constraint}"
    if isinstance(shape, ListShape):
        for number, each in enumerate(_items(value), 1):
            if each is not None:
                yield from _broken(shape.member, each, f"{path}.{number}.member")
    elif isinstance(shape, MapShape):
        for name, each in _entries(value):
            yield from _broken(shape.key, name, f"{path}.key")
            if each is not None:
                yield from _broken(shape.value, each, f"{path}.{name}.member")


def _own_constraints(shape: Shape, value: Any) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None and not isinstance(shape, StringShape):
        return
    noun, size = ("value", value) if shape.type_name in _NUMBERS else ("length", len(value))
    if most is not None and size > most:
        yield f"Member must have {noun} less than or equal to {most}"
        return
    if least is not None and size < least:
        yield f"Member must have {noun} greater than or equal to {least}"
    if not isinstance(shape, StringShape):
        return
    pattern = SERVICE_PATTERNS.get(shape.name) or shape.metadata.get("pattern")
    if pattern and not java_pattern(pattern).fullmatch(value):
        yield f"Member must satisfy regular expression pattern: {pattern}"
    if shape.enum and value not in (*shape.enum, *_NEWER_VALUES.get(shape.name, ())):
        yield f"Member must satisfy enum value set: [{', '.join(shape.enum)}]"


def _present(shape: StructureShape, value: Any) -> list[tuple[str, Any]]:
    """The members that are given and that the model knows."""
    given = cast("dict[str, Any]", value)
    return [(name, given[name]) for name in shape.members if given.get(name) is not None]


def _items(value: Any) -> list[Any]:
    return cast("list[Any]", value)


def _entries(value: Any) -> list[tuple[str, Any]]:
    return list(cast("dict[str, Any]", value).items())


def _join(path: str, name: str) -> str:
    own = name[:1].lower() + name[1:]
    return f"{path}.{own}" if path else own


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _word(value: object) -> str:
    """What AWS's messages call a value of that type."""
    return next((word for kind, word in _WORDS if isinstance(value, kind)), "VALUE")
