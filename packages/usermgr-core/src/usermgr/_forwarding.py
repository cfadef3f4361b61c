"""`ForwardingManager`: a manager in front of another, derived from `usermgr.operations`.

Nothing here names an operation: one that is added later is forwarded too. What `UserManager` builds from operations,
such as `ensure_user` and `write_many`, runs on this manager, so that each operation among them passes through `_call`.
A subclass that can do its part for many changes at once has a `write_many` of its own, and says so in `_takes_batches`.
An operation that answers with a stream has no one outcome; the manager's own version, which is built from the others,
takes its place.
"""

from __future__ import annotations

import abc
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, get_origin

from usermgr._description import Capability, StoreDescription
from usermgr._manager import UserManager
from usermgr.errors import AccessDeniedError
from usermgr.operations import OPERATIONS, Operation

__all__ = ["ForwardingManager", "is_stream"]


class ForwardingManager(UserManager):
    """Another manager, each of whose operations a subclass sees in `_call`. `close` closes the one inside."""

    def __init__(self, manager: UserManager) -> None:
        self.manager = manager

    def close(self) -> None:
        """Closes the manager inside."""
        self.manager.close()

    def caller(self) -> str | None:
        """That of the manager inside."""
        return self.manager.caller()

    def describe(self) -> StoreDescription:
        """See `UserManager.describe`. There are no batches where a subclass takes changes one by one."""
        described: StoreDescription = self._call(OPERATIONS["describe"], {}, self.manager.describe)
        if self._takes_batches:
            return described
        return replace(described, capabilities=described.capabilities - {Capability.BATCHES})

    _takes_batches = False
    """Whether this manager has a `write_many` of its own, which hands changes on as batches."""

    @cached_property
    def _has_batches(self) -> bool:
        """Whether the manager inside makes batches, and this one takes them."""
        if not self._takes_batches or type(self.manager).write_many is UserManager.write_many:
            return False
        try:
            return self.manager.describe().can(Capability.BATCHES)
        except AccessDeniedError:  # changes can be made without it
            return False

    def _call(self, operation: Operation, arguments: Mapping[str, Any], call: Callable[[], Any]) -> Any:
        """Makes the call on the manager inside; `arguments` are those that were given, by name."""
        raise NotImplementedError


def _forwarded(operation: Operation) -> Callable[..., Any]:
    method = getattr(UserManager, operation.name)
    signature = inspect.signature(method)

    @functools.wraps(method, updated=())  # without its __dict__, where the mark of an abstract method is
    def forward(self: ForwardingManager, *args: Any, **kwargs: Any) -> Any:
        arguments = signature.bind(self, *args, **kwargs).arguments
        del arguments["self"]
        inner: Callable[..., Any] = getattr(self.manager, operation.name)
        return self._call(operation, arguments, lambda: inner(*args, **kwargs))  # pyright: ignore[reportPrivateUsage] - a method of the class

    return forward


def is_stream(operation: Operation) -> bool:
    """Whether the operation answers with an iterator."""
    origin = get_origin(operation.result)
    return isinstance(origin, type) and issubclass(origin, Iterator)


for _operation in OPERATIONS.values():
    if not is_stream(_operation) and _operation.name not in vars(ForwardingManager):
        setattr(ForwardingManager, _operation.name, _forwarded(_operation))
abc.update_abstractmethods(ForwardingManager)
