"""Who was last seen when: usermgr's activity records in DynamoDB.

Read on in `table` (the rows), `recorder` (one sighting, one request), `store` (the questions) and
`transport` (how requests reach DynamoDB).
Importing this package does not import an AWS SDK: the recorder runs while somebody waits to sign in.
"""

from usermgr_activity.recorder import Recorder
from usermgr_activity.store import DynamoActivityStore
from usermgr_activity.table import INDEX, SHARDS, MachineActivity
from usermgr_activity.transport import DirectTransport, SdkTransport, Transport, sdk_transport

__all__ = [
    "DynamoActivityStore",
    "MachineActivity",
    "Recorder",
    "INDEX",
    "SHARDS",
    "Transport",
    "DirectTransport",
    "SdkTransport",
    "sdk_transport",
]
