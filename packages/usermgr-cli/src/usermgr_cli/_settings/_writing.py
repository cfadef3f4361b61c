"""Changes the file of profiles: comments and order stay, and a reader sees the old file or the new one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import tomlkit

from usermgr_cli._settings._file import Profiles, parse_profiles, read_profiles, refused

__all__ = ["change_profiles", "table"]


def change_profiles(path: Path, change: Callable[[tomlkit.TOMLDocument, Profiles], None]) -> Profiles:
    """Has `change` edit the file's document, which it may find empty, and returns what the file then holds.

    The file is readable and writable by its owner alone. Where it is a link, as from a folder of dot files, what it
    points to is written. Raises `ConfigurationError` for a file that is wrong before or after the change, and where
    it cannot be written; then nothing is changed.
    """
    target = Path(os.path.realpath(path))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(target.with_name(f"{target.name}.lock")):
            before = read_profiles(path)
            document = tomlkit.parse(target.read_bytes().decode() if target.exists() else "")
            change(document, before)
            content = tomlkit.dumps(document).encode()  # pyright: ignore[reportUnknownMemberType] - its own types are partial
            after = parse_profiles(content, path)
            _replace(target, content)
    except OSError as error:
        raise refused(f"the file of profiles {path} cannot be written: {error.strerror}") from None
    return after


def table(within: Any, *names: str) -> Any:
    """The table of that name in the document or table, made where it is not there."""
    for name in names:
        if name not in within:
            within[name] = tomlkit.table(is_super_table=name == "profiles")
        within = within[name]
    return within


def _replace(path: Path, content: bytes) -> None:
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # with mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(temporary).unlink()
        raise


@contextmanager
def _locked(path: Path) -> Generator[None]:
    """Waits for whoever changes the file now. Where the system has no such locks, it does not."""
    with path.open("ab") as file:
        with suppress(ImportError):
            import fcntl  # noqa: PLC0415 - not on every system

            fcntl.flock(file, fcntl.LOCK_EX)  # freed with the file
        yield
