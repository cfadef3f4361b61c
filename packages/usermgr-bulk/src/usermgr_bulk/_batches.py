"""Tasks in batches, for a store that makes many changes in one transaction: a batch goes through its steps together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from usermgr import UserManager
from usermgr.errors import UsermgrError
from usermgr_bulk._calls import Call, Caller, StopRun
from usermgr_bulk._journal import Journal
from usermgr_bulk._pool import Pool
from usermgr_bulk._tasks import Running, Task

__all__ = ["BATCH", "BatchRun"]

BATCH = 250
"""How many tasks go together: enough to share a sync, and few enough that others need not wait long for the store."""


class BatchRun:
    """Takes tasks, and runs them when there are `BATCH` of them, or one comes whose order is among them.

    One thread runs the batches, while the next one is read.
    """

    def __init__(self, users: UserManager, caller: Caller, journal: Journal, tick: Callable[[], None]) -> None:
        self._users = users
        self._caller = caller
        self._journal = journal
        self._tasks: list[Task] = []
        self._orders: set[str] = set()
        self._pool: Pool[list[Task]] = Pool(self._work, tick, threads=1, room=2)

    def take(self, task: Task) -> None:
        """Takes a task on. Raises what ended the thread."""
        if len(self._tasks) == BATCH or task.order in self._orders:
            self._hand_over()
        self._tasks.append(task)
        if task.order is not None:
            self._orders.add(task.order)

    def finish(self) -> None:
        """Runs what has not run yet. Raises what ended the thread."""
        self._hand_over()
        self._pool.drain()
        self._pool.leave()

    def leave(self) -> None:
        """Waits until the thread has ended."""
        self._pool.leave()

    def _hand_over(self) -> None:
        self._pool.reserve()
        self._pool.put(self._tasks)
        self._tasks, self._orders = [], set()

    def _work(self, tasks: Sequence[Task]) -> None:
        live = [Running(task, self._journal.began(task.row)) for task in tasks]
        while live := self._without_ended(live):
            self._caller.pause(0)
            for running in live:
                while running.call is not None and not running.call.changes:
                    self._alone(running, running.call)
            self._change([running for running in live if running.call is not None])

    def _without_ended(self, live: Sequence[Running]) -> list[Running]:
        for running in live:
            if running.call is None:
                self._journal.end(running.task.row, running.task.line, running.task.key, running.ended())
        return [running for running in live if running.call is not None]

    def _alone(self, running: Running, call: Call) -> None:
        try:
            value = self._caller.call(call)
        except UsermgrError as error:
            running.throw(error)
        else:
            running.send(value)

    def _change(self, live: Sequence[Running]) -> None:
        calls = [running.call for running in live if running.call is not None]
        new = [running.task.row for running in live if not running.begun]
        if new:
            self._journal.begin(new)
        for call in calls:
            self._caller.pace.wait(self._caller.cost(call), self._caller.pause)
        outcomes = list(self._users.write_many([call.to_change() for call in calls]))
        again: list[tuple[Running, Call]] = []
        stop: StopRun | None = None
        for running, call, outcome in zip(live, calls, outcomes, strict=True):
            running.begun = True
            if outcome.error is None:
                running.send(outcome.result)
            elif self._caller.may_repeat(call, outcome.error):
                again.append((running, call))
            else:
                try:
                    self._caller.stop_for(call, outcome.error)
                except StopRun as end:
                    stop = stop or end
                else:
                    running.throw(outcome.error)
        if stop is not None:
            self._without_ended([running for running in live if running.call is None])
            raise stop
        for running, call in again:
            self._alone(running, call)
