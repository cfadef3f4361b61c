"""The one way to standard output: data in UTF-8, and a failure that is told apart from every other."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

__all__ = ["Stdout", "WriteFailedError", "discard", "flush", "open_missing", "write"]


class WriteFailedError(Exception):
    """Standard output takes no more: it is full, closed, or nobody reads there any more (`is_pipe`)."""

    def __init__(self, error: OSError) -> None:
        super().__init__(error.strerror or str(error))
        self.is_pipe = isinstance(error, BrokenPipeError) or error.errno in (errno.EPIPE, errno.ESHUTDOWN)


def write(text: str) -> None:
    """Writes it as UTF-8, whatever the locale. Raises `WriteFailedError`."""
    try:
        sys.stdout.buffer.write(text.encode(errors="backslashreplace"))  # half of a pair has no form in UTF-8
        if sys.stdout.isatty():
            sys.stdout.buffer.flush()
    except OSError as error:
        raise WriteFailedError(error) from error


def flush() -> None:
    """Has everything written. Raises `WriteFailedError`."""
    try:
        sys.stdout.flush()
    except OSError as error:
        raise WriteFailedError(error) from error


class Stdout:
    """Standard output as rich wants a file: in the terminal's encoding, in which a character that it lacks is `?`."""

    @property
    def encoding(self) -> str:
        """The terminal's."""
        return sys.stdout.encoding

    def write(self, text: str) -> int:
        """As `write`. Raises `WriteFailedError`."""
        try:
            sys.stdout.buffer.write(text.encode(sys.stdout.encoding, errors="replace"))
        except OSError as error:
            raise WriteFailedError(error) from error
        return len(text)

    def flush(self) -> None:
        """As `flush`."""
        flush()

    def isatty(self) -> bool:
        """Whether it is a terminal."""
        return sys.stdout.isatty()

    def fileno(self) -> int:
        """The descriptor, by which the terminal's width is found."""
        return sys.stdout.fileno()


def open_missing() -> None:
    """Gives a process that was started without one of its three standard files something in its place.

    Otherwise the next file that is opened would be it, and a store's file would be printed into. What is read there is
    at its end at once; data that is written there fails, as with a file that is full; and errors go nowhere, while the
    exit status says what happened.
    """
    for descriptor, name, access, mode in (
        (0, "stdin", os.O_RDONLY, "r"),
        (1, "stdout", os.O_RDONLY, "w"),
        (2, "stderr", os.O_WRONLY, "w"),
    ):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, access)  # the lowest free number, which is this one
        if getattr(sys, name) is None:  # as Python sets it where there is none
            setattr(sys, name, open(descriptor, mode, encoding="utf-8", closefd=False))  # noqa: SIM115 - for the whole process


def discard() -> None:
    """Forgets what could not be written, so that Python does not try again, and complain, at its end."""
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
