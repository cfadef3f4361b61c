"""The engine: runs a stream of tasks of any length in constant memory, on a bounded pool of threads or in batches."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from typing import Protocol

from usermgr import Capability, StoreDescription, UserManager
from usermgr.backoff import Backoff
from usermgr.errors import InvalidInputError, UnsupportedOperationError, UsermgrError
from usermgr_bulk._batches import BatchRun
from usermgr_bulk._calls import Caller, StopRun
from usermgr_bulk._errors import BulkInterruptedError, BulkStoppedError
from usermgr_bulk._journal import Journal
from usermgr_bulk._meter import Meter
from usermgr_bulk._pace import Pace
from usermgr_bulk._results import Progress, Summary
from usermgr_bulk._tasks import Task
from usermgr_bulk._threads import ThreadRun

__all__ = ["Engine"]


class _Run(Protocol):
    def take(self, task: Task) -> None:
        """Takes a task on, once there is room for it. Raises `StopRun`."""
        ...

    def finish(self) -> None:
        """Waits until all tasks have ended. Raises `StopRun`."""
        ...

    def leave(self) -> None:
        """Waits until the calls in flight have ended, and begins none."""
        ...


class Engine:
    """Runs tasks on one store.

    Args:
        users: The store. It is called from `threads` threads at once, unless it makes batches.
        description: What `users.describe()` returned, where it is at hand; else it is asked for.
        threads: How many calls may be in flight.
        share: The share of the store's rates that this run may use. They are the whole account's: leave some to people
            who sign up meanwhile.
        backoff: The pauses before a call is repeated.

    Raises:
        InvalidInputError: a setting is out of its bounds.
        UnsupportedOperationError: the store is read-only, as a replica is.
    """

    def __init__(
        self,
        users: UserManager,
        description: StoreDescription | None = None,
        *,
        threads: int = 8,
        share: float = 1.0,
        backoff: Backoff | None = None,
    ) -> None:
        if threads < 1:
            raise InvalidInputError("threads must be at least 1", field="threads")
        if not 0 < share <= 1:
            raise InvalidInputError("share must be above 0 and at most 1", field="share")
        self._users = users
        self._description = users.describe() if description is None else description
        if self._description.read_only:
            raise UnsupportedOperationError(
                "the store takes no change, because it is a replica: name its primary instead", operation="write"
            )
        self._threads = threads
        self._share = share
        self._backoff = backoff

    def caller(self, stopping: threading.Event | None = None) -> Caller:
        """What makes calls at the store's pace."""
        pace = Pace(self._description.rates, share=self._share)
        stopping = stopping or threading.Event()
        return Caller(self._users, self._description, pace, stopping=stopping, backoff=self._backoff)

    @property
    def description(self) -> StoreDescription:
        """What the store says of itself."""
        return self._description

    def run(
        self,
        tasks: Iterable[Task],
        journal: Journal,
        *,
        total: int | None = None,
        progress: Callable[[Progress], None] | None = None,
        stop: threading.Event | None = None,
    ) -> Summary:
        """Runs the tasks that have not ended yet by the journal.

        `tasks` must be the same each time, with the same `row`s. `progress` is called in this thread. Setting `stop`,
        from another thread, does what Ctrl-C does.

        Raises:
            BulkStoppedError: no further row could fare better, or the input cannot be read any further.
            BulkInterruptedError: Ctrl-C, or `stop`.
        """
        stopping = threading.Event()
        caller = self.caller(stopping)
        meter = Meter(progress, total)

        def tell() -> None:
            counts = journal.counts
            meter.tell(sum(counts.values()), counts, caller.pace.throttled)

        def tick() -> None:
            if stop is not None and stop.is_set():
                raise KeyboardInterrupt
            if meter.is_due:
                journal.flush()
                tell()

        run: _Run
        if self._description.can(Capability.BATCHES):
            run = BatchRun(self._users, caller, journal, tick)
        else:
            run = ThreadRun(caller, journal, tick, self._threads)
        try:
            try:
                for task in tasks:
                    if not journal.has_ended(task.row):
                        run.take(task)
                run.finish()
                journal.flush()
            except UsermgrError:  # of the input, whose rows before it are done
                run.finish()
                raise
        except StopRun as end:
            self._leave(run, journal, stopping)
            raise _stopped(journal, end.__cause__) from end.__cause__
        except (UsermgrError, OSError) as error:
            self._leave(run, journal, stopping)
            raise _stopped(journal, error) from error
        except KeyboardInterrupt:
            self._leave(run, journal, stopping)
            raise BulkInterruptedError(Summary(journal.counts, journal.path, complete=False)) from None
        except BaseException:
            self._leave(run, journal, stopping)
            raise
        tell()
        return Summary(journal.counts, journal.path, complete=True)

    @staticmethod
    def _leave(run: _Run, journal: Journal, stopping: threading.Event) -> None:
        """Lets the calls in flight end and keeps what they did; a second Ctrl-C waits for nothing."""
        try:
            stopping.set()
            run.leave()
            journal.flush()
        except (OSError, KeyboardInterrupt):
            return  # what is not in the journal was begun in it, and is looked at when the run goes on


def _stopped(journal: Journal, cause: BaseException | None) -> BulkStoppedError:
    why = cause.message if isinstance(cause, UsermgrError) else str(cause)
    summary = Summary(journal.counts, journal.path, complete=False)
    way_on = f"Start the same run with the journal {journal.path} again to go on"
    if isinstance(cause, InvalidInputError):  # the journal knows its input, and refuses another
        way_on = "Mend the input, and start a new run with another journal: who was created is there by then"
    error = BulkStoppedError(f"stopped after {summary}: {why}. {way_on}")
    error.summary = summary
    return error
