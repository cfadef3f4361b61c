"""Renewing the JWKS file in the background, when a token names a key that the file does not have."""

from __future__ import annotations

import logging
import os
import threading
from typing import TYPE_CHECKING

from usermgr_jwt._fork import ForkSafeLock
from usermgr_jwt._sources import pull
from usermgr_jwt.errors import KeysError

if TYPE_CHECKING:
    from collections.abc import Callable

    from usermgr_jwt._sources import KeysSource

__all__ = ["BackgroundRefresh"]

REFRESH_EVERY = 10.0  # seconds

_logger = logging.getLogger("usermgr_jwt.refresh")  # a documented name


class BackgroundRefresh:
    """Pulls a JWKS file from a source in a background thread, at most once in 10 seconds.

    Anybody can invent key ids, so an unknown one is only a hint: however many come, from however many threads, there
    is one pull in 10 seconds, successful or not. Processes that share the file share the limit as far as the file
    shows it: a file that was replaced less than 10 seconds ago is not pulled again.

    A refresh that fails, for whatever reason, is logged as one warning, and the last good keys stay in use.
    """

    def __init__(self, source: KeysSource, path: str, now: Callable[[], float]) -> None:
        self._source = source
        self._path = path
        self._now = now
        self._lock = ForkSafeLock()
        self._requested_at = float("-inf")

    def request(self) -> None:
        """Start a pull, unless it is too early. Returns at once, and never raises."""
        now = self._now()
        with self._lock.current:
            if 0 <= now - self._requested_at < REFRESH_EVERY:
                return
            self._requested_at = now
        try:
            threading.Thread(target=self._pull, name="usermgr-jwt-refresh", daemon=True).start()
        except RuntimeError as error:  # the limit of threads is reached, or the interpreter is shutting down
            _warn(str(error))

    def _pull(self) -> None:
        try:
            if not self._was_just_replaced():
                pull(self._source, self._path)
        except KeysError as error:
            _warn(str(error))
        except BaseException as error:  # noqa: BLE001 - `invoke` is the application's, and may raise anything, or exit
            # Only the class: the message of another library's error may quote a credential.
            _warn(type(error).__name__)

    def _was_just_replaced(self) -> bool:
        try:
            return 0 <= self._now() - os.stat(self._path).st_mtime < REFRESH_EVERY  # noqa: PTH116
        except OSError:
            return False


def _warn(cause: str) -> None:
    _logger.warning("the JWKS file was not refreshed: %s", cause)
