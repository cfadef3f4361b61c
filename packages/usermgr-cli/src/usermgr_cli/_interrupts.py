"""Ctrl-C: the first lets a change that is under way end, the second leaves at once.

A change that was sent cannot be taken back by not waiting for its answer. So the first Ctrl-C waits for the call of
this thread, if that changes something, and stops before the next one; `usermgr_bulk` does the same for the calls of
its threads, and keeps its journal. The second Ctrl-C leaves in the middle: a journal is valid at every moment.
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


class Interrupts:
    """What Ctrl-C does while the command runs; a `with` block, after which it does what it did before."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._number = 0
        self._changing = False
        self.made = 0
        """How many changes have been made."""
        self._before: object = None

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            before = signal.getsignal(signal.SIGINT)
            if before is signal.default_int_handler:  # where it is ignored, as behind nohup, it stays so
                self._before = before
                signal.signal(signal.SIGINT, self._interrupted)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def begin_change(self) -> None:
        """A change is about to be sent. Raises `KeyboardInterrupt` where Ctrl-C came before it."""
        if threading.current_thread() is not threading.main_thread():
            return
        if self._number:
            raise KeyboardInterrupt
        self._changing = True

    def end_change(self, what: str, *, succeeded: bool) -> None:
        """It has ended. Raises `KeyboardInterrupt` where Ctrl-C came meanwhile and there is no error to tell."""
        if threading.current_thread() is not threading.main_thread():
            return
        self.made += succeeded
        interrupted = self._number and succeeded
        self._changing = False
        if interrupted:
            raise KeyboardInterrupt(f"interrupted; what was under way, {what}, is done")

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._number += 1
        if self._number > 1:
            self._leave()
        if self._changing:
            with _past_locks():
                self._line.note("Waiting for the change that is under way. Ctrl-C again leaves at once.")
            return
        if self._line.way_on is not None:  # calls of other threads are in flight, and its own work stops in order
            with _past_locks():
                self._line.note("Waiting for the calls that are under way. Ctrl-C again leaves at once.")
        raise KeyboardInterrupt

    def _leave(self) -> NoReturn:
        remedy = self._line.way_on or "what was under way may or may not be done"
        with _past_locks():
            if is_terminal():
                write_error("\x1b[?25h", end="")  # a bar hides the cursor
            tell(self._line, "left at once", "interrupted", remedy=remedy)
        os._exit(Exit.INTERRUPTED)


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
