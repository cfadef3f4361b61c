"""Sees each call of a store, and changes nothing: for a log of what was asked, or to wait until a call has ended.

>>> from contextlib import contextmanager
>>> @contextmanager
... def tell(operation, arguments):
...     print(operation.name, dict(arguments))
...     yield
>>> users = Watched(users, tell)   # doctest: +SKIP
>>> users.get_user("ada")          # doctest: +SKIP
get_user {'username': 'ada'}
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeAlias

from usermgr._changes import Change
from usermgr._changes import Outcome as ChangeOutcome
from usermgr._forwarding import ForwardingManager
from usermgr._manager import UserManager
from usermgr.operations import Operation

__all__ = ["Watch", "Watched", "WatchedManager"]

Watch: TypeAlias = Callable[[Operation, Mapping[str, Any]], AbstractContextManager[object]]
"""Called with each operation and the arguments that it was given, by name, which may hold a password. The call is made
inside the context; what that raises at its end is raised to the caller, though the call was made."""


class WatchedManager(ForwardingManager):
    """Another manager, each of whose calls is made inside what `watch` returns. `Watched(...)` makes one.

    `write_many` is passed on as it is, so that a store's transactions stay what they are.
    """

    def __init__(self, manager: UserManager, watch: Watch) -> None:
        super().__init__(manager)
        self._watch = watch

    def __repr__(self) -> str:
        return f"Watched({self.manager!r})"

    _takes_batches = True

    def write_many(self, changes: Iterable[Change]) -> Iterator[ChangeOutcome]:
        """See `UserManager.write_many`."""
        return self.manager.write_many(changes)

    def _call(self, operation: Operation, arguments: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        with self._watch(operation, arguments):
            return call()


Watched: type[WatchedManager] = WatchedManager
"""Makes a `WatchedManager`. A variable, because type checkers take the class for an abstract one: they do not see the
operations that it forwards.
"""
