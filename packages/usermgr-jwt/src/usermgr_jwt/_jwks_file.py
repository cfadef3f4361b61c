"""The JWKS file: keys on disk, which another process may replace at any moment."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from usermgr_jwt._files import Version, absolute, check_regular, read_document, risks, version_of
from usermgr_jwt._fork import ForkSafeLock
from usermgr_jwt._keys import parse_jwks
from usermgr_jwt.errors import KeysError, KeysFileError, KeysNotFoundError, KeysTooOldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from usermgr_jwt._keys import KeySet
    from usermgr_jwt._sources import KeysSource

__all__ = ["JwksFile"]

CHECK_EVERY = 1.0  # seconds
# A file system may count time in steps of up to 2 seconds (FAT; NFS and ext3: 1 s), and two versions that are written
# within one step can have the same size and times. So a version is read again until it is older than a step.
SETTLED_AFTER = 3.0  # seconds
# A file server's clock may be a little ahead of ours. A file from further in the future has no known age.
CLOCK_SKEW = 60.0  # seconds


class _State(NamedTuple):
    """What is known about the file. Replaced as a whole, so that a thread or a forked child never sees half of it."""

    keys: KeySet | None = None
    written_ns: int | None = None  # the modification time of the file that `keys` came from
    problem: KeysError | None = None
    seen: Version | None = None  # the version that was read last, good or broken
    document: bytes = b""  # the bytes of that version
    first_seen: float = 0.0
    settled: bool = False  # whether a change of the file from now on must change its version


class JwksFile:
    """Keys from a JWKS file, read when first needed and again when the file is replaced.

    The file is checked (one `stat`) at most once per second. When a new version is broken, or the file is gone, the
    last good keys stay in use, and `problem` holds the error. `max_age` (seconds since the file was last written, by
    its modification time) refuses keys that nobody has renewed; without it, keys never become too old. A modification
    time in the future does not show when the file was written, so `max_age` refuses it too.

    `path` is made absolute at once: a later change of the working folder does not change which file is read. It must
    be a regular file, or a link to one.

    `refresh_from` is the only way to a network: given a source, an unknown key id starts a background thread that
    pulls the file, at most once in 10 seconds. Without it, no socket is ever opened.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        max_age: float | None = None,
        refresh_from: KeysSource | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if max_age is not None and not max_age > 0:
            raise ValueError("max_age must be a positive number of seconds, or None")
        self.path = absolute(path)
        self.max_age = max_age
        self._now = now
        self._refresh = None
        if refresh_from is not None:
            from usermgr_jwt._refresh import BackgroundRefresh  # noqa: PLC0415 - only a caller who asks pays for it

            self._refresh = BackgroundRefresh(refresh_from, self.path, now)
        self._lock = ForkSafeLock()
        self._state = _State()
        self._checked_at = float("-inf")

    def __repr__(self) -> str:
        return f"JwksFile({self.path!r})"

    @property
    def problem(self) -> KeysError | None:
        """Why the newest version of the file is not in use; None when it is."""
        return self._state.problem

    def current(self) -> KeySet:
        """The keys to verify with. KeysError when there were never good ones, or they are older than `max_age`."""
        now = self._now()
        keys = self._state.keys
        # A clock that was set back must not stop the checks, hence both bounds.
        if keys is None or not 0 <= now - self._checked_at < CHECK_EVERY:
            keys = self._check(now)
        if self.max_age is not None:
            self._refuse_old(now, self.max_age)
        return keys

    def load(self) -> None:
        """Read the keys now: at the start of an application, to fail early and to make the first request fast."""
        self.current()

    def age(self) -> float | None:
        """Seconds since the keys in use were written; None before they are read, or when that time is in the future."""
        written = self._state.written_ns
        if written is None:
            return None
        age = self._now() - written / 1e9
        return None if age < -CLOCK_SKEW else max(0.0, age)

    def warnings(self) -> list[str]:
        """What an operator should change though the keys are good, as sentences; OSError when the file is gone."""
        found = risks(self.path)
        if self._state.written_ns is not None and self.age() is None:
            found.append("its modification time is in the future, so its age is unknown and max_age would refuse it")
        return found

    def unknown_key_id(self) -> None:
        """Start a background refresh, if the application asked for one and it is not too early."""
        if self._refresh is not None:
            self._refresh.request()

    def _refuse_old(self, now: float, max_age: float) -> None:
        written = self._state.written_ns
        if written is not None and not -CLOCK_SKEW <= (age := now - written / 1e9) <= max_age:
            raise KeysTooOldError(self.path, age, max_age)

    def _check(self, now: float) -> KeySet:
        # A thread need not wait for the one that is checking the file, as long as there are keys already.
        keys = self._state.keys
        lock = self._lock.current
        if not lock.acquire(blocking=keys is None) and keys is not None:
            return keys
        try:
            self._state = self._reload(self._state, now)
            self._checked_at = now
        finally:
            lock.release()
        state = self._state
        if state.keys is None:
            problem = state.problem or KeysNotFoundError(self.path)
            raise problem.again()
        return state.keys

    def _reload(self, state: _State, now: float) -> _State:
        """What is known after another look at the file."""
        try:
            status = os.stat(self.path)  # noqa: PTH116
            check_regular(self.path, status)
            if state.settled and state.seen == version_of(status):
                return state
            document, version = read_document(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return state._replace(problem=KeysNotFoundError(self.path), seen=None, settled=False)
        except OSError as error:
            problem = KeysFileError(self.path, error.strerror or type(error).__name__)
            return state._replace(problem=problem, seen=None, settled=False)
        except KeysFileError as error:
            return state._replace(problem=error.again(), seen=None, settled=False)
        if state.seen == version and state.document == document:
            # A clock that was set back proves nothing: then the wait begins again.
            waited = now - state.first_seen
            return state._replace(settled=waited >= SETTLED_AFTER, first_seen=state.first_seen if waited >= 0 else now)
        seen = state._replace(seen=version, document=document, first_seen=self._now(), settled=False)
        try:
            keys = parse_jwks(document, self.path)
        except KeysError as error:
            return seen._replace(problem=error.again())
        # The same keys, written again, stay the same object: the cache compares by identity.
        if state.keys is not None and keys.by_id == state.keys.by_id:
            keys = state.keys
        return seen._replace(keys=keys, written_ns=version.modified_ns, problem=None)
