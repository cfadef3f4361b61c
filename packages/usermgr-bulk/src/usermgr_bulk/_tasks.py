"""What the engine runs: for each row a generator that yields calls and returns what became of the row.

The generator is the plan of one row, and touches nothing itself: the engine makes each call, sends its result back in,
or throws the error of `usermgr.errors` that it ended with.

    def disable(username: str) -> Steps:
        user = yield Call("get_user", {"username": username})
        if not user.enabled:
            return RowResult(RowOutcome.UNCHANGED)
        yield Call("disable_user", {"username": user.username})
        return RowResult(RowOutcome.CHANGED)
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from usermgr.errors import UsermgrError
from usermgr_bulk._calls import UNCERTAIN, Call
from usermgr_bulk._results import RowOutcome, RowResult

__all__ = ["Running", "Steps", "Task", "ended"]

Steps = Generator[Call, Any, RowResult]


@dataclass(frozen=True, slots=True)
class Task:
    """One row of work. `row` counts from 0 and names it in the journal; equal `order`s run one after another."""

    row: int
    line: int | None
    """Where the row begins in the input, counted from 1; `None` for what no line asks for."""
    key: str | None
    """Whom it is about, for the report."""
    start: Callable[[datetime | None], Steps] = field(repr=False)
    """Makes the generator. Its argument is when an earlier run, which was killed, began this row; else `None`."""
    order: str | None = None


def ended(result: RowResult) -> Steps:
    """Steps that end at once."""
    return result
    yield  # pyright: ignore[reportUnreachable] - makes it a generator


class Running:
    """A task between its calls: `call` is what it waits for, `None` at its end."""

    def __init__(self, task: Task, began: datetime | None) -> None:
        self.task = task
        self.begun = False
        self.call: Call | None = None
        self._result: RowResult | None = None
        self._steps = task.start(began)
        self._advance(lambda: next(self._steps))

    def ended(self) -> RowResult:
        """What became of it, once `call` is `None`."""
        if self._result is None:
            raise TypeError("the steps of a task must return a RowResult")
        return self._result

    def send(self, value: Any) -> None:
        """The call returned that."""
        self._advance(lambda: self._steps.send(value))

    def throw(self, error: UsermgrError) -> None:
        """The call ended with that error."""
        self._advance(lambda: self._steps.throw(error))

    def _advance(self, step: Callable[[], Call]) -> None:
        made = self.call
        try:
            self.call = step()
        except StopIteration as stop:
            self.call, self._result = None, stop.value
        except UsermgrError as error:
            lost = made is not None and made.changes and isinstance(error, UNCERTAIN)
            outcome = RowOutcome.UNKNOWN if lost else RowOutcome.FAILED
            self.call, self._result = None, RowResult(outcome, error.code, error.message)
