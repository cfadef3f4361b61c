"""What a sign-in leaves in the store: challenges that wait for an answer, and refresh tokens.

Both are random strings that the store keeps only as hashes, so that nobody can open a session with its file. They
have 256 bits, so a plain SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from usermgr import Challenge, ChallengeName
from usermgr.errors import ExpiredCodeError, InvalidCredentialsError
from usermgr_local import totp
from usermgr_local._clock import to_micros

__all__ = ["CHALLENGE_FOR", "REFRESH_FOR", "Sessions", "end_sessions"]

CHALLENGE_FOR = timedelta(minutes=3)
"""Cognito's default `AuthSessionValidity`:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolClient.html
"""

REFRESH_FOR = timedelta(days=30)
"""Cognito's default `RefreshTokenValidity`, on the same page."""

REMEMBER_EXPIRED = timedelta(days=1)
"""For how long an answer that comes too late differs from an answer to a challenge that never existed."""


def end_sessions(connection: sqlite3.Connection, user_id: int) -> None:
    """Ends all refresh tokens and challenges of the user."""
    connection.execute("DELETE FROM refresh_tokens WHERE user_id = ?", (user_id,))
    connection.execute("DELETE FROM challenges WHERE user_id = ?", (user_id,))


class Sessions:
    """Opens, finds and ends challenges and refresh tokens, inside the caller's transaction."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def open_challenge(
        self, connection: sqlite3.Connection, user: Any, name: ChallengeName, totp_secret: str | None = None
    ) -> Challenge:
        """A challenge for the row of `users`, perhaps with a secret that the answer must show a code of."""
        session = secrets.token_urlsafe(32)
        connection.execute(
            "INSERT INTO challenges (hash, user_id, name, expires_at, totp_secret) VALUES (?, ?, ?, ?, ?)",
            (
                _hash(session),
                user["id"],
                name.value,
                to_micros(self._now() + CHALLENGE_FOR),
                None if totp_secret is None else totp.read_secret(totp_secret),
            ),
        )
        parameters = {"USER_ID_FOR_SRP": user["username"]}
        if totp_secret is not None:
            parameters["secret_code"] = totp_secret
        return Challenge(name, user["username"], session, parameters)

    def find_challenge(self, connection: sqlite3.Connection, challenge: Challenge) -> Any:
        """The row of `users` that the challenge was given to.

        Raises `InvalidCredentialsError`, and `ExpiredCodeError` for a challenge that is too old.
        """
        found = connection.execute(
            "SELECT users.*, challenges.expires_at AS challenge_expires_at, "
            "challenges.name AS challenge_name, challenges.totp_secret AS offered_secret "
            "FROM challenges JOIN users ON user_id = id WHERE hash = ?",
            (_hash(challenge.session),),
        ).fetchone()
        if found is None or (found["challenge_name"], found["username"]) != (challenge.name, challenge.username):
            raise InvalidCredentialsError
        if found["challenge_expires_at"] <= to_micros(self._now()):
            raise ExpiredCodeError
        return found

    def take_challenge(self, connection: sqlite3.Connection, challenge: Challenge) -> Any:
        """Like `find_challenge`, and ends the challenge: it can be answered once."""
        user = self.find_challenge(connection, challenge)
        connection.execute("DELETE FROM challenges WHERE hash = ?", (_hash(challenge.session),))
        return user

    def open_refresh(self, connection: sqlite3.Connection, user_id: int, origin_jti: str, auth_time: int) -> str:
        """A new refresh token; removes the expired tokens and challenges of all users at the same time."""
        now = self._now()
        connection.execute("DELETE FROM refresh_tokens WHERE expires_at <= ?", (to_micros(now),))
        connection.execute("DELETE FROM challenges WHERE expires_at <= ?", (to_micros(now - REMEMBER_EXPIRED),))
        token = secrets.token_urlsafe(32)
        connection.execute(
            "INSERT INTO refresh_tokens (hash, user_id, origin_jti, auth_time, expires_at) VALUES (?, ?, ?, ?, ?)",
            (_hash(token), user_id, origin_jti, auth_time, to_micros(now + REFRESH_FOR)),
        )
        return token

    def find_refresh(self, connection: sqlite3.Connection, token: str | None) -> Any:
        """The row of `users`, with the session's `origin_jti` and `auth_time`. Raises `InvalidCredentialsError`."""
        found = connection.execute(
            "SELECT users.*, origin_jti, auth_time FROM refresh_tokens JOIN users ON user_id = id "
            "WHERE hash = ? AND expires_at > ?",
            (_hash(token), to_micros(self._now())),
        ).fetchone()
        if found is None:
            raise InvalidCredentialsError
        return found


def _hash(secret: str | None) -> bytes:
    return hashlib.sha256((secret or "").encode("utf-8", "surrogatepass")).digest()
