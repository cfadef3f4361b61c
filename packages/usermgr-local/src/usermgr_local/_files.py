"""Files: created for their owner alone, or replaced in one step, and what is checked before one is used."""

from __future__ import annotations

import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from usermgr.errors import ConfigurationError

__all__ = ["claim", "publish", "unusable"]

COMPANIONS = ("-wal", "-shm", "-journal")
"""What SQLite appends to a file's name for the files beside it (https://www.sqlite.org/tempfiles.html)."""

MAX_JWKS = 1024 * 1024
"""Bytes: no JWKS of a store comes near, and a larger file is not read."""


def claim(path: Path) -> Path:
    """Creates the file for its owner alone, or checks that nobody else may read or replace an existing one.

    Returns the path without symbolic links. A link is followed only where this user or root created it.
    Raises `ConfigurationError`.
    """
    try:
        if path.is_symlink() and not _is_ours(path.lstat()):
            raise unusable(f"{path} is a symbolic link of another user: name the file itself")
        real = path.resolve()
        _check_directory(path.absolute().parent)
        _check_directory(real.parent)
        if not _create(real):
            _check_private(real, real.lstat())
        for companion in _companions(real):
            state = _state(companion)
            if state is not None:
                _check_private(companion, state)
    except _FAILURES as error:
        raise _cannot("used", path, error) from error
    return real


def publish(path: Path, jwks: bytes, *, store: Path) -> None:
    """Writes the store's JWKS file, which everybody may read. Readers see the old content or the new one, never a part.

    A file that already has this content, and that only its owner may write, is left alone. Raises
    `ConfigurationError`, above all where the path names the store, a file of SQLite's beside it, or any file that is
    not a JWKS: those are never overwritten.
    """
    try:
        target = path.resolve()
        state = _state(target)
        if any(target == own or _is_same(state, _state(own)) for own in (store, *_companions(store))):
            raise unusable(f"{path}, the path for the public keys, is a file of the store itself: choose another path")
        _check_directory(target.parent)
        if state is not None:
            if not stat.S_ISREG(state.st_mode) or not _is_jwks(target):
                raise unusable(f"{path} is not a JWKS file, and is not overwritten: choose another path, or remove it")
            if not _is_ours(state):
                raise unusable(f"{path} belongs to another user, who could replace the keys: remove it")
            if not state.st_mode & 0o022 and target.read_bytes() == jwks:
                return
        _replace(target, jwks)
    except _FAILURES as error:
        raise _cannot("written", path, error) from error


def unusable(problem: str) -> ConfigurationError:
    """The error for a file that cannot be used as it is."""
    return ConfigurationError(f"usermgr's local store: {problem}", problems=[problem])


_FAILURES = (OSError, RuntimeError, ValueError)
"""What a path can raise: `RuntimeError` for links in a circle up to Python 3.12, `ValueError` for a NUL in it."""


def _cannot(done: str, path: Path, error: Exception) -> ConfigurationError:
    reason = getattr(error, "strerror", None) or error
    return unusable(f"{path} cannot be {done} ({reason}): its directory must exist and be writable")


def _companions(path: Path) -> Iterator[Path]:
    return (path.with_name(path.name + suffix) for suffix in COMPANIONS)


def _create(path: Path) -> bool:
    """Creates the file for its owner alone; False where there is one already."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    _sync_directory(path.parent)
    return True


def _state(path: Path) -> os.stat_result | None:
    """What is at the path itself, a link not followed. SQLite may remove its files at any moment."""
    try:
        return path.lstat()
    except FileNotFoundError:
        return None


def _is_same(state: os.stat_result | None, other: os.stat_result | None) -> bool:
    """Whether both are one file: by a hard link, or in a file system that ignores case."""
    return state is not None and other is not None and os.path.samestat(state, other)


def _is_jwks(path: Path) -> bool:
    if path.stat().st_size > MAX_JWKS:
        return False
    try:
        document: Any = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        return False
    return isinstance(document, dict) and isinstance(document.get("keys"), list)  # pyright: ignore[reportUnknownMemberType] - any JSON


def _is_ours(state: os.stat_result) -> bool:
    return os.name != "posix" or state.st_uid in (os.geteuid(), 0)


def _check_private(path: Path, state: os.stat_result) -> None:
    """The file is this user's own, and nobody else may read it."""
    if not stat.S_ISREG(state.st_mode):
        raise unusable(f"{path} is not a regular file: choose another path, or remove it")
    if os.name != "posix":
        return
    if state.st_uid != os.geteuid():
        raise unusable(
            f"{path} belongs to another user, who can read its signing keys and password hashes: use a store of your "
            "own, or make the file yours with chown"
        )
    if state.st_mode & 0o077:
        raise unusable(
            f"other users may read {path}, which holds signing keys and password hashes: run chmod 600 on it, or "
            "create a new store if somebody may have read it"
        )


def _check_directory(path: Path) -> None:
    """Nobody else may replace a file in the directory.

    A directory that its group may write is accepted, because that is many systems' default for a user's own group.
    root may use anybody's, as it does in a container on a directory of the host.
    """
    if os.name != "posix":
        return
    state = path.stat()
    if state.st_mode & stat.S_IWOTH and not state.st_mode & stat.S_ISVTX:
        raise unusable(f"every user may replace files in {path}: run chmod o-w on it, or choose another directory")
    if os.geteuid() != 0 and not _is_ours(state):
        raise unusable(f"{path} belongs to another user, who may replace files in it: choose another directory")


def _replace(path: Path, content: bytes) -> None:
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).chmod(0o644)
            Path(file.name).replace(path)
        except OSError:
            Path(file.name).unlink()
            raise
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    """Makes the names in a directory survive a power cut, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
