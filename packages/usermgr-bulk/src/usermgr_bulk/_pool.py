"""A bounded pool of threads that tells the thread which feeds it what ended one of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import copy_context
from queue import SimpleQueue
from typing import Generic, TypeVar

__all__ = ["Pool"]

T = TypeVar("T")

TICK = 0.2
"""How long the feeding thread waits at most before it looks around, in seconds."""


class Pool(Generic[T]):
    """Calls `work` with each item, on `threads` threads; at most `room` items have not ended.

    The threads die with the process, so that a second Ctrl-C need not wait for a call that hangs. `tick` is called in
    the thread that waits here, and what it raises leaves the wait. Each thread sees the context variables of the one
    that made the pool, so that an audit record has its actor.
    """

    def __init__(self, work: Callable[[T], None], tick: Callable[[], None], *, threads: int, room: int) -> None:
        self._work_on = work
        self._tick = tick
        self._room = room
        self._ready: SimpleQueue[T | None] = SimpleQueue()
        self._changed = threading.Condition()
        self._taken = 0
        self._failure: BaseException | None = None
        self._threads = [
            threading.Thread(target=copy_context().run, args=(self._work,), name=f"usermgr-bulk-{n}", daemon=True)
            for n in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def reserve(self) -> None:
        """Waits for room for one more. Raises what ended a thread."""
        self._await(lambda: self._taken < self._room)
        with self._changed:
            self._taken += 1

    def put(self, item: T) -> None:
        """Hands over an item that has room."""
        self._ready.put(item)

    def drain(self) -> None:
        """Waits until all items have ended. Raises what ended a thread."""
        self._await(lambda: self._taken == 0)

    def leave(self) -> None:
        """Waits until the threads have ended."""
        for _ in self._threads:
            self._ready.put(None)
        for thread in self._threads:
            thread.join()

    def _await(self, met: Callable[[], bool]) -> None:
        while True:
            self._tick()
            with self._changed:
                if self._failure is None and not met():
                    self._changed.wait(TICK)
                if self._failure is not None:
                    raise self._failure
                if met():
                    return

    def _work(self) -> None:
        while (item := self._ready.get()) is not None:
            try:
                self._work_on(item)
            except BaseException as error:  # noqa: BLE001 - handed to the feeding thread, which raises it
                with self._changed:
                    self._failure = self._failure or error
                    self._changed.notify_all()
                return
            with self._changed:
                self._taken -= 1
                self._changed.notify_all()
