"""Attaches a pre token generation trigger to a user pool that belongs to somebody else, and detaches it.

UpdateUserPool resets whatever it is not sent, so a careless attacher damages the pool. This one reads the whole
description, changes only the trigger, sends everything back as raw JSON (a member that no SDK knows survives),
reads again and compares. Read in this order: `_snapshot`, `_pool`, `_permissions`, `_change`.

>>> from usermgr_cognito.trigger import Trigger, UserPool, attach
>>> pool = UserPool.connect("ap-northeast-1_AbCdEf123")  # doctest: +SKIP
>>> attach(pool, Trigger("arn:aws:lambda:ap-northeast-1:123456789012:function:usermgr_activity"))  # doctest: +SKIP

What it cannot do: Cognito has no conditional write, so a change that somebody else makes in the moment between the
last read and the write is overwritten. Where Cognito notices, it answers ConcurrentModificationException, and
everything is tried again from the first read.
"""

from __future__ import annotations

from usermgr_cognito.trigger._change import Result, RetryBudget, State, Status, attach, check, detach
from usermgr_cognito.trigger._errors import MissingPermissionsError, PoolChangedError, TriggerOccupiedError
from usermgr_cognito.trigger._permissions import Permissions
from usermgr_cognito.trigger._pool import UserPool
from usermgr_cognito.trigger._snapshot import VERSIONS, Difference, Snapshot, Trigger, canonical, differences

__all__ = [
    "attach",
    "detach",
    "check",
    "Trigger",
    "VERSIONS",
    "UserPool",
    "Permissions",
    "RetryBudget",
    "Result",
    "State",
    "Status",
    "Snapshot",
    "Difference",
    "canonical",
    "differences",
    "TriggerOccupiedError",
    "PoolChangedError",
    "MissingPermissionsError",
]
