"""`FileSink`: records as lines of a file, each of which holds the one before."""

from __future__ import annotations

import os
import stat
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from usermgr.audit._chain import GENESIS, MAX_LINE, Keys, Line, Link, parse_head, parse_line, seal, seal_head
from usermgr.audit._files import WAIT, chain_files, head_path, lock, next_full, path_of, unlock, wait_for_lock
from usermgr.audit._record import Record
from usermgr.audit._sink import Sink
from usermgr.errors import AuditError, ConfigurationError, InvalidInputError

__all__ = ["FileSink"]

MAX_BYTES = 64 * 1024 * 1024
"""Where a file is full, unless another size is asked for."""

MAX_TORN = 4096
"""Bytes that are kept of a line whose writing was interrupted."""


class FileSink(Sink):
    """Appends each record as a line to a file, and returns when it is on the disk.

    The file is created for its owner alone. Threads, and processes of one host, may share it. When it is full it
    becomes `<path>.000001` (then `.000002` and so on), and the chain goes on in a new file; nothing is ever deleted.
    Beside it stands `<path>.head`, the lock of the writers, which also knows the last line.

    A file whose end is not as the head remembers it is not written to: `AuditError` says so, until somebody has looked.

    Args:
        key: What seals the lines, 32 bytes or more, such as `secrets.token_bytes(32)`. Whoever has it can forge lines.
            Several: the first seals, and the others are those that sealed before.
        max_bytes: How large a file may become.

    Raises:
        InvalidInputError: the key is too short, `max_bytes` too small, or an argument of another type.
        ConfigurationError: this system has no POSIX locks.
    """

    def __init__(self, path: str | os.PathLike[str], key: bytes | list[bytes], *, max_bytes: int = MAX_BYTES) -> None:
        if os.name != "posix":
            problem = "FileSink needs the locks of a POSIX system: use LoggerSink"
            raise ConfigurationError(problem, problems=[problem])
        named = path_of(path)
        if not isinstance(max_bytes, int) or max_bytes < 4096:  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
            raise InvalidInputError("max_bytes must be a whole number, 4096 or more", field="max_bytes")
        self._path = Path(os.path.abspath(named))  # noqa: PTH100 - without following a link, which is refused later
        self._keys = Keys(key)
        self._max_bytes = max_bytes

    def __repr__(self) -> str:
        return f"FileSink({str(self._path)!r})"

    def ready(self) -> None:
        """Raises `AuditError` where the file cannot be written: its end, its owner, and the space that is left."""
        with self._locked() as head:
            self._end(head)
            space = os.statvfs(self._path.parent)
            if space.f_bavail * space.f_frsize < 2 * MAX_LINE:
                raise AuditError(f"the disk of {self._path} is full")

    def write(self, record: Record) -> None:
        """Appends the record. Raises `AuditError`, and then no part of a record is in the file.

        All of it can be, where only the head could not be written; the head is found again from the lines.
        """
        self.write_all([record])

    def write_all(self, records: Sequence[Record]) -> None:
        """Appends the records with one write, one sync and one change of the head for each file that they go into.

        Raises `AuditError`, and then no part of a record is in the file; where it became full on the way, those before
        that are in the one that was full.
        """
        members = [record.to_dict() for record in records]
        with self._locked() as head:
            self._append(head, members)

    def last(self) -> str | None:
        """The hash of the newest line, to be noted where nobody who can change the file can change it too."""
        with self._locked() as head:
            last = self._end(head)[0]
        return last.hash if last.n else None

    def _append(self, head: int, records: list[dict[str, Any]]) -> None:
        last, torn = self._end(head)
        if torn is not None:
            os.truncate(self._path, torn.start)
            text = torn.content[:MAX_TORN].decode("ascii", "backslashreplace")
            records = [{"event": "interrupted", "torn": text}, *records]
        size, content = self._size(), b""
        for members in records:
            line, link = self._sealed(members, last)
            if size + len(content) and size + len(content) + len(line) > self._max_bytes:
                self._put(head, content, last)
                self._rotate()
                size, content = 0, b""
            content, last = content + line, link
            if link.n == 1:  # a lost head is believed for the first line alone
                self._put(head, content, link)
                size, content = len(content), b""
        self._put(head, content, last)

    def _sealed(self, members: dict[str, Any], last: Link) -> tuple[bytes, Link]:
        """The next line, with its line break."""
        line, link = seal(members, last, self._keys)
        if len(line) >= MAX_LINE:
            shorter = {name: value for name, value in members.items() if name not in ("values", "before")}
            line, link = seal({**shorter, "clipped": True}, last, self._keys)
        if len(line) >= MAX_LINE:
            raise AuditError(f"the record is longer than the {MAX_LINE} bytes that a line may have")
        return line + b"\n", link

    def _put(self, head: int, content: bytes, last: Link) -> None:
        """Appends the lines, the last of which is `last`, and tells the head."""
        if not content:
            return
        descriptor, created = _open(self._path)
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        if created:
            _sync_directory(self._path.parent)
        os.pwrite(head, seal_head(last, self._keys).rstrip().ljust(255) + b"\n", 0)
        if last.n == 1:
            os.fsync(head)  # later ones may be lost with the power, and are then found again from the lines

    def _size(self) -> int:
        return self._path.lstat().st_size if os.path.lexists(self._path) else 0

    def _rotate(self) -> None:
        self._path.rename(next_full(self._path))
        _sync_directory(self._path.parent)

    def _end(self, head: int) -> tuple[Link, _Torn | None]:
        """The last whole line, and what stands after it; the head and the line agree. Raises `AuditError`."""
        content = os.pread(head, 4096, 0)
        known = parse_head(content, self._keys) if content else Link(0, GENESIS)
        if known is None:
            raise self._damaged("its head is not one that this key has sealed")
        line, torn = self._last_line()
        here = Link(0, GENESIS) if line is None else line.link
        if here == known:
            return here, torn
        # Ahead of the head, but sealed: the writer or the machine stopped before the head was on the disk.
        if line is not None and self._keys.fits(line) and (here.n > known.n if content else here.n == 1):
            return here, torn
        last = f"line {known.n}, the last that was written, is not its last"
        raise self._damaged(last if content else "its head is gone")

    def _last_line(self) -> tuple[Line | None, _Torn | None]:
        torn: _Torn | None = None
        for path in reversed(chain_files(self._path)):
            state = path.lstat()
            if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid() or state.st_mode & 0o022:
                raise AuditError(
                    f"{path} is not a file that this user alone may write: run chmod 600 on it, or move it"
                )
            content, rest = _tail(path)
            if rest.content and path != self._path:
                raise self._damaged(f"{path.name} does not end with a line")
            torn = rest if rest.content else torn
            if content is not None:
                line = parse_line(content)
                if line is None:
                    raise self._damaged(f"the end of {path.name} is not a line of a chain")
                return line, torn
        return None, torn

    def _damaged(self, what: str) -> AuditError:
        return AuditError(
            f"the audit file {self._path} was changed or damaged ({what}): look with usermgr.audit.verify, move it and "
            "the files beside it to another place, and a new chain begins"
        )

    @contextmanager
    def _locked(self) -> Generator[int]:
        """The descriptor of the head, which nobody else has meanwhile. What the system refuses is an `AuditError`."""
        try:
            descriptor = wait_for_lock(lambda: _open_locked(head_path(self._path)))
            if descriptor is None:
                raise AuditError(f"other writers hold the audit file {self._path}: no lock in {WAIT:g} seconds")
            try:
                yield descriptor
            finally:
                unlock(descriptor)
        except OSError as error:
            raise AuditError(f"the audit file {self._path} cannot be written: {error.strerror}") from error


@dataclass(frozen=True, slots=True)
class _Torn:
    """Bytes at the end of a file that are not a whole line, and where they begin."""

    start: int
    content: bytes


def _tail(path: Path) -> tuple[bytes | None, _Torn]:
    """The file's last whole line, without its line break, and what stands after it."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        window = 8192
        while True:
            start = max(0, size - window)
            file.seek(start)
            content = file.read(size - start)
            whole, _, rest = content.rpartition(b"\n")
            begin = whole.rfind(b"\n") + 1
            if start == 0 or begin or window > 2 * MAX_LINE:
                break
            window *= 4
    if start and not begin:
        return b"", _Torn(size, b"")  # longer than any line of ours
    return (whole[begin:] if len(rest) < len(content) else None), _Torn(size - len(rest), rest)


def _open(path: Path) -> tuple[int, bool]:
    """A descriptor to append with, and whether the file is new."""
    flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        return os.open(path, flags), False
    except FileNotFoundError:
        return os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600), True


def _write_all(descriptor: int, content: bytes) -> None:
    """All of it, on the disk, or nothing."""
    before = os.fstat(descriptor).st_size
    try:
        done = 0
        while done < len(content):
            done += os.write(descriptor, content[done:])
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, before)
        raise


def _open_locked(path: Path) -> int | None:
    """The locked file's descriptor; `None` while somebody else has it, or where it was replaced meanwhile."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        if lock(descriptor) and os.path.samestat(os.fstat(descriptor), path.lstat()):
            return descriptor
    except FileNotFoundError:
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
