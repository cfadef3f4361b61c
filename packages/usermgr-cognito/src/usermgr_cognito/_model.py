"""What the service model fixes about a parameter, checked before anything is sent, so that the error names the field.

botocore's model has a pattern, a minimum and a maximum for nearly every parameter, as the API reference has them:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html. botocore itself
checks types and minimum lengths only, and its error repeats the value.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from usermgr.errors import InvalidInputError, InvalidPageTokenError, InvalidPasswordError
from usermgr.validation import PASSWORD_NEEDS

__all__ = ["FIELDS", "check_parameters", "is_text"]

FIELDS = {
    "Username": "username",
    "UserAttributes": "attributes",
    "GroupName": "group",
    "Description": "description",
    "Precedence": "precedence",
    "Password": "password",
    "TemporaryPassword": "password",
    "Limit": "limit",
    "PaginationToken": "page_token",
    "NextToken": "page_token",
    "Session": "challenge",
    "AuthParameters": "username",
    "ChallengeResponses": "answer",
    "UserCode": "answer",
}
"""Our names of the parameters that a caller gives; of several, a later one is more often what is refused."""

_INTEGER_MAXIMUM = 2**31 - 1
"""An `Integer` of the API is one of 32 bits."""

_SIGN_IN = ("AuthParameters", "ChallengeResponses")
"""What a sign-in sends, by names that the model does not know; an attribute has the prefix `userAttributes.`."""

_WORDS = {
    r"[\S]+": "must not contain white space",
    r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+": "must not contain white space or control characters",
    r"[\p{L}\p{M}\p{S}\p{N}\p{P}\t\n\r ]+": "must not contain control characters",
}


def check_parameters(shape: Any, parameters: Mapping[str, Any]) -> None:
    """Checks the parameters against the operation's input shape. Raises `InvalidInputError` with our field's name."""
    for name, value in parameters.items():
        if name == "UserAttributes":
            _check_attributes(shape.members[name].member, value)
        elif name in _SIGN_IN:
            _check_sign_in(FIELDS[name], value)
        elif name in FIELDS and name in shape.members:
            problem = next(_problems(shape.members[name], value), None)
            if problem is not None:
                raise _error(FIELDS[name], problem)


def _check_attributes(pair: Any, attributes: list[dict[str, str]]) -> None:
    for attribute in attributes:
        name = attribute["Name"]
        for member in ("Name", "Value"):
            for problem in _problems(pair.members[member], attribute[member]):
                subject = f"the name of the attribute {name}" if member == "Name" else f"the attribute {name}"
                raise InvalidInputError(f"{subject} {problem}", field=name)


def _check_sign_in(field: str, members: Mapping[str, str]) -> None:
    for member, value in members.items():
        attribute = member.removeprefix("userAttributes.")
        if attribute != member and not (is_text(attribute) and is_text(value)):
            raise InvalidInputError(f"the attribute {attribute} {_NO_TEXT}", field=attribute)
        if not is_text(value):
            raise InvalidInputError(f"{field} {_NO_TEXT}", field=field)


def _error(field: str, problem: str) -> InvalidInputError:
    cls = {"password": InvalidPasswordError, "page_token": InvalidPageTokenError}.get(field, InvalidInputError)
    return cls(f"{field} {problem}", field=field)


_NO_TEXT = "must not have half of a character (a lone surrogate)"


def is_text(value: str) -> bool:
    """Whether it can be sent: requests are JSON in UTF-8 (RFC 8259, section 8.1), which has no half of a character."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _problems(shape: Any, value: Any) -> Iterator[str]:
    metadata = shape.metadata
    if shape.type_name == "string" and isinstance(value, str):
        yield from _text_problems(metadata, value, is_password=shape.name == "PasswordType")
    elif shape.type_name == "string":
        yield "must be a string"
    elif shape.type_name == "integer":
        low, high = metadata.get("min", -_INTEGER_MAXIMUM - 1), metadata.get("max", _INTEGER_MAXIMUM)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield f"must be a whole number from {low} to {high}"


def _text_problems(metadata: Mapping[str, Any], value: str, *, is_password: bool) -> Iterator[str]:
    low, high, pattern = metadata.get("min", 0), metadata.get("max"), metadata.get("pattern")
    if len(value) < low or (high is not None and len(value) > high):
        least, most = f"at least {low}" if low else "", f"at most {high}" if high is not None else ""
        yield f"must have {' and '.join(filter(None, (least, most)))} characters"
    # The model's pattern for passwords has no space, but the guide allows one that is not the first or last character:
    # https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
    if is_password and value != value.strip():
        yield f"needs {PASSWORD_NEEDS['trimmed']}"
    if not is_text(value):
        yield _NO_TEXT
    if pattern is not None and value and not is_password and not _matcher(pattern)(value):
        yield _WORDS.get(pattern, f"must match {pattern}")


@cache
def _matcher(pattern: str) -> Callable[[str], bool]:
    """Whether a whole text matches a pattern of the model, which is written for Java."""
    one_class = re.fullmatch(r"\[((?:\\p\{[A-Z]\})+)([^]]*)\]([+*])", pattern)
    if one_class:
        categories = re.findall(r"\\p\{([A-Z])\}", one_class[1])
        others = re.compile(f"[{one_class[2]}]" if one_class[2] else r"(?!)")
        return lambda text: all(unicodedata.category(c)[0] in categories or others.fullmatch(c) for c in text)
    if r"\p" in pattern:
        return lambda _: True  # a form that Python's expressions cannot say: Cognito decides
    compiled = re.compile(pattern)
    return lambda text: compiled.fullmatch(text) is not None
