"""One-time codes of the users: which were used, and how many were wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from usermgr.errors import (
    ExpiredCodeError,
    InvalidCodeError,
    LimitExceededError,
    MfaNotAvailableError,
    UsermgrError,
)
from usermgr_local import totp
from usermgr_local._clock import to_micros
from usermgr_local._schema import secret_hash

__all__ = ["GUESSES", "GUESSES_WITHIN", "Codes"]

GUESSES = 5
GUESSES_WITHIN = timedelta(minutes=15)
"""Cognito too begins to lock out after five wrong codes, and forgets them after 15 minutes without a try:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
"""


class Codes:
    """Checks codes inside the caller's write transaction."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def check_guesses(self, connection: sqlite3.Connection, user: Any) -> None:
        """Raises `LimitExceededError` for a user with too many wrong codes; right codes are then refused too."""
        since = to_micros(self._now() - GUESSES_WITHIN)
        query = "SELECT count(*) AS number FROM wrong_codes WHERE user_id = ? AND at > ?"
        if connection.execute(query, (user["id"], since)).fetchone()["number"] >= GUESSES:
            minutes = GUESSES_WITHIN // timedelta(minutes=1)
            raise LimitExceededError(f"there were too many wrong codes: sign in again {minutes} minutes later")

    def use(self, connection: sqlite3.Connection, user: Any, code: str) -> UsermgrError | None:
        """Uses the code up, or records the wrong guess and returns the error for it.

        The error is returned, not raised, because what is recorded must be committed.
        """
        secret = user["totp_secret"]
        if secret is None or user["totp_off"]:
            return MfaNotAvailableError()
        step = totp.step_of(secret, code, self._now())
        if step is None:
            self._record_wrong(connection, user)
            return InvalidCodeError("the code is wrong: sign in again")
        used = connection.execute(
            "SELECT last_step FROM used_codes WHERE user_id = ? AND secret_hash = ?", (user["id"], secret_hash(secret))
        ).fetchone()
        if used is not None and step <= used["last_step"]:
            return ExpiredCodeError("the code was used before: wait for the next one, and sign in again")
        self._mark_used(connection, user, secret, step)
        return None

    def use_first(self, connection: sqlite3.Connection, user: Any, secret: bytes, code: str) -> UsermgrError | None:
        """Uses up the first code of a secret that the user was just given, which leaves nothing to guess."""
        step = totp.step_of(secret, code, self._now())
        if step is None:
            return InvalidCodeError("the code is wrong: enter the one that the app shows for this secret now")
        self._mark_used(connection, user, secret, step)
        return None

    @staticmethod
    def _mark_used(connection: sqlite3.Connection, user: Any, secret: bytes, step: int) -> None:
        connection.execute(
            "INSERT INTO used_codes (user_id, secret_hash, last_step) VALUES (?, ?, ?) "
            "ON CONFLICT (user_id, secret_hash) DO UPDATE SET last_step = excluded.last_step",
            (user["id"], secret_hash(secret), step),
        )

    def _record_wrong(self, connection: sqlite3.Connection, user: Any) -> None:
        now = self._now()
        connection.execute("DELETE FROM wrong_codes WHERE at <= ?", (to_micros(now - GUESSES_WITHIN),))
        connection.execute("INSERT INTO wrong_codes (user_id, at) VALUES (?, ?)", (user["id"], to_micros(now)))
