"""Files: created for their owner alone, or replaced in one step."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from usermgr.errors import ConfigurationError

__all__ = ["claim", "replace", "unusable"]


def claim(path: Path) -> None:
    """Creates the file for its owner alone, or checks that nobody else may read an existing one.

    Raises `ConfigurationError`.
    """
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        _sync_directory(path.parent)
    except FileExistsError:
        if os.name == "posix" and path.stat().st_mode & 0o077:
            raise unusable(
                f"other users may read {path}, which holds signing keys and password hashes: run chmod 600 on it, or "
                "create a new store if somebody may have read it"
            ) from None
    except OSError as error:
        raise unusable(
            f"{path} cannot be created ({error.strerror}): its directory must exist and be writable"
        ) from error


def replace(path: Path, content: bytes) -> None:
    """Writes a file that everybody may read. Readers see the old content or the new one, never a part of it.

    A file that already has this content is left alone. Raises `ConfigurationError`.
    """
    try:
        if path.is_file() and path.read_bytes() == content:
            return
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
    except OSError as error:
        raise unusable(
            f"{path} cannot be written ({error.strerror}): its directory must exist and be writable"
        ) from error


def unusable(problem: str) -> ConfigurationError:
    """The error for a file that cannot be used as it is."""
    return ConfigurationError(f"usermgr's local store: {problem}", problems=[problem])


def _sync_directory(path: Path) -> None:
    """Makes the names in a directory survive a power cut, where the system can do that."""
    if os.name != "posix":
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
