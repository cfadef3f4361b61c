"""Looking at one user, as steps: which groups, whether conditions still hold, and what differs from what is wanted."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from usermgr import Condition, Group, Operator, Page, StoreDescription, User
from usermgr.search import matches
from usermgr_bulk._calls import Call, Caller

__all__ = ["Looking", "ask_all", "different_attributes", "groups_of", "meets"]

T = TypeVar("T")

Looking = Generator[Call, Any, T]
"""Yields calls that read, and returns what they tell."""


def ask_all(caller: Caller, looking: Looking[T]) -> T:
    """What the look tells, outside a run. Raises what a call raises, and `KeyboardInterrupt` when it is to end."""
    try:
        call = next(looking)
        while True:
            call = looking.send(caller.ask(call))
    except StopIteration as end:
        return end.value


def groups_of(username: str) -> Looking[set[str]]:
    """The names of the user's groups."""
    names: set[str] = set()
    token: str | None = None
    while True:
        page: Page[Group] = yield Call("list_groups_for_user", {"username": username, "page_token": token})
        names.update(group.name for group in page.items)
        token = page.next_token
        if token is None:
            return names


def meets(
    user: User,
    conditions: Iterable[Condition],
    store: StoreDescription,
    groups: Callable[[str], Looking[set[str]]] = groups_of,
) -> Looking[bool]:
    """Whether the user, who was just read, meets all conditions; `groups` is asked only where one is on groups."""
    wanted: set[str] = set()
    for condition in conditions:
        if condition.field == "group":
            wanted.add(condition.value)
        elif not matches(user, _as_compared(condition, store)):
            return False
    return not wanted or wanted <= (yield from groups(user.username))


def _as_compared(condition: Condition, store: StoreDescription) -> Condition:
    """`SAME` is exact where the store says that case matters."""
    exact = condition.operator is Operator.SAME and store.usernames.case_sensitive
    return replace(condition, operator=Operator.EQUALS) if exact else condition


def different_attributes(user: User, wanted: Mapping[str, str | None]) -> dict[str, str | None]:
    """The attributes that are to be sent, so that the user has what is wanted."""
    different = {name: value for name, value in wanted.items() if user.attributes.get(name) != value}
    for address in ("email", "phone_number"):
        flag = f"{address}_verified"
        if address in different and flag in wanted:  # an address that comes alone would be unverified
            different[flag] = wanted[flag]
    return different
