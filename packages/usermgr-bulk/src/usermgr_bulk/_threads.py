"""Tasks on a bounded pool of threads; equal orders never race."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from usermgr.errors import UsermgrError
from usermgr_bulk._calls import Caller
from usermgr_bulk._journal import Journal
from usermgr_bulk._pool import Pool
from usermgr_bulk._tasks import Running, Task

__all__ = ["ThreadRun"]

AHEAD = 4
"""How many tasks are taken on for each thread, so that none waits for the input."""


class ThreadRun:
    """Runs each task on one of the threads. `tick` is called in the thread that feeds this."""

    def __init__(self, caller: Caller, journal: Journal, tick: Callable[[], None], threads: int) -> None:
        self._caller = caller
        self._journal = journal
        self._lock = threading.Lock()
        self._waiting: dict[str, deque[Task]] = {}
        """Of each order that runs now, the tasks that wait for it."""
        self._pool: Pool[Task] = Pool(self._work, tick, threads=threads, room=threads * AHEAD)

    def take(self, task: Task) -> None:
        """Takes a task on, once there is room for it. Raises what ended a thread."""
        self._pool.reserve()
        if task.order is not None:
            with self._lock:
                if task.order in self._waiting:
                    self._waiting[task.order].append(task)
                    return
                self._waiting[task.order] = deque()
        self._pool.put(task)

    def finish(self) -> None:
        """Waits until all tasks have ended. Raises what ended a thread."""
        self._pool.drain()
        self._pool.leave()

    def leave(self) -> None:
        """Waits until the threads have ended."""
        self._pool.leave()

    def _work(self, task: Task) -> None:
        running = Running(task, self._journal.began(task.row))
        while (call := running.call) is not None:
            self._caller.pause(0)
            if call.changes and not running.begun:
                self._journal.begin([task.row])
                running.begun = True
            try:
                value = self._caller.call(call)
            except UsermgrError as error:
                running.throw(error)
            else:
                running.send(value)
        self._journal.end(task.row, task.line, task.key, running.ended())
        self._start_following(task)

    def _start_following(self, task: Task) -> None:
        if task.order is None:
            return
        with self._lock:
            waiting = self._waiting[task.order]
            if not waiting:
                del self._waiting[task.order]
                return
            following = waiting.popleft()
        self._pool.put(following)
