"""Reading a JWKS file, and what distinguishes its versions."""

from __future__ import annotations

import os
import stat
from typing import NamedTuple

from usermgr_jwt._keys import MAX_DOCUMENT
from usermgr_jwt.errors import KeysFileError

__all__ = ["Version", "absolute", "check_regular", "read_document", "risks", "version_of"]

_OPEN_FLAGS = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)


class Version(NamedTuple):
    """What distinguishes two versions of a file without reading them.

    The time of the last change (`ctime`) is part of it because, unlike the modification time, no program can set it:
    it shows that a file was written in place even where `rsync --times` or `touch` then restored its date.
    """

    device: int
    inode: int
    size: int
    modified_ns: int
    changed_ns: int


def absolute(path: str | os.PathLike[str]) -> str:
    """The path from the root: it stays the same when the working folder changes. ValueError for what is not a path."""
    if not os.fspath(path) or "\0" in os.fspath(path):
        raise ValueError("path must be a non-empty string without NUL characters")
    return os.path.abspath(path)  # noqa: PTH100 - os.* throughout: a Path object costs more than a stat


def version_of(status: os.stat_result) -> Version:
    """The version that a `stat` shows."""
    return Version(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def check_regular(path: str, status: os.stat_result) -> None:
    """KeysFileError for a folder, a pipe or a device: opening or reading one may wait for ever, or never end."""
    if not stat.S_ISREG(status.st_mode):
        raise KeysFileError(path, "it is not a regular file")


def read_document(path: str) -> tuple[bytes, Version]:
    """The bytes of the file (one more than the allowed size at most) and its version. OSError or KeysFileError."""
    check_regular(path, os.stat(path))  # noqa: PTH116 - before opening: opening a device can have effects
    # Without waiting: the path may have become a pipe since then.
    with open(path, "rb", opener=lambda name, _flags: os.open(name, _OPEN_FLAGS)) as file:
        status = os.fstat(file.fileno())
        check_regular(path, status)
        return file.read(MAX_DOCUMENT + 1), version_of(status)


def risks(path: str) -> list[str]:
    """Why other users of this machine could replace the keys: a sentence for each way, empty when there is none."""
    found: list[str] = []
    mode = os.stat(path).st_mode  # noqa: PTH116
    if mode & stat.S_IWOTH:
        found.append(f"every user of this machine can write the file (mode {stat.S_IMODE(mode):04o})")
    for folder in sorted({os.path.dirname(path), os.path.dirname(os.path.realpath(path))}):  # noqa: PTH120
        mode = os.stat(folder).st_mode  # noqa: PTH116
        if mode & stat.S_IWOTH and not mode & stat.S_ISVTX:
            found.append(f"every user of this machine can replace files in {folder!r} (mode {stat.S_IMODE(mode):04o})")
    return found
