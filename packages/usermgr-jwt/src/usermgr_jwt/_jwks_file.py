"""The JWKS file: keys on disk, which another process may replace at any moment."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from usermgr_jwt._keys import MAX_DOCUMENT, parse_jwks
from usermgr_jwt.errors import KeysError, KeysFileError, KeysNotFoundError, KeysTooOldError

if TYPE_CHECKING:
    from collections.abc import Callable

    from usermgr_jwt._keys import KeySet
    from usermgr_jwt._sources import KeysSource

__all__ = ["JwksFile"]

CHECK_EVERY = 1.0  # seconds


class _Version(NamedTuple):
    """What distinguishes two versions of a file without reading them."""

    inode: int
    size: int
    modified_ns: int


class JwksFile:
    """Keys from a JWKS file, read when first needed and again when the file is replaced.

    The file is checked (one `stat`) at most once per second. When a new version is broken, or the file is gone, the
    last good keys stay in use, and `problem` holds the error. `max_age` (seconds since the file was last written, by
    its modification time) refuses keys that nobody has renewed; without it, keys never become too old.

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
        self.path = os.fspath(path)
        self.max_age = max_age
        self.problem: KeysError | None = None
        self._now = now
        self._refresh = None
        if refresh_from is not None:
            from usermgr_jwt._refresh import BackgroundRefresh  # noqa: PLC0415 - only a caller who asks for it pays for it

            self._refresh = BackgroundRefresh(refresh_from, self.path, now)
        self._lock = threading.Lock()
        self._keys: KeySet | None = None
        self._loaded: _Version | None = None  # the version that `_keys` came from
        self._seen: _Version | None = None  # the version that was read last, good or broken
        self._checked_at = float("-inf")

    def __repr__(self) -> str:
        return f"JwksFile({self.path!r})"

    def current(self) -> KeySet:
        """The keys to verify with. KeysError when there were never good ones, or they are older than `max_age`."""
        now = self._now()
        keys = self._keys
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
        """Seconds since the keys in use were written; None before they are read."""
        return None if self._loaded is None else max(0.0, self._now() - self._loaded.modified_ns / 1e9)

    def unknown_key_id(self) -> None:
        """Start a background refresh, if the application asked for one and it is not too early."""
        if self._refresh is not None:
            self._refresh.request()

    def _refuse_old(self, now: float, max_age: float) -> None:
        loaded = self._loaded
        if loaded is not None and (age := now - loaded.modified_ns / 1e9) > max_age:
            raise KeysTooOldError(self.path, age, max_age)

    def _check(self, now: float) -> KeySet:
        # A thread need not wait for the one that is checking the file, as long as there are keys already.
        keys = self._keys
        if not self._lock.acquire(blocking=keys is None) and keys is not None:
            return keys
        try:
            self._reload()
            self._checked_at = now
        finally:
            self._lock.release()
        if self._keys is None:
            problem = self.problem or KeysNotFoundError(self.path)
            raise problem.again()
        return self._keys

    def _reload(self) -> None:
        try:
            if self._seen == self._version(os.stat(self.path)):  # noqa: PTH116 - a Path object costs more than stat
                return
            document, self._seen = self._read()
            keys = parse_jwks(document, self.path)
            # The same keys, written again, stay the same object: the cache compares by identity.
            if self._keys is None or keys.by_id != self._keys.by_id:
                self._keys = keys
            self._loaded = self._seen
            self.problem = None
        except (FileNotFoundError, NotADirectoryError):
            self._seen = None
            self.problem = KeysNotFoundError(self.path)
        except OSError as error:
            self._seen = None
            self.problem = KeysFileError(self.path, error.strerror or type(error).__name__)
        except KeysError as error:
            self.problem = error.again()

    def _read(self) -> tuple[bytes, _Version]:
        # The version is that of the open file: it may have been replaced between stat and open.
        with open(self.path, "rb") as file:  # noqa: PTH123 - see _reload
            version = self._version(os.fstat(file.fileno()))
            return file.read(MAX_DOCUMENT + 1), version

    @staticmethod
    def _version(stat: os.stat_result) -> _Version:
        return _Version(stat.st_ino, stat.st_size, stat.st_mtime_ns)
