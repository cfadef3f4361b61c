"""What a record of a change holds.

What is kept of an argument is an allow-list, so that an operation that comes later gives nothing away: who is meant
(`username`, `group`, `groups`), the names of attributes, and yes-or-no and enumerated options. Of every other argument
only the name is kept. Values are kept only when asked, of attributes and of a few arguments that are known to be
harmless. What is a password, a code or a token by its name is kept in no case.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, StrEnum
from typing import Any, cast

from usermgr._models import Group, User
from usermgr.errors import (
    RemoteError,
    RemoteNotFoundError,
    ServiceError,
    ThrottledError,
    UsermgrError,
    VersionMismatchError,
)
from usermgr.operations import Operation
from usermgr.validation import check_texts, check_type

__all__ = ["Actor", "Described", "Outcome", "Record", "describe", "outcome_of", "state_of"]

MAX_TEXT, MAX_NAME, MAX_NAMES = 2048, 256, 200
"""Characters of a value and of a name, and how many names, a record keeps of what it is given."""

_SECRET = re.compile(
    r"passw|pwd|passphrase|secret|token|code|key|answer|session|challenge|credential|hash|private"
    r"|(?<![a-z])(pin|t?otp|seed|cvv|cvc)(?![a-z])|(?-i:(?<=[a-z])(Pin|PIN|OTP|Otp)(?![a-z]))",
    re.IGNORECASE,
)
"""Attributes whose values no record holds, by their names: rather one too many, such as `custom:zip_code`."""

_SAFE_VALUES = frozenset({"description", "precedence"})
"""Arguments, besides attributes, whose values a record may hold."""

_UNDECIDED = (ServiceError, RemoteError)
_DECIDED = (ThrottledError, RemoteNotFoundError, VersionMismatchError)
"""After an error of `_UNDECIDED` the change may have been made all the same, but not after one of `_DECIDED`."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who makes a change: a name, and what else is known of them, such as the address that they came from.

    Raises:
        InvalidInputError: the name is empty, or a detail is not a string.
    """

    name: str
    details: Mapping[str, str] = field(default_factory=dict[str, str])
    request_id: str | None = None
    """The caller's own id of what it is doing, such as that of a request of a web page."""

    def __post_init__(self) -> None:
        check_texts(actor=self.name)
        check_type("details", self.details, Mapping)
        for name, value in self.details.items():
            check_texts(details=name)
            check_type(name, value, str)


class Outcome(StrEnum):
    """What became of a change."""

    BEGUN = "begun"
    """It is about to be tried; the record of what became of it has the same id."""
    DONE = "done"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It was tried, and may or may not have been made: a time-out, or an interruption."""


@dataclass(frozen=True, slots=True)
class Described:
    """What a record keeps of an operation's arguments."""

    target: Mapping[str, str | list[str]]
    """Whom or what: `username`, `sub`, `group`, `groups`."""
    attributes: tuple[str, ...] = ()
    """The names of the attributes that were given."""
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Arguments that are yes or no, or one of an enumeration."""
    given: tuple[str, ...] = ()
    """The names of all other arguments that were given, such as `password`."""
    values: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One change."""

    id: str
    at: datetime
    """When the change was begun, in UTC."""
    actor: Actor
    operation: str
    described: Described
    outcome: Outcome
    error: str | None = None
    """The code of the error, or the name of an exception that is none of usermgr's."""
    seconds: float | None = None
    request_ids: tuple[str, ...] = ()
    """The ids that the service gave to the requests of this change."""
    before: Mapping[str, Any] | None = None
    """The user or the group as it was: `{"user": {...}}`, `{"user": null}`, or `{"error": "<code>"}`."""

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values; members that say nothing are left out."""
        described = self.described
        members: dict[str, Any] = {
            "id": self.id,
            "at": self.at.isoformat(timespec="microseconds"),
            "actor": _without_nothing({"name": _clip(self.actor.name), "details": _details(self.actor.details)}),
            "request_id": None if self.actor.request_id is None else _clip(self.actor.request_id),
            "operation": self.operation,
            "target": dict(described.target),
            "attributes": list(described.attributes),
            "options": dict(described.options),
            "given": list(described.given),
            "outcome": self.outcome.value,
            "error": self.error,
            "seconds": None if self.seconds is None else round(self.seconds, 6),
            "request_ids": list(self.request_ids),
        }
        asked = {"values": described.values, "before": self.before}
        return _without_nothing(members) | {name: value for name, value in asked.items() if value is not None}


def describe(operation: Operation, arguments: Mapping[str, Any], *, values: bool) -> Described:
    """What is kept of the arguments, by name, whatever they are."""
    target: dict[str, str | list[str]] = {}
    attributes: list[str] = []
    options: dict[str, Any] = {}
    given: list[str] = []
    asked: dict[str, Any] = {}
    for parameter, value in arguments.items():
        if parameter in operation.defaults and value is operation.defaults[parameter]:
            continue
        key = _target_key(operation, parameter)
        if key is not None and isinstance(value, str):
            target[key] = _clip(value)
        elif key is not None and isinstance(value, (list, tuple, set, frozenset)):
            target[key] = _names(cast("Iterable[Any]", value))
        elif parameter == "attributes" and isinstance(value, Mapping):
            mapping = cast("Mapping[Any, Any]", value)
            attributes = _names(mapping)
            asked[parameter] = _values_of(mapping)
        elif (option := _option(value)) is not None:
            options[parameter] = option
        else:
            given.append(parameter)
            of = getattr(value, "username", None)  # a challenge, or tokens
            if isinstance(of, str):
                target.setdefault("username", _clip(of))
            if parameter in _SAFE_VALUES and isinstance(value, (str, int)):
                asked[parameter] = _clip(value) if isinstance(value, str) else value
    return Described(target, tuple(attributes), options, tuple(given), asked if values and asked else None)


def _target_key(operation: Operation, parameter: str) -> str | None:
    """Under what name the argument says whom the change is about, if it does."""
    if parameter == "name" and "group" in operation.name:
        return "group"
    return parameter if parameter in ("username", "group", "groups") else None


def _option(value: Any) -> Any:
    """The value where it is yes, no, one of an enumeration, or several of one; else `None`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, Enum):
        return _clip(str(value.value))
    if isinstance(value, (list, tuple, set, frozenset)):
        items = cast("Iterable[Any]", value)
        found = [_clip(str(item.value)) for item in items if isinstance(item, Enum)][:MAX_NAMES]
        return found or None
    return None


def outcome_of(error: BaseException) -> Outcome:
    """Whether the change that ended in this error may have been made."""
    if not isinstance(error, UsermgrError):
        return Outcome.UNKNOWN
    undecided = isinstance(error, _UNDECIDED) and not isinstance(error, _DECIDED)
    return Outcome.UNKNOWN if undecided else Outcome.FAILED


def state_of(found: User | Group) -> dict[str, Any]:
    """What a record keeps of how a user or a group was."""
    if isinstance(found, User):
        return {
            "username": _clip(found.username),
            "sub": _clip(found.sub),
            "status": _clip(found.status.value),
            "enabled": found.enabled,
            "attributes": _values_of(found.attributes),
        }
    return {
        "name": _clip(found.name),
        "description": None if found.description is None else _clip(found.description),
        "precedence": found.precedence,
    }


def _values_of(attributes: Mapping[Any, Any]) -> dict[str, str | None]:
    """The attributes' values; one whose name says that it is secret has none here."""
    kept = list(attributes.items())[:MAX_NAMES]
    return {
        _clip(name, MAX_NAME): _clip(value) if isinstance(value, str) and not _SECRET.search(name) else None
        for name, value in kept
        if isinstance(name, str)
    }


def _names(names: Iterable[Any]) -> list[str]:
    return [_clip(name, MAX_NAME) for name in names if isinstance(name, str)][:MAX_NAMES]


def _details(details: Mapping[str, str]) -> dict[str, str]:
    return {_clip(name, MAX_NAME): _clip(value) for name, value in list(details.items())[:MAX_NAMES]}


def _clip(text: str, most: int = MAX_TEXT) -> str:
    """The text, which may say that it is longer than what is kept."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text)} characters)"


def _without_nothing(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None and value not in ({}, [], ())}
