"""Who was last seen when: usermgr's activity records in DynamoDB.

Read on in `table` (the rows), `recorder` (one sighting, one request) and `store` (the questions).
Importing this package does not import an AWS SDK: the recorder runs while somebody waits to sign in.
"""

from usermgr_activity.client import reading_client, recording_client
from usermgr_activity.recorder import Recorder
from usermgr_activity.store import DynamoActivityStore
from usermgr_activity.table import INDEX, SHARDS, MachineActivity

__all__ = [
    "DynamoActivityStore",
    "MachineActivity",
    "Recorder",
    "INDEX",
    "SHARDS",
    "reading_client",
    "recording_client",
]
