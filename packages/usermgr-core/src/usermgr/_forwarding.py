"""`ForwardingManager`: a manager in front of another, derived from `usermgr.operations`.

Nothing here names an operation: one that is added later is forwarded too. What `UserManager` builds from operations,
such as `ensure_user` and `write_many`, runs on this manager, so that each operation among them passes through `_call`.
An operation that answers with a stream has no one outcome; the manager's own version, which is built from the others,
takes its place.
"""

from __future__ import annotations

import abc
import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any, get_origin

from usermgr._description import Capability, StoreDescription
from usermgr._manager import UserManager
from usermgr.operations import OPERATIONS, Operation

__all__ = ["ForwardingManager", "is_stream"]


class ForwardingManager(UserManager):
    """Another manager, each of whose operations a subclass sees in `_call`. `close` closes the one inside."""

    def __init__(self, manager: UserManager) -> None:
        self.manager = manager

    def close(self) -> None:
        """Closes the manager inside."""
        self.manager.close()

    def describe(self) -> StoreDescription:
        """See `UserManager.describe`. Changes pass here one by one, so there are no batches."""
        described: StoreDescription = self._call(OPERATIONS["describe"], {}, self.manager.describe)
        return replace(described, capabilities=described.capabilities - {Capability.BATCHES})

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
