"""The errors that attaching adds to usermgr's tree::

    ConflictError
    ├── TriggerOccupiedError      trigger_occupied      user_pool_id, found_arn, found_version
    └── PoolChangedError          pool_changed          user_pool_id, members
    AccessDeniedError
    └── MissingPermissionsError   missing_permissions   user_pool_id, permissions

A busy pool (a concurrent change, an import of users) is the tree's own `ConcurrentChangeError`.
"""

from __future__ import annotations

from usermgr.errors import AccessDeniedError, ConflictError

__all__ = ["MissingPermissionsError", "PoolChangedError", "TriggerOccupiedError"]


class TriggerOccupiedError(ConflictError):
    """The pool has another trigger than the one that may be replaced; nothing was changed."""

    code = "trigger_occupied"
    user_pool_id: str | None = None
    found_arn: str | None = None
    found_version: str | None = None


class PoolChangedError(ConflictError):
    """After the write, `members` of the pool's description differ from before; each is a path."""

    code = "pool_changed"
    user_pool_id: str | None = None
    members: list[str] | None = None


class MissingPermissionsError(AccessDeniedError):
    """The pool has settings that only a caller with more permissions can send back; nothing was changed."""

    code = "missing_permissions"
    user_pool_id: str | None = None
    permissions: list[str] | None = None
