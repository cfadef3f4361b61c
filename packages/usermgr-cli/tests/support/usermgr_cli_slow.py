"""The command on a local store that takes USERMGR_TEST_SLOW seconds for every twenty changes.

Where USERMGR_TEST_GATE names a FIFO, it waits there instead until somebody opens it to write.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from usermgr import Change, Outcome
from usermgr_bulk import _batches
from usermgr_cli import main
from usermgr_local import LocalUserManager

write_many = LocalUserManager.write_many


def slow(self: LocalUserManager, changes: Iterable[Change]) -> Iterator[Outcome]:
    """Waits first, as for a service that is far away."""
    gate = os.environ.get("USERMGR_TEST_GATE")
    if gate is None:
        time.sleep(float(os.environ["USERMGR_TEST_SLOW"]))
    else:
        Path(gate).read_bytes()
    return write_many(self, changes)


if __name__ == "__main__":
    _batches.BATCH = 20
    LocalUserManager.write_many = slow
    main()
