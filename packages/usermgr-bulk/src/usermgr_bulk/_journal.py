"""The journal of a run: what is begun and what has ended, durable, so that a run killed anywhere can go on.

JSON lines. The first says which run it is; then come `{"begin": [row, ...], "at": time}`, durable before the first
change of these rows is sent, and `{"row": ..., "outcome": ...}`, durable before the row is counted. A row that began
and did not end was in flight when the run was killed. No password is in it.
"""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from io import FileIO
from pathlib import Path
from typing import Any, Self

from usermgr.errors import ConflictError, InvalidInputError
from usermgr_bulk._files import lock, open_private, sync_folder
from usermgr_bulk._journal_state import JournalState, read_journal
from usermgr_bulk._lines import one_line, read_line
from usermgr_bulk._results import RowOutcome, RowResult

__all__ = ["Journal", "RunIdentity", "read_identity"]

VERSION = 1

LINE_LIMIT = 1_000_000
"""How long the first line can be, so that a file which is no journal does not fill the memory."""


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What a run is of: a journal goes on only with the same."""

    kind: str
    """What is done, such as `import`."""
    input: str
    """The SHA-256 of the input's content."""
    service: str
    store: str | None
    settings: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """How it is done; plain JSON."""

    def to_dict(self) -> dict[str, Any]:
        """The journal's first line."""
        return {
            "journal": VERSION,
            "kind": self.kind,
            "input": self.input,
            "service": self.service,
            "store": self.store,
            "settings": dict(self.settings),
        }


class Journal:
    """An open journal, which no other run can use until `close`. Its methods may be called from many threads.

    `sync` makes what was written to a descriptor durable.

    Raises:
        ConflictError: another run uses it, or it is of another kind, input, store or setting.
        InvalidInputError: it is damaged, of another version, or no journal at all.
    """

    def __init__(self, path: str | Path, identity: RunIdentity, *, sync: Callable[[int], None] = os.fsync) -> None:
        self.path = path = Path(path)
        self._sync = sync
        self._changed = threading.Condition()
        self._lines: list[bytes] = []
        self._ended: list[RowOutcome] = []
        self._taken = self._wanted = self._durable = 0
        self._closed = False
        self._failure: OSError | None = None
        self._stream = FileIO(open_private(path, os.O_RDWR | os.O_APPEND), "r+")
        try:
            lock(self._stream.fileno(), f"another run uses the journal {path} now")
            self._state = self._resume(identity)
        except BaseException:
            self._stream.close()
            raise
        # A thread of its own, because Ctrl-C is raised in the main thread, between any two instructions.
        self._writer = threading.Thread(target=self._write_on, name="usermgr-bulk-journal", daemon=True)
        self._writer.start()

    def _resume(self, identity: RunIdentity) -> JournalState:
        if not stat.S_ISREG(os.fstat(self._stream.fileno()).st_mode):  # a device may have no end, and keeps nothing
            message = f"{self.path} is a device or a pipe: name a file for the journal"
            raise InvalidInputError(message, field="journal")
        self._stream.seek(0)
        with os.fdopen(os.dup(self._stream.fileno()), "rb") as reader:
            state = read_journal(reader)
        first = one_line(identity.to_dict())
        size = os.fstat(self._stream.fileno()).st_size
        if state.header:
            _check(state.header, identity, self.path)
        elif size:
            self._stream.seek(0)
            if not first.startswith(self._stream.read(len(first))):
                raise _no_journal(self.path)
        if state.size != size:
            os.ftruncate(self._stream.fileno(), state.size)  # a line that the kill tore
        self._size = state.size
        if not state.header:
            self._write(first)
            sync_folder(self.path.parent)
        return state

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    @property
    def counts(self) -> dict[RowOutcome, int]:
        """How many rows have ended how, durably."""
        with self._changed:
            return dict(self._state.counts)

    def has_ended(self, row: int) -> bool:
        """Whether the row ended in an earlier run."""
        return row in self._state.ended

    def began(self, row: int) -> datetime | None:
        """When the row began in an earlier run that was killed before it ended; `None` where none did."""
        return self._state.begun.get(row)

    def begin(self, rows: Iterable[int]) -> None:
        """Changes for these rows will be sent; this is durable when it returns. Raises `OSError`."""
        at = datetime.now(UTC).isoformat()
        self._commit(self._add(one_line({"begin": list(rows), "at": at})))

    def end(self, row: int, line: int | None, key: str | None, result: RowResult) -> None:
        """The row has ended. It counts from the next `begin` or `flush` on. Raises `OSError`."""
        members = {
            "row": row, "line": line, "key": key, "outcome": result.outcome.value, "code": result.code,
            "message": result.message, "old_sub": result.old_sub, "new_sub": result.new_sub,
        }  # fmt: skip
        kept = {name: value for name, value in members.items() if value is not None or name == "key"}
        self._add(one_line(kept), result.outcome)

    def flush(self) -> None:
        """All that was added is durable when this returns. Raises `OSError`."""
        with self._changed:
            upto = self._taken + len(self._lines)
        self._commit(upto)

    def close(self) -> None:
        """Lets go of the file; call `flush` before, because what is not durable yet is lost."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        self._writer.join(timeout=1)

    def _add(self, line: bytes, outcome: RowOutcome | None = None) -> int:
        with self._changed:
            self._refuse()
            self._lines.append(line)
            if outcome is not None:
                self._ended.append(outcome)
            return self._taken + len(self._lines)

    def _commit(self, upto: int) -> None:
        with self._changed:
            self._wanted = max(self._wanted, upto)
            self._changed.notify_all()
            while self._durable < upto:
                self._refuse()
                self._changed.wait()

    def _write_on(self) -> None:
        """Writes what all threads have added when one of them waits for it, and syncs it once for all."""
        with self._stream:
            while True:
                with self._changed:
                    while self._wanted <= self._durable and not self._closed:
                        self._changed.wait()
                    if self._closed or self._failure is not None:
                        return
                    lines, self._lines = self._lines, []
                    ended, self._ended = self._ended, []
                    self._taken += len(lines)
                try:
                    self._write(b"".join(lines))
                except OSError as error:
                    with self._changed:
                        self._failure = error
                        self._changed.notify_all()
                    return
                with self._changed:
                    self._durable = self._taken
                    for outcome in ended:
                        self._state.counts[outcome] += 1
                    self._changed.notify_all()

    def _write(self, content: bytes) -> None:
        """Appends the content, durably. What fitted on a full disk is taken back, or ignored when it is read."""
        rest = memoryview(content)
        try:
            while rest:
                rest = rest[self._stream.write(rest) :]
            self._sync(self._stream.fileno())
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._stream.fileno(), self._size)
            raise
        self._size += len(content)

    def _refuse(self) -> None:
        if self._failure is not None:
            raise OSError(
                self._failure.errno, f"the journal cannot be written: {self._failure.strerror}", str(self.path)
            )
        if self._closed:
            raise OSError(f"the journal {self.path} is closed")


def read_identity(journal: str | Path) -> RunIdentity:
    """Which run a journal is of, without opening it for a run.

    Raises:
        InvalidInputError: it is no journal, or of another version.
        OSError: it cannot be read.
    """
    with Path(journal).open("rb") as stream:
        line = stream.readline(LINE_LIMIT)
    try:
        header = read_line(line, 1, "journal")
        if header.get("journal") == VERSION:
            names = ("kind", "input", "service", "store", "settings")
            return RunIdentity(**{name: header[name] for name in names})
    except (InvalidInputError, KeyError):
        pass
    raise _no_journal(Path(journal))


def _check(header: Mapping[str, Any], identity: RunIdentity, path: Path) -> None:
    wanted = identity.to_dict()
    if header.get("journal") != VERSION:
        raise _no_journal(path)
    for name, meaning in (
        ("kind", "another kind of work"),
        ("input", "another input, or the input has changed since"),
        ("service", "another store"),
        ("store", "another store"),
        ("settings", "the same work with other settings"),
    ):
        if header.get(name) != wanted[name]:
            raise ConflictError(f"the journal {path} is of {meaning}: name another file to start anew")


def _no_journal(path: Path) -> InvalidInputError:
    return InvalidInputError(
        f"{path} is no journal that this release can read: name another file, or go on with the release that wrote it",
        field="journal",
    )
