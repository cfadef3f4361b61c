"""Who was last seen when: usermgr's activity records in DynamoDB.

Read on in `table` (the rows), `_recorder` (one sighting, one request), `_store` (the questions),
`_forgetting` (removing a person) and `transport` (how requests reach DynamoDB).
Importing this package does not import an AWS SDK: the recorder runs while somebody waits to sign in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usermgr_activity._errors import ErrorAnswer
from usermgr_activity._recorder import MachineSighting, Recorder
from usermgr_activity.table import INDEX, SHARDS, MachineActivity
from usermgr_activity.transport import DirectTransport, SdkTransport, Transport

if TYPE_CHECKING:
    from usermgr_activity._store import DynamoActivityStore, connect

__all__ = [
    "DynamoActivityStore",
    "connect",
    "MachineActivity",
    "Recorder",
    "MachineSighting",
    "INDEX",
    "SHARDS",
    "Transport",
    "DirectTransport",
    "SdkTransport",
    "ErrorAnswer",
]


def __getattr__(name: str) -> Any:
    if name not in ("DynamoActivityStore", "connect"):  # which the recorder does not need
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from usermgr_activity import _store  # noqa: PLC0415 - loads when it is needed

    return getattr(_store, name)
