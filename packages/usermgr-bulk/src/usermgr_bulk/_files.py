"""Files that only their owner can read, that appear whole or not at all, and locks that die with their process."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from usermgr.errors import ConfigurationError, ConflictError

__all__ = ["lock", "open_private", "sync_folder", "whole_file"]


def open_private(path: Path, flags: int) -> int:
    """Opens a file by its flags; nobody but the owner can read one that is created."""
    return os.open(path, flags | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder survive a power cut, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def whole_file(path: Path) -> Generator[BinaryIO]:
    """A stream whose file takes the place of `path` at the end, durably; where the block raises, nothing changes."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # of mode 0600
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        partial.replace(path)
    except BaseException:
        with suppress(OSError):
            partial.unlink()
        raise
    sync_folder(path.parent)


def lock(descriptor: int, taken: str) -> None:
    """Locks the open file until it is closed or its process ends.

    Raises `ConflictError` with the message `taken` while another run has it, and `ConfigurationError` where the system
    has no such locks.
    """
    try:
        import fcntl  # noqa: PLC0415 - not on every system
    except ImportError:
        raise ConfigurationError("bulk work needs a POSIX system, for locks that die with their process") from None

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ConflictError(f"{taken}: wait until it has ended") from None
