"""Hostile input: whatever an operation is called with, it raises the errors of `usermgr.errors` and no others."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest

from usermgr import Challenge, ChallengeName, Condition, Operator, Tokens, UserManager
from usermgr.errors import InvalidInputError, ServiceError, UnsupportedOperationError, UsermgrError
from usermgr.operations import OPERATIONS
from usermgr.testing._base import PASSWORD, ContractPart

__all__ = ["HostileContract", "hostile_calls"]


def _deep(depth: int = 20_000) -> list[Any]:
    nested: list[Any] = []
    for _ in range(depth):
        nested = [nested]
    return nested


VALUES: Mapping[str, Any] = {
    "None": None,
    "a boolean": True,
    "a number": 7,
    "a negative number": -1,
    "a huge number": 10**30,
    "a fraction": 1.5,
    "not a number": float("nan"),
    "bytes": b"alice",
    "an empty string": "",
    "a blank": " ",
    "a name with a blank": "alice ",
    "a NUL": "ali\0ce",
    "a lone surrogate": "ali\ud800ce",
    "a lone low surrogate": "\udc00",
    "a long string": "x" * 5000,
    "quotes": "a'b\"c\\d;--",
    "a list": ["alice"],
    "an object of JSON": {"name": "alice"},
    "a set": {"alice"},
    "deep JSON": _deep(),
    "an object": object(),
    "a class": str,
}
"""What no operation expects, or only some, by what to call it in a failure."""

TIMES = (
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59.999999-14:00",
    "0001-01-01T00:00:00+00:00",
    "9999-12-31T23:59:59.999999+00:00",
    "10000-01-01T00:00:00+00:00",
    "-1-01-01T00:00:00+00:00",
    "",
)
"""The first two do not exist in UTC."""

ARGUMENTS: Mapping[str, Any] = {
    "username": "alice",
    "password": PASSWORD,
    "attributes": {"name": "Alice"},
    "name": "staff",
    "group": "staff",
    "challenge": Challenge(ChallengeName.NEW_PASSWORD_REQUIRED, "alice", "x" * 40),
    "answer": "123456",
    "methods": (),
    "tokens": Tokens("alice", "a.b.c", "a.b.c", "garbage", 3600),
    "groups": (),
    "refresh_token": "garbage",
}
"""What an operation is called with where its arguments have no defaults; the sessions are dead ones."""

DERIVED: Mapping[str, tuple[str, ...]] = {
    "user_exists": ("username",),
    "get_user_by_sub": ("sub",),
    "get_users_by_email": ("email",),
    "list_users": ("limit", "page_token"),
    "list_users_in_group": ("group", "limit", "page_token"),
    "iter_groups_for_user": ("username",),
    "ensure_user": ("username", "attributes", "password"),
    "ensure_group": ("name", "description", "precedence"),
    "set_groups": ("username", "groups"),
    "refresh_session": ("username", "refresh_token"),
    "iter_users_in_group": ("group",),
    "write_many": ("changes",),
    "search_users": ("*conditions",),
    "plan_search": ("*conditions",),
}
"""The methods that are built from the operations, with their parameters."""


def hostile_calls(operation: str) -> Iterator[tuple[str, Callable[[UserManager], object]]]:
    """Calls of one operation, each with one thing wrong with it, and what that is."""
    parameters = DERIVED.get(operation) or tuple(OPERATIONS[operation].parameters)
    defaults: Mapping[str, Any] = {} if operation in DERIVED else OPERATIONS[operation].defaults
    usual = {name: ARGUMENTS[name] for name in parameters if name in ARGUMENTS and name not in defaults}
    for parameter in parameters:
        for what, make in _values(parameter):
            yield f"{what} as {parameter}", _call(operation, usual, parameter, make)


def _call(
    operation: str, usual: Mapping[str, Any], parameter: str, make: Callable[[], Any]
) -> Callable[[UserManager], object]:
    def call(users: UserManager) -> object:
        method = getattr(users, operation)
        result = method(make()) if parameter.startswith("*") else method(**{**usual, parameter: make()})
        return list(result) if isinstance(result, Iterator) else result  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - any operation

    return call


def _values(parameter: str) -> Iterator[tuple[str, Callable[[], Any]]]:
    for what, value in VALUES.items():
        yield what, lambda value=value: value
    structured = {
        "attributes": _attributes,
        "conditions": _lists_of_conditions,
        "*conditions": _conditions,
        "challenge": _challenges,
        "tokens": _tokens,
    }
    if parameter in structured:
        yield from structured[parameter]()


def _attributes() -> Iterator[tuple[str, Callable[[], Any]]]:
    for what, value in VALUES.items():
        yield f"{{'name': {what}}}", lambda value=value: {"name": value}
        with suppress(TypeError):  # not every value can be a key
            hash(value)
            yield f"{{{what}: 'x'}}", lambda value=value: {value: "x"}


def _challenges() -> Iterator[tuple[str, Callable[[], Any]]]:
    right = {"name": ChallengeName.NEW_PASSWORD_REQUIRED, "username": "alice", "session": "x" * 40}
    for member in (*right, "parameters"):
        for what, value in VALUES.items():
            made: dict[str, Any] = {**right, member: value}
            yield f"a challenge with {what} as {member}", lambda made=made: Challenge(**made)
    for name in ChallengeName:
        yield f"a dead {name.value}", lambda name=name: Challenge(name, "alice", "x" * 40)


def _tokens() -> Iterator[tuple[str, Callable[[], Any]]]:
    right = dict.fromkeys(("access_token", "id_token", "refresh_token"), "a.b.c")
    for member in ("username", *right, "expires_in"):
        for what, value in VALUES.items():
            made: dict[str, Any] = {"username": "alice", **right, "expires_in": 3600, member: value}
            yield f"tokens with {what} as {member}", lambda made=made: Tokens(**made)


def _lists_of_conditions() -> Iterator[tuple[str, Callable[[], Any]]]:
    for what, make in _conditions():
        yield what, lambda make=make: [make()]


def _conditions() -> Iterator[tuple[str, Callable[[], Condition]]]:
    for what, value in VALUES.items():
        yield f"a condition on {what}", lambda value=value: Condition(value, Operator.EQUALS, "x")
        yield f"a condition with {what} as operator", lambda value=value: Condition("name", value, "x")
        yield f"a name that equals {what}", lambda value=value: Condition("name", Operator.EQUALS, value)
        yield f"a group that is {what}", lambda value=value: Condition("group", Operator.EQUALS, value)
    for time in TIMES:
        for operator in (Operator.BEFORE, Operator.AFTER):
            yield f"created {operator.value} {time}", lambda o=operator, t=time: Condition("created_at", o, t)


class HostileContract(ContractPart):
    """Values of wrong types, lone surrogates, times that overflow, deep JSON, and dead sessions."""

    @pytest.mark.parametrize("operation", [*OPERATIONS, *DERIVED])
    def test_operation_raises_only_our_errors(self, users: UserManager, operation: str) -> None:
        """Whatever it is called with, an operation works or raises an error of usermgr's, and blames no failure of the
        service; what is refused as malformed is named by its field."""
        users.add_user("alice", PASSWORD)
        users.add_group("staff")
        capability = OPERATIONS[operation].capability if operation in OPERATIONS else None
        is_supported = operation in OPERATIONS and (capability is None or users.describe().can(capability))
        foreign: list[str] = []
        unnamed: list[str] = []
        blamed: list[str] = []

        for what, call in hostile_calls(operation):
            try:
                call(users)
            except UnsupportedOperationError as error:
                if not error.field and is_supported:
                    unnamed.append(what)
            except InvalidInputError as error:
                if not error.field:
                    unnamed.append(what)
            except UsermgrError as error:
                if type(error) is ServiceError:
                    blamed.append(what)
            except Exception as error:  # noqa: BLE001 - that there are others is the failure
                foreign.append(f"{what}: {type(error).__name__}")

        assert foreign == []
        assert unnamed == []
        assert blamed == []
        assert users.get_user("alice").username == "alice"
