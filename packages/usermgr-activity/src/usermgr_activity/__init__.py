"""Who was last seen when: usermgr's activity records in DynamoDB.

Read on in `table` (the rows), `_recorder` (one sighting, one request), `_store` (the questions) and
`transport` (how requests reach DynamoDB).
Importing this package does not import an AWS SDK: the recorder runs while somebody waits to sign in.
"""

from usermgr_activity._errors import ErrorAnswer
from usermgr_activity._recorder import MachineSighting, Recorder
from usermgr_activity._store import DynamoActivityStore
from usermgr_activity.table import INDEX, SHARDS, MachineActivity
from usermgr_activity.transport import DirectTransport, SdkTransport, Transport

__all__ = [
    "DynamoActivityStore",
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
