"""Nobody locks everybody out: a guard for the acting account and for the last members of groups that must not be empty.

>>> from usermgr.guard import Guarded
>>> users = Guarded(users, required_groups=["admins"], acting="3f0c2b1e-8d4a-4c57")  # doctest: +SKIP
>>> users.disable_user("the-last-admin")                                             # doctest: +SKIP
Traceback (most recent call last):
    ...
usermgr.errors.ProtectedUserError: the-last-admin is the last enabled member of admins: add another one first
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from itertools import groupby
from typing import Any

from usermgr._changes import Change, Outcome, checked_changes
from usermgr._forwarding import ForwardingManager
from usermgr._manager import UserManager
from usermgr._models import User
from usermgr.errors import ProtectedUserError
from usermgr.operations import Operation
from usermgr.search import where
from usermgr.validation import check_group_names

__all__ = ["Guarded", "GuardedManager", "guards_of"]


class GuardedManager(ForwardingManager):
    """Another manager that refuses, whatever the way, what would lock people out. `Guarded(...)` makes one.

    It refuses to delete, disable or sign out the acting account, to reset its password, and to take it out of a
    required group; to delete, disable or take out the last enabled member of a required group; and to delete a required
    group. The guard is on the operations, so `ensure_user`, `set_groups`, `write_many` and an import meet it too.
    Before each of these operations, and no others, it reads the user, the user's groups, and members of those that are
    required.

    Two threads with the same manager cannot take the last two members at once. Two processes can, in the moment between
    the look and the change: no service of ours has a condition for it.

    Args:
        manager: The manager that makes the changes; `close` closes it too.
        required_groups: The groups that must keep an enabled member.
        acting: The `sub` of the account that acts, or a callable that is asked before each of these operations;
            `None` where whoever acts is no user of this store.
    """

    def __init__(
        self,
        manager: UserManager,
        *,
        required_groups: Collection[str] = (),
        acting: str | Callable[[], str | None] | None = None,
    ) -> None:
        super().__init__(manager)
        self._required = frozenset(check_group_names(required_groups))
        self._acting = acting if callable(acting) else lambda: acting
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"Guarded({self.manager!r})"

    @property
    def required_groups(self) -> frozenset[str]:
        """The groups that must keep an enabled member."""
        return self._required

    @property
    def acting(self) -> str | None:
        """The `sub` of the account that acts now, if it is a user of this store."""
        return self._acting()

    _takes_batches = True

    def check(self, change: Change) -> None:
        """Raises what the guard would refuse the change with now, and changes nothing."""
        check = self._check_for(change.operation)
        if check is not None:
            check(**change.arguments)

    def write_many(self, changes: Iterable[Change]) -> Iterator[Outcome]:
        """See `UserManager.write_many`. What can take nobody away stays in batches; the rest is made one by one."""
        if not self._has_batches:
            yield from super().write_many(changes)
            return
        for takes, some in groupby(checked_changes(changes), self._can_take):
            if not takes:
                yield from self.manager.write_many(some)
            else:
                for change in some:
                    yield Outcome.of(change, self)

    def _can_take(self, change: Change) -> bool:
        """Whether the change could take somebody away who must stay."""
        group = change.arguments.get("name" if change.operation == "delete_group" else "group")
        return self._check_for(change.operation) is not None and (group is None or self._is_required(group))

    def _call(self, operation: Operation, arguments: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        check = self._check_for(operation.name)
        if check is None:
            return call()
        with self._lock:
            check(**arguments)
            return call()

    def _check_for(self, operation: str) -> Callable[..., None] | None:
        """What is looked at before that operation; `None` where it can take nobody away."""
        match operation:
            case "delete_user" | "disable_user":
                return self._check_account
            case "sign_out_user" | "reset_password":
                return self._check_not_acting
            case "remove_user_from_group":
                return self._check_membership
            case "delete_group":
                return self._check_group
            case _:
                return None

    def _check_not_acting(self, username: str) -> None:
        """Of an account whose sessions or password end."""
        acting = self._acting()
        if acting is not None:
            self._refuse_acting(self.manager.get_user(username), acting)

    @staticmethod
    def _refuse_acting(user: User, acting: str | None) -> None:
        if user.sub == acting:
            raise ProtectedUserError(f"{user.username} is the account that acts", username=user.username)

    def _check_account(self, username: str) -> None:
        """Of an account that goes, or can no longer sign in."""
        user = self.manager.get_user(username)
        self._refuse_acting(user, self._acting())
        if user.enabled and self._required:
            for group in self.manager.iter_groups_for_user(user.username):
                if group.name in self._required:
                    self._check_another(user, group.name)

    def _check_membership(self, username: str, group: str) -> None:
        if not self._is_required(group):
            return
        user = self.manager.get_user(username)
        if group not in {found.name for found in self.manager.iter_groups_for_user(user.username)}:
            return
        if user.sub == self._acting():
            raise ProtectedUserError(
                f"{user.username} is the account that acts, and would no longer be in {group}",
                username=user.username,
                group=group,
            )
        if user.enabled:
            self._check_another(user, group)

    def _check_group(self, name: str) -> None:
        if self._is_required(name):
            raise ProtectedUserError(f"the group {name} is required, so it cannot be deleted", group=name)

    def _is_required(self, group: object) -> bool:
        """Whatever is no name is not, and the store refuses it."""
        return isinstance(group, str) and group in self._required

    def _check_another(self, user: User, group: str) -> None:
        members = self.manager.search_users(where("group").equals(group), where("enabled").equals(value=True))
        if all(member.sub == user.sub for member in members):
            raise ProtectedUserError(
                f"{user.username} is the last enabled member of {group}: add another one first",
                username=user.username,
                group=group,
            )


def guards_of(users: UserManager) -> Iterator[GuardedManager]:
    """The guards that stand in front of a store, whatever else does, from the outermost on."""
    while isinstance(users, ForwardingManager):
        if isinstance(users, GuardedManager):
            yield users
        users = users.manager


Guarded: type[GuardedManager] = GuardedManager
"""Makes a `GuardedManager`. A variable, because type checkers take the class for an abstract one: they do not see the
operations that it forwards.
"""
