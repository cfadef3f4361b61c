"""The operations of a user manager as a table, derived from the abstract methods of `UserManager`.

For whatever needs to know which operations exist and what each takes, such as the wire protocol, without naming any.

>>> OPERATIONS["get_user"].access
<Access.READ: 'read'>
>>> "get_user" in allowed_operations(Access.READ)
True
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_type_hints

from usermgr._manager import Access, UserManager

__all__ = ["OPERATIONS", "Access", "Operation", "allowed_operations"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One abstract method of `UserManager`."""

    name: str
    access: Access
    parameters: Mapping[str, Any]
    """The annotation of each parameter, by name, in their order."""
    defaults: Mapping[str, Any]
    """The default values, by name; a parameter that is not here is required."""
    result: Any
    """The annotation of what the operation returns."""


def _derive(name: str) -> Operation:
    method = getattr(UserManager, name)
    hints = get_type_hints(method)
    parameters = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
    return Operation(
        name=name,
        access=method.__usermgr_access__,
        parameters={p.name: hints[p.name] for p in parameters},
        defaults={p.name: p.default for p in parameters if p.default is not p.empty},
        result=hints["return"],
    )


OPERATIONS: Mapping[str, Operation] = {name: _derive(name) for name in sorted(UserManager.__abstractmethods__)}


def allowed_operations(*accesses: Access) -> frozenset[str]:
    """The names of the operations with one of these accesses."""
    return frozenset(name for name, operation in OPERATIONS.items() if operation.access in accesses)
