"""Ctrl-C, SIGTERM and SIGHUP: the first lets a change that is under way end, a Ctrl-C after it leaves at once.

A change that was sent cannot be taken back by not waiting for its answer. So the first signal waits for the call of
this thread, if that changes something, and stops before the next one; `usermgr_bulk` does the same for the calls of
its threads, and keeps its journal. A Ctrl-C after it leaves in the middle: a journal is valid at every moment.

SIGTERM and SIGHUP hurry nobody, because one cause sends them twice: `timeout` sends SIGTERM to the command and then to
its whole group, and when a terminal is closed, SIGHUP comes from the shell and from the kernel.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, Self

from usermgr_cli._exits import Exit
from usermgr_cli._problems import tell, write_error
from usermgr_cli._progress import is_terminal

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["Interrupts"]

DEFAULTS = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}
"""The signals, each with what Python does about it by itself."""


class Interrupts:
    """What the signals do while the command runs; a `with` block, after which they do what they did before."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._first: int | None = None
        self._changing = False
        self.made = 0
        """How many changes have been made."""
        self._taken: list[signal.Signals] = []

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            # What is ignored stays so, as SIGHUP behind nohup, and what an application has set is the application's.
            self._taken = [number for number, default in DEFAULTS.items() if signal.getsignal(number) == default]
            for number in self._taken:
                signal.signal(number, self._interrupted)
        return self

    def __exit__(self, *error: object) -> None:
        for number in self._taken:
            signal.signal(number, DEFAULTS[number])

    @property
    def came(self) -> bool:
        """Whether a signal came, so that the command is to end."""
        return self._first is not None

    @property
    def status(self) -> Exit:
        """The status of a command that is interrupted, by whichever signal came first."""
        return Exit.INTERRUPTED if self._first is None else Exit(128 + self._first)

    def begin_change(self) -> None:
        """A change is about to be sent. Raises `KeyboardInterrupt` where a signal came before it."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self.came:
            raise KeyboardInterrupt
        self._changing = True

    def end_change(self, what: str, *, succeeded: bool) -> None:
        """It has ended. Raises `KeyboardInterrupt` where a signal came meanwhile and there is no error to tell."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.made += succeeded
        interrupted = self.came and succeeded
        self._changing = False
        if interrupted:
            raise KeyboardInterrupt(f"interrupted; what was under way, {what}, is done")

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        del frame
        if self.came:
            if number == signal.SIGINT:
                self._leave()
            return
        self._first = number
        if self._changing:
            self._tell_of_waiting("change that is")
            return
        if self._line.way_on is not None:  # calls of other threads are in flight, and its own work stops in order
            self._tell_of_waiting("calls that are")
        raise KeyboardInterrupt

    def _tell_of_waiting(self, what: str) -> None:
        again = " again" if self._first == signal.SIGINT else ""
        with _past_locks():
            self._line.note(f"Waiting for the {what} under way. Ctrl-C{again} leaves at once.")

    def _leave(self) -> NoReturn:
        remedy = self._line.way_on or "what was under way may or may not be done"
        with _past_locks():
            if is_terminal():
                write_error("\x1b[?25h", end="")  # a bar hides the cursor
            tell(self._line, "left at once", "interrupted", remedy=remedy)
        os._exit(self.status)


@contextmanager
def _past_locks() -> Generator[None]:
    """Standard error without a buffer and without a lock.

    A handler runs in the middle of anything: what it interrupted may be writing to standard error, which takes no
    second write meanwhile, or hold a lock that the thread which draws the bar waits for, while that holds the bar's.
    """
    before = sys.stderr
    with open(2, "wb", buffering=0, closefd=False) as file:
        sys.stderr = io.TextIOWrapper(file, encoding=before.encoding, errors="backslashreplace", write_through=True)
        try:
            if is_terminal():
                write_error("\r\x1b[K", end="")  # the bar is on this line, and will be drawn below
            yield
        finally:
            sys.stderr = before
