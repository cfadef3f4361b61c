"""The command on a local store that makes twenty changes at a time, and whose second such batch takes long.

USERMGR_TEST_HOLD says how long: `until left`, as a call that ends when nobody wants any further one, or `for ever`.
No test waits for either by a clock.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Iterator
from itertools import count

from usermgr import Change, Outcome
from usermgr_bulk import _batches
from usermgr_cli import main
from usermgr_local import LocalUserManager

PATIENCE = 200
"""Seconds after which a batch goes on all the same, so that a test which failed leaves no process."""

write_many, leave = LocalUserManager.write_many, _batches.BatchRun.leave
batches, left = count(1), threading.Event()


def slow(self: LocalUserManager, changes: Iterable[Change]) -> Iterator[Outcome]:
    """Waits first, as for a service that is far away."""
    if next(batches) == 2:
        (left if os.environ["USERMGR_TEST_HOLD"] == "until left" else threading.Event()).wait(PATIENCE)
    return write_many(self, changes)


def leave_slowly(self: _batches.BatchRun) -> None:
    """What the run does once it is to end: it waits for the batch in flight, which ends then."""
    left.set()
    leave(self)


if __name__ == "__main__":
    _batches.BATCH = 20
    LocalUserManager.write_many = slow
    _batches.BatchRun.leave = leave_slowly
    main()
