"""The files of a chain: the one that is written, those that were full before it, and the head. And their lock."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

from usermgr.audit._chain import MAX_LINE
from usermgr.errors import InvalidInputError

__all__ = [
    "WAIT", "chain_files", "head_path", "lines_within", "lock", "next_full", "opened", "path_of", "unlock",
    "wait_for_lock",
]  # fmt: skip

T = TypeVar("T")

WAIT = 30.0
"""Seconds to wait for other writers, or for a reader, of the same file."""


def path_of(path: Any) -> Path:
    """The path as one. Raises `InvalidInputError` for what names no file on any system."""
    try:
        text = cast("object", os.fspath(path))
        if isinstance(text, str) and Path(text).name and b"\0" not in os.fsencode(text):
            return Path(text)
    except (TypeError, UnicodeEncodeError):  # of another type, or with half of a character
        pass
    raise InvalidInputError("path must name a file, such as audit.jsonl", field="path")


def head_path(path: Path) -> Path:
    """Where the head is."""
    return path.with_name(f"{path.name}.head")


def next_full(path: Path) -> Path:
    """The name that the file gets when it is full."""
    done = _full(path)
    return path.with_name(f"{path.name}.{1 + (done[-1][0] if done else 0):06d}")


def chain_files(path: Path) -> list[Path]:
    """All files that there are, in the order in which they were written."""
    files = [other for _, other in _full(path)]
    return [*files, path] if os.path.lexists(path) else files


def _full(path: Path) -> list[tuple[int, Path]]:
    form = re.compile(re.escape(path.name) + r"\.([0-9]{6,})")
    found = ((form.fullmatch(other.name), other) for other in path.parent.iterdir())
    return sorted((int(match[1]), other) for match, other in found if match)


def lock(descriptor: int, *, shared: bool = False) -> bool:
    """Locks the open file, until `unlock`; False while somebody else has it."""
    import fcntl  # noqa: PLC0415 - not on every system

    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def unlock(descriptor: int) -> None:
    """Gives up the lock, if there is one, and closes the file.

    Closing alone would not do: a process that was forked meanwhile has the open file too, and keeps its lock.
    """
    try:
        if os.name == "posix":
            import fcntl  # noqa: PLC0415 - not on every system

            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def wait_for_lock(attempt: Callable[[], T]) -> T:
    """What `attempt` returns when it succeeds, or, after `WAIT` seconds, what it returned last."""
    end = time.monotonic() + WAIT
    while (result := attempt()) in (None, False) and time.monotonic() < end:
        time.sleep(0.002)
    return result


def opened(path: Path, stack: contextlib.ExitStack) -> tuple[bytes | None, list[tuple[str, BinaryIO, int]]]:
    """The head's content, and each file with the size that it has now, as they are between two records."""
    head: bytes | None = None
    with contextlib.ExitStack() as held:
        try:
            descriptor = _open_to_read(head_path(path))
        except FileNotFoundError:
            pass
        else:
            held.callback(unlock, descriptor)
            if os.name == "posix" and not wait_for_lock(lambda: lock(descriptor, shared=True)):
                raise BlockingIOError(errno.EAGAIN, "writers hold it all the time")
            head = os.read(descriptor, 4096)
        files = [(found.name, stack.enter_context(open(_open_to_read(found), "rb"))) for found in chain_files(path)]
        return head, [(name, file, os.fstat(file.fileno()).st_size) for name, file in files]


def _open_to_read(path: Path) -> int:
    """A descriptor of the file. Anything else, such as a pipe, on which a reader would wait for ever, is refused."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise OSError(errno.EINVAL, f"{path.name} is not a regular file")


def lines_within(file: BinaryIO, size: int) -> Iterator[bytes | None]:
    """Each line without its line break; `None` for one that does not end, or is too long."""
    left = size
    while left > 0:
        raw = file.readline(min(left, MAX_LINE))
        if not raw:
            return
        left -= len(raw)
        if raw.endswith(b"\n"):
            yield raw[:-1]
            continue
        while left > 0 and raw and not raw.endswith(b"\n"):
            raw = file.readline(min(left, MAX_LINE))
            left -= len(raw)
        yield None
