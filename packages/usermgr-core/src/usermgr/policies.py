"""Least-privilege policies: what the caller's identity must be allowed to do for a role of ours, as a service words it.

A backend whose service has such policies registers a callable under the entry-point group `usermgr.policies`, by the
backend's own name::

    [project.entry-points."usermgr.policies"]
    ldap = "my_package.policies:policy_of"

It takes a `Role` and returns the policy, an object that `json.dumps` takes. What it is about comes from the same
settings as the backend. It raises the errors of `usermgr.errors`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from usermgr.errors import InvalidInputError, UnsupportedOperationError

__all__ = ["GROUP", "Role", "policy_in_force"]

GROUP = "usermgr.policies"


class Role(StrEnum):
    """Whom a policy is for. Each may do what the one before it may."""

    READ_ONLY = "read-only"
    """Looks at users and groups."""
    OPERATOR = "operator"
    """Helps people: invites, changes, disables and regroups them, and resets their passwords and second factors."""
    ADMIN = "admin"
    """Deletes users too, and makes, changes and deletes groups."""


def policy_in_force(role: Role | str, backend: str | None = None) -> Mapping[str, Any]:
    """The policy of that role for the backend, or for the one that `USERMGR_BACKEND` names.

    Raises:
        InvalidInputError: the role is unknown.
        UnknownBackendError, BackendNotInstalledError: as `Factory.create`.
        UnsupportedOperationError: the backend's service has no such policies.
    """
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only this needs it

    from usermgr._factory import BACKENDS  # noqa: PLC0415 - as above
    from usermgr._plugins import find_one  # noqa: PLC0415 - as above

    if role not in list(Role):
        raise InvalidInputError(f"the role must be one of {', '.join(Role)}", field="role")
    name = backend if backend is not None else os.environ.get(BACKENDS.variable)
    BACKENDS.find(name)
    point = find_one("policy of the backend", str(name), entry_points(group=GROUP))
    if point is None:
        raise UnsupportedOperationError(
            f"the backend {name} has no policies: who may do what is decided elsewhere there, such as by who may read "
            "its file or invoke its function"
        )
    found: Mapping[str, Any] = point.load()(Role(role))
    return found
