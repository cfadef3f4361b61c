"""A service unlike Cognito, as a stranger would write it: no sign-in, no statuses, no messages, plain groups.

It implements what is abstract and describes itself. The whole contract runs on it: what it lacks is skipped, or refused
with the capability's name.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

import pytest

from usermgr import (
    AttributeDescription,
    Capability,
    Condition,
    Group,
    Operator,
    Page,
    PasswordPolicy,
    StoreDescription,
    User,
    UserManager,
    UserMatches,
    UserStatus,
)
from usermgr.errors import (
    GroupExistsError,
    GroupNotFoundError,
    InvalidInputError,
    InvalidPageTokenError,
    UnsupportedOperationError,
    UserExistsError,
    UserNotFoundError,
)
from usermgr.operations import OPERATIONS
from usermgr.search import matches
from usermgr.testing import UserManagerContract
from usermgr.validation import (
    PAGE_LIMIT,
    PASSWORD_NEEDS,
    STANDARD_ATTRIBUTES,
    check_attributes,
    check_conditions,
    check_form,
    check_limit,
    check_password,
    check_texts,
    check_verified_has_address,
)

T = TypeVar("T")
FIELDS = ("*", "username", "sub", "status", "enabled", "group", "created_at", "updated_at")
NAME = re.compile(r"[^\s\x00-\x1f\ud800-\udfff]{1,128}")


class PlainStore(UserManager):
    """Users in memory, in a service that keeps names, attributes and groups, and nothing else."""

    def __init__(self) -> None:
        self.users: dict[str, User] = {}
        self.groups: dict[str, set[str]] = {}
        self.numbers = itertools.count()

    def describe(self) -> StoreDescription:
        return StoreDescription(
            service="plain",
            capabilities=frozenset({Capability.EVENTUAL_LISTING}),
            attributes=[AttributeDescription(name, max_length=2048) for name in sorted(STANDARD_ATTRIBUTES)],
            password_policy=PasswordPolicy(8, needs_uppercase=True, needs_lowercase=True, needs_number=True),
        )

    # --- Users ---------------------------------------------------------------------------------------

    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        self._check_name(username)
        self._lacks(Capability.TEMPORARY_PASSWORDS, "add_user", temporary=temporary or None)
        if password is not None:
            self._check_password(password)
        kept = self._merged({}, {} if attributes is None else attributes)
        if username.lower() in self.users:
            raise UserExistsError(username=username)
        now = datetime.now(UTC)
        user = User(username, f"s-{next(self.numbers)}", UserStatus.CONFIRMED, True, now, now, kept)
        self.users[username.lower()] = user
        return user

    def get_user(self, username: str) -> User:
        self._check_name(username)
        if username.lower() not in self.users:
            raise UserNotFoundError(username=username)
        return self.users[username.lower()]

    def find_users(
        self, conditions: Sequence[Condition] = (), *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> UserMatches:
        check_conditions(conditions)
        for condition in conditions:
            if condition.field not in (*STANDARD_ATTRIBUTES, *FIELDS):
                raise InvalidInputError(f"there is no attribute {condition.field!r}", field=condition.field)
        found = [user for user in self.users.values() if all(self._fits(user, c) for c in conditions)]
        page = self._page(found, limit, page_token)
        return UserMatches(page.items, page.next_token, tuple(range(len(conditions))))

    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        user = self.get_user(username)
        self._keep(user, attributes=self._merged(user.attributes, attributes))

    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        self._lacks(Capability.TEMPORARY_PASSWORDS, "set_password", permanent=None if permanent else False)
        self._check_password(password)
        self.get_user(username)

    def enable_user(self, username: str) -> None:
        self._keep(self.get_user(username), enabled=True)

    def disable_user(self, username: str) -> None:
        self._keep(self.get_user(username), enabled=False)

    def delete_user(self, username: str) -> None:
        user = self.get_user(username)
        del self.users[username.lower()]
        for members in self.groups.values():
            members.discard(user.sub)

    # --- Groups --------------------------------------------------------------------------------------

    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        self._check_group(name=name)
        self._check_plain_group("add_group", description, precedence)
        if name in self.groups:
            raise GroupExistsError(group=name)
        self.groups[name] = set()
        return Group(name)

    def get_group(self, name: str) -> Group:
        self._check_group(name=name)
        self._members(name)
        return Group(name)

    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        self._check_plain_group("update_group", description, precedence)
        return self.get_group(name)

    def delete_group(self, name: str) -> None:
        self._check_group(name=name)
        self._members(name)
        del self.groups[name]

    def list_groups(self, *, limit: int = PAGE_LIMIT, page_token: str | None = None) -> Page[Group]:
        return self._page([Group(name) for name in self.groups], limit, page_token)

    def add_user_to_group(self, username: str, group: str) -> None:
        self._members(group).add(self.get_user(username).sub)

    def remove_user_from_group(self, username: str, group: str) -> None:
        self._members(group).discard(self.get_user(username).sub)

    def list_groups_for_user(
        self, username: str, *, limit: int = PAGE_LIMIT, page_token: str | None = None
    ) -> Page[Group]:
        sub = self.get_user(username).sub
        return self._page([Group(name) for name, members in self.groups.items() if sub in members], limit, page_token)

    # --- Checks --------------------------------------------------------------------------------------

    def _check_name(self, username: Any) -> None:
        if not isinstance(username, str) or not NAME.fullmatch(username):
            raise InvalidInputError("username must have 1 to 128 printable characters", field="username")

    def _check_password(self, password: Any) -> None:
        check_texts(password=password)
        needs = {"8 characters": r".{8}", "a capital": "[A-Z]", "a small letter": "[a-z]", "a digit": "[0-9]"}
        trimmed = password == password.strip()
        missing = [what for what, pattern in needs.items() if not re.search(pattern, password, re.DOTALL)]
        check_password([*missing, *([] if trimmed else [PASSWORD_NEEDS["trimmed"]])])

    def _check_plain_group(self, operation: str, description: str | None, precedence: int | None) -> None:
        self._lacks(Capability.GROUP_DESCRIPTIONS, operation, description=description)
        self._lacks(Capability.GROUP_PRECEDENCE, operation, precedence=precedence)

    def _lacks(self, capability: Capability, operation: str, **argument: Any) -> None:
        ((field, value),) = argument.items()
        if value is not None:
            raise UnsupportedOperationError(operation=operation, capability=capability.value, field=field)

    def _merged(self, present: Mapping[str, str], change: Mapping[str, str | None]) -> dict[str, str]:
        check_attributes(change, removable=True)
        for name, value in change.items():
            if name not in STANDARD_ATTRIBUTES:
                raise InvalidInputError(f"there is no attribute {name!r}", field=name)
            if value:
                check_form(name, value)
                if len(value) > 2048 or not all(c.isprintable() for c in value):
                    raise InvalidInputError(f"{name} must have at most 2,048 printable characters", field=name)
        for address in ("email", "phone_number"):
            if change.get(address, present.get(address)) != present.get(address):
                change = {f"{address}_verified": None, **change}
        merged = {name: value for name, value in {**present, **change}.items() if value}
        check_verified_has_address(merged)
        return merged

    def _keep(self, user: User, **changes: Any) -> None:
        self.users[user.username.lower()] = replace(user, updated_at=datetime.now(UTC), **changes)

    def _check_group(self, **argument: Any) -> None:
        check_texts(**argument)
        ((field, name),) = argument.items()
        if not NAME.fullmatch(name):
            raise InvalidInputError(f"{field} must have 1 to 128 printable characters", field=field)

    def _members(self, group: str) -> set[str]:
        self._check_group(group=group)
        if group not in self.groups:
            raise GroupNotFoundError(group=group)
        return self.groups[group]

    def _fits(self, user: User, condition: Condition) -> bool:
        return user.sub in self._members(condition.value) if condition.field == "group" else matches(user, condition)

    def _page(self, items: Sequence[T], limit: int, page_token: str | None) -> Page[T]:
        check_limit(limit)
        if page_token is not None and not (isinstance(page_token, str) and re.fullmatch("[0-9]{1,6}", page_token)):
            raise InvalidPageTokenError
        start = int(page_token or 0)
        more = start + limit < len(items)
        return Page(tuple(items[start : start + limit]), str(start + limit) if more else None)


class TestPlainStore(UserManagerContract):
    """The contract, on a store that lacks nearly every capability."""

    @pytest.fixture
    def users(self) -> UserManager:
        """An empty store."""
        return PlainStore()


@pytest.mark.parametrize("name", [n for n, o in OPERATIONS.items() if o.capability is not None])
def test_what_is_not_overridden_is_refused(name: str) -> None:
    """An operation that a backend does not know raises UnsupportedOperationError with its name and its capability."""
    wanted = [p for p in OPERATIONS[name].parameters if p not in OPERATIONS[name].defaults]
    call: Callable[..., Any] = getattr(PlainStore(), name)

    with pytest.raises(UnsupportedOperationError) as caught:
        call(**dict.fromkeys(wanted, "S3cret-planted"))

    assert (caught.value.operation, caught.value.capability) == (name, OPERATIONS[name].capability)
    assert "S3cret" not in str(caught.value)


def test_backend_of_release_1_0_describes_the_baseline() -> None:
    """A backend that knows nothing of `describe` is taken to do what every backend of 1.0 did, and no more."""

    class Older(PlainStore):
        describe = UserManager.describe

    described = Older().describe()
    assert described.can(Capability.SIGN_IN)
    assert not described.can(Capability.INVITATIONS)


def test_group_condition_needs_no_loose_operator() -> None:
    """The double itself answers every condition, so a wrong answer of core's would show in the contract."""
    store = PlainStore()
    store.add_user("ada", attributes={"name": "Ada"})
    found = store.find_users([Condition("name", Operator.EQUALS, "Ada")])
    assert (found.answered, [user.username for user in found.users]) == ((0,), ["ada"])


def test_plan_tells_the_pages_of_a_search_that_the_store_does_not_answer() -> None:
    """With an estimate of its users, a store that answers no condition is planned as all of its pages."""

    class Big(PlainStore):
        def describe(self) -> StoreDescription:
            return StoreDescription(estimated_users=121)

        def find_users(self, *args: Any, **kwargs: Any) -> UserMatches:
            return UserMatches((), None, ())

    condition = Condition("name", Operator.CONTAINS, "Ada")
    assert Big().plan_search(condition).pages == 3
    assert PlainStore().plan_search(condition).pages is None
