"""The operations of a user manager as a table, derived from the marks and annotations of its primitives.

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

from usermgr._primitives import V1_0, Access, Primitives

__all__ = ["OPERATIONS", "V1_0", "Access", "Operation", "allowed_operations"]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation of `UserManager`."""

    name: str
    access: Access
    capability: str | None
    """The name of what a store must be able to do; `None` for what every store does."""
    since: str
    """The release that it came in, such as `1.0`: an older peer does not know it."""
    parameters: Mapping[str, Any]
    """The annotation of each parameter, by name, in their order."""
    defaults: Mapping[str, Any]
    """The default values, by name; a parameter that is not here is required."""
    result: Any
    """The annotation of what the operation returns."""


def _derive(name: str) -> Operation:
    method = getattr(Primitives, name)
    access, capability, since = method.__usermgr_operation__
    hints = get_type_hints(method)
    parameters = [p for p in inspect.signature(method).parameters.values() if p.name != "self"]
    return Operation(
        name=name,
        access=access,
        capability=None if capability is None else capability.value,
        since=since,
        parameters={p.name: hints[p.name] for p in parameters},
        defaults={p.name: p.default for p in parameters if p.default is not p.empty},
        result=hints["return"],
    )


OPERATIONS: Mapping[str, Operation] = {
    name: _derive(name) for name, member in sorted(vars(Primitives).items()) if hasattr(member, "__usermgr_operation__")
}


def allowed_operations(*accesses: Access) -> frozenset[str]:
    """The names of the operations with one of these accesses."""
    return frozenset(name for name, operation in OPERATIONS.items() if operation.access in accesses)
