"""Work that takes longer than a request: kept in a folder, run in a thread, and seen from every page and process.

A piece of work is a folder below `Config.folder`. Its process holds a lock while it runs, and writes down how far it
is; so a reload, another process and a restart all see the same. What a run was killed in is told, and can be gone on
with where the kind of work can: bulk work keeps a journal beside it.

To add a kind: a function that takes a `Piece` and returns its result, in `KINDS`, and a view that calls `Work.begin`.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from usermgr.errors import UsermgrError
from usermgr_bulk import BulkInterruptedError, BulkStoppedError, Progress
from usermgr_console._acting import Acting, acting
from usermgr_console._database import private_folder
from usermgr_console._faults import log_fault

if TYPE_CHECKING:
    from usermgr_console._services import Services

__all__ = ["DONE", "JOURNAL", "REPORT", "Kind", "Piece", "Running", "State", "Work"]

_log = logging.getLogger("usermgr_console")

KEPT_DAYS = 7
"""For how long a piece of work is kept after it was begun: it may hold personal data."""

TIDY_SECONDS = 3600
"""How often pieces that are too old are looked for."""

GLANCE, PATIENCE = 0.2, 20.0
"""For how many seconds the lock of a piece is tried before it counts as running: of one whose state says so, and of
another one, which begins or ends just now, or which somebody looks at.
"""

DONE = "done.json"
"""The file with the result of a kind that deletes what it was made from: kept before, so that a run which is killed in
between is not done again."""

JOURNAL, REPORT = "journal", "report.jsonl"
"""The files that bulk work keeps beside its piece: to go on from, and a line for each row, which the page offers."""

YES = "yes"
"""The file that stands for somebody's yes."""


class State(StrEnum):
    """Where a piece of work is."""

    WAITING = "waiting"
    """For somebody's yes."""
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    """Somebody stopped it; it can be gone on with."""
    LOST = "lost"
    """Its process ended while it ran; it can be gone on with."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of work, as it is in its folder now."""

    id: str
    folder: Path
    kind: str
    owner: str
    """The `Person.key` of who began it."""
    facts: Mapping[str, Any]
    """What it is about, in plain JSON, such as an action and a number of people."""
    state: State
    began: float
    progress: Mapping[str, Any]
    """`done`, `total`, and `counts` by outcome, as far as they are known."""
    result: Mapping[str, Any]
    """What the function returned, or the error it ended with: `code`, `message`, `field`."""

    def path(self, name: str) -> Path:
        """A file of this piece."""
        return self.folder / name

    def keep(self, name: str, members: Mapping[str, Any]) -> None:
        """Writes plain JSON into a file of this piece, for its next runs and for pages."""
        _write(self.path(name), members)

    def kept(self, name: str) -> dict[str, Any] | None:
        """What `keep` wrote; `None` where it wrote nothing."""
        return _load(self.path(name)) if self.path(name).exists() else None

    def agree(self) -> None:
        """Writes down that somebody said yes. Raises `FileNotFoundError` where the piece is gone."""
        self.path(YES).touch(mode=0o600)

    @property
    def agreed(self) -> bool:
        """Whether somebody said yes: without it, nothing that was only looked at is done."""
        return self.path(YES).exists()


@dataclass(frozen=True, slots=True)
class Running:
    """What a function has while it runs."""

    piece: Piece
    services: Services
    stop: threading.Event

    def tell(self, progress: Progress) -> None:
        """Writes down how far it is; for the argument `progress` of usermgr-bulk."""
        counts = {outcome.value: count for outcome, count in progress.counts.items()}
        self.note(progress.done, progress.total, counts)

    def note(self, done: int, total: int | None, counts: Mapping[str, int] | None = None) -> None:
        """Writes down how far it is."""
        _write(self.piece.path("progress.json"), {"done": done, "total": total, "counts": dict(counts or {})})


Kind = Callable[[Running], Mapping[str, Any]]
"""Does the work. A result with `waits` true asks for somebody's yes; another run then goes on."""


class Work:
    """All pieces of work of one host."""

    def __init__(self, folder: Path, services: Services, kinds: Mapping[str, Kind], now: Callable[[], float]) -> None:
        self._folder = folder
        self._services = services
        self._kinds = kinds
        self._now = now
        self._tidied = float("-inf")

    def begin(self, kind: str, owner: str, **facts: Any) -> Piece:
        """A new piece, which waits; put its files beside it, and `start` it."""
        identity = secrets.token_hex(16)
        folder = private_folder(private_folder(self._folder) / identity)
        members = {"kind": kind, "owner": owner, "began": self._now(), "facts": facts}
        _write(folder / "state.json", {"state": State.WAITING, "result": {}})
        _write(folder / "facts.json", members)  # last: from here on others see the piece
        return _piece(folder, members)

    def find(self, identity: str) -> Piece | None:
        """The piece of that id."""
        known = len(identity) == 32 and identity.isalnum() and identity.isascii()
        return _read(self._folder / identity) if known else None

    def latest(self, kind: str, owner: str | None = None) -> list[Piece]:
        """The pieces of that kind, the newest first."""
        if not self._folder.exists():
            return []
        found = [_read(folder) for folder in self._folder.iterdir() if not folder.name.startswith(".")]
        mine = [piece for piece in found if piece and piece.kind == kind and owner in (None, piece.owner)]
        return sorted(mine, key=lambda piece: (piece.began, piece.id), reverse=True)

    def start(self, piece: Piece, who: Acting) -> bool:
        """Runs it in a thread, in the name of `who`; `False` where it runs in whatever process, is done, or is gone."""
        lock = _hold(piece.folder)
        if lock is None:
            return False
        if _load(piece.path("state.json")).get("state") == State.DONE:  # by who had the lock until now
            os.close(lock)
            return False
        piece.path("stop").unlink(missing_ok=True)
        _write(piece.path("state.json"), {"state": State.RUNNING, "result": {}})
        threading.Thread(target=self._run, args=(piece, who, lock), name=f"work-{piece.kind}", daemon=True).start()
        return True

    def stop(self, piece: Piece) -> None:
        """Asks it to stop, in whatever process it runs. Raises `FileNotFoundError` where it is gone."""
        piece.path("stop").touch(mode=0o600)

    def forget(self, piece: Piece) -> bool:
        """Deletes the piece with all its files; `False` where it runs, or is gone."""
        lock = _hold(piece.folder)
        if lock is None:
            return False
        try:
            # From here on nobody sees a part of the piece, or puts a file into it. A piece whose deletion was broken
            # off is one that is too old, later.
            going = piece.folder.rename(piece.folder.with_name(f".{piece.folder.name}"))
            shutil.rmtree(going)
        finally:
            os.close(lock)
        return True

    def tidy(self) -> None:
        """Deletes the pieces that are too old, once in a while; each request calls it."""
        now = self._now()
        if now < self._tidied + TIDY_SECONDS:
            return
        self._tidied = now
        if not self._folder.exists():
            return
        for folder in self._folder.iterdir():
            with suppress(OSError, ValueError, KeyError):
                piece = _read(folder)
                if piece and piece.state is not State.RUNNING and piece.began < now - KEPT_DAYS * 86_400:
                    self.forget(piece)

    def _run(self, piece: Piece, who: Acting, lock: int) -> None:
        stop, over = threading.Event(), threading.Event()
        threading.Thread(target=_watch, args=(piece.path("stop"), stop, over), daemon=True).start()
        try:
            with acting(who):
                result = dict(self._kinds[piece.kind](Running(piece, self._services, stop)))
            state = State.WAITING if result.get("waits") else State.DONE
        except (BulkInterruptedError, KeyboardInterrupt):
            state, result = State.STOPPED, {}
        except BulkStoppedError as error:
            state, result = State.FAILED, _told(error.__cause__ or error)
        except UsermgrError as error:
            state, result = State.FAILED, _told(error)
        except Exception as error:  # noqa: BLE001 - the thread's boundary: what it raises must be seen on the page
            log_fault(_log, f"work {piece.kind}", error)
            state, result = State.FAILED, {"code": "broken", "message": type(error).__name__}
        finally:
            over.set()
        try:
            _write(piece.path("state.json"), {"state": state, "result": result})
        finally:
            os.close(lock)


def _read(folder: Path) -> Piece | None:
    """The piece as it is now, or `None` where there is none, or somebody forgets it just now."""
    facts = _load(folder / "facts.json")
    return _piece(folder, facts) if facts else None


def _piece(folder: Path, facts: Mapping[str, Any]) -> Piece:
    ended = _load(folder / "state.json")
    state = State(ended.get("state", State.LOST))
    if state is State.RUNNING and (lock := _lock(folder, fcntl.LOCK_SH)) is not None:
        # Nobody runs it. Either it ended after the look above, and has another state and a result now, or was killed.
        ended = _load(folder / "state.json")
        os.close(lock)
        state = State(ended.get("state", State.LOST))
        state = State.LOST if state is State.RUNNING else state
    return Piece(
        folder.name, folder, facts["kind"], facts["owner"], facts["facts"], state, facts["began"],
        _load(folder / "progress.json"), ended.get("result", {}),
    )  # fmt: skip


def _told(error: BaseException) -> dict[str, Any]:
    """What is written down of an error; no path of the server, which the message of a run that stopped would tell."""
    if isinstance(error, UsermgrError) and not isinstance(error, BulkStoppedError):
        message = error.message if error.http_status < 500 else ""  # the code alone, as pages tell such errors
        return {"code": error.code, "message": message, "field": getattr(error, "field", None)}
    return {"code": BulkStoppedError.code, "message": type(error).__name__}


def _watch(path: Path, stop: threading.Event, over: threading.Event) -> None:
    while not over.wait(0.3):
        if path.exists():
            stop.set()
            return


def _hold(folder: Path) -> int | None:
    """The lock of who runs the piece, which dies with its process; `None` where another one has it, or it is gone.

    Who looks at a piece has a lock for a moment, too, and who ran it has one until after its end is written: both are
    waited for.
    """
    began = time.monotonic()
    while (lock := _lock(folder, fcntl.LOCK_EX)) is None:
        state = _load(folder / "state.json").get("state")
        if state is None or time.monotonic() - began > (GLANCE if state == State.RUNNING else PATIENCE):
            return None
        time.sleep(0.01)
    return lock


def _lock(folder: Path, how: int) -> int | None:
    """The file's lock, shared or not; `None` where somebody has it, or the folder is gone."""
    path = folder / "lock"
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
        path.stat()  # it may be of a piece that was deleted before this got its lock
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _write(path: Path, members: Mapping[str, Any]) -> None:
    """Whole or not at all."""
    partial = path.with_name(f".{path.name}.{threading.get_ident()}")
    with os.fdopen(os.open(partial, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w") as stream:
        json.dump(members, stream)
    partial.replace(path)


def _load(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text())
    except FileNotFoundError:
        return {}
