"""The guard in front of bulk work, and a store on which a run only rehearses."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import Any, TypeAlias, cast

from usermgr import Change, Outcome, UserManager
from usermgr.guard import Guarded, guards_of
from usermgr.operations import OPERATIONS, Access
from usermgr.validation import check_group_names

__all__ = ["Acting", "Rehearsal", "guarded"]

Acting: TypeAlias = str | Callable[[], str | None] | None
"""The `sub` of the account that acts, as `usermgr.guard` takes it."""


def guarded(users: UserManager, required_groups: Collection[str], acting: Acting) -> UserManager:
    """The store behind a guard, where there is something to guard that no guard of its own guards."""
    required = frozenset(check_group_names(required_groups))
    if not required and acting is None:
        return users
    if any(required <= guard.required_groups and acting in (None, guard.acting) for guard in guards_of(users)):
        return users  # each guard looks at everybody whom it lets go
    return Guarded(users, required_groups=required_groups, acting=acting)


class Rehearsal:
    """A store that reads, and of a change only asks the guards in front of it. Every change returns `None`."""

    def __init__(self, users: UserManager) -> None:
        self._users = users

    @property
    def users(self) -> UserManager:
        """This, for whoever runs something on it."""
        return cast("UserManager", self)

    def __getattr__(self, name: str) -> Any:
        if name in OPERATIONS and OPERATIONS[name].access is not Access.READ:
            return partial(self._check, name)
        return getattr(self._users, name)

    def write_many(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """See `UserManager.write_many`."""
        return (Outcome.of(change, self) for change in changes)

    def _check(self, operation: str, **arguments: Any) -> None:
        for guard in guards_of(self._users):
            guard.check(Change(operation, arguments))
