"""Locks that a forked child can use.

A child inherits a lock as it was, and the thread that would release it exists only in the parent: a server that forks
its workers while another thread reads the keys would leave them waiting for ever. Python gives its own modules new
locks after a fork; this does the same for ours.
"""

from __future__ import annotations

import os
import threading
from weakref import WeakSet

__all__ = ["ForkSafeLock"]


class ForkSafeLock:
    """A lock that is new, and free, in every forked child. What it protects must be consistent at every moment.

    Take `current` once for acquiring and releasing: a fork may replace it in between.
    """

    def __init__(self) -> None:
        self.current = threading.Lock()
        _locks.add(self)


_locks: WeakSet[ForkSafeLock] = WeakSet()


def _renew_locks() -> None:
    for lock in list(_locks):
        lock.current = threading.Lock()


if hasattr(os, "register_at_fork"):  # there is no fork on Windows
    os.register_at_fork(after_in_child=_renew_locks)
