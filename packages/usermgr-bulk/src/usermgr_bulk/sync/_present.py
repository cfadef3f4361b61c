"""What a store holds now, read page by page: all of it, or an error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from usermgr import Group, User, where
from usermgr.errors import InvalidPageTokenError, ServiceError
from usermgr_bulk._calls import Caller
from usermgr_bulk._listing import STARTS, listing
from usermgr_bulk._meter import Meter

__all__ = ["Present", "PresentReader"]


@dataclass(slots=True)
class Present:
    """Everybody, all groups, and the members of those groups that were asked for."""

    users: list[User] = field(default_factory=list[User])
    groups: dict[str, Group] = field(default_factory=dict[str, Group])
    members: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    """The real names of those in a group."""


class PresentReader:
    """Reads a store at its pace. It is no snapshot: what changes meanwhile is seen before or after."""

    def __init__(self, caller: Caller, meter: Meter, now: Callable[[], float] = time.monotonic) -> None:
        self._caller = caller
        self._meter = meter
        self._now = now

    def read(self, *, groups: bool, members_of: Callable[[Iterable[str]], Iterable[str]]) -> Present:
        """All users, the groups where they are asked for, and the members of those that `members_of` picks of them.

        A request a page, and none a user. Raises the error of any page that cannot be read.
        """
        for _ in range(STARTS):
            present = Present()
            try:
                if groups:
                    present.groups = {group.name: group for group in self._items("list_groups")}
                    for name in members_of(present.groups):
                        present.members[name] = self.members(name)
                self._read_users(present)
            except InvalidPageTokenError:
                continue
            return present
        raise ServiceError(f"a page token grew too old {STARTS} times: the store answers too slowly")

    def members(self, group: str) -> set[str]:
        """The real names of those in the group."""
        return {user.username for user in self._items("find_users", conditions=[where("group").equals(group)])}

    def _read_users(self, present: Present) -> None:
        seen: set[str] = set()  # a listing that moves may show somebody twice
        for user in self._items("find_users"):
            if user.sub not in seen:
                seen.add(user.sub)
                present.users.append(user)
            if self._meter.is_due:
                self._tell(len(seen))
        self._tell(len(seen))

    def _tell(self, count: int) -> None:
        self._meter.tell(count, {}, self._caller.pace.throttled)

    def _items(self, operation: str, **arguments: Any) -> Iterator[Any]:
        for page in listing(self._caller, operation, self._now, **arguments):
            yield from page.items if operation == "list_groups" else page.users
