"""Sign-in. Argon2 runs outside of any transaction; each transaction then checks that nothing changed meanwhile."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from usermgr import AuthResult, Challenge, ChallengeName, Tokens, UserStatus
from usermgr.activity import Sighting, SightingKind
from usermgr.errors import (
    AuthenticationError,
    ExpiredCodeError,
    InvalidCodeError,
    MfaNotAvailableError,
    PasswordResetRequiredError,
    UnsupportedOperationError,
    UserNotConfirmedError,
    UserNotFoundError,
)
from usermgr.validation import check_texts
from usermgr_local import totp
from usermgr_local.activity import record
from usermgr_local.clock import to_micros, to_seconds
from usermgr_local.database import Database
from usermgr_local.passwords import Passwords
from usermgr_local.records import Names, groups_of, to_user
from usermgr_local.sessions import Sessions, refused
from usermgr_local.settings import LocalSettings
from usermgr_local.tokens import Grant, TokenIssuer

__all__ = ["SignIn"]


class SignIn:
    """`authenticate`, `answer_challenge` and `refresh`; see `UserManager`."""

    def __init__(
        self,
        database: Database,
        settings: LocalSettings,
        *,
        names: Names,
        passwords: Passwords,
        issuer: TokenIssuer,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._settings = settings
        self._names = names
        self._passwords = passwords
        self._issuer = issuer
        self._sessions = Sessions(now)
        self._now = now

    def authenticate(self, username: str, password: str) -> AuthResult:
        check_texts(password=password)
        user = self._find(username)
        stored = None if user is None else user["password_hash"]
        right = self._passwords.verify(stored, password)  # an unknown name costs what a wrong password costs
        if user is None or stored is None or not right:
            raise refused()
        kept = self._passwords.hash(password) if self._passwords.is_outgrown(stored) else stored
        with self._database.write() as connection:
            now = self._row(connection, user["id"])
            if now is None or now["password_hash"] != stored:
                raise refused()
            self._check_may_sign_in(now)
            if kept != stored:
                connection.execute("UPDATE users SET password_hash = ? WHERE id = ?", (kept, now["id"]))
            if now["status"] == UserStatus.FORCE_CHANGE_PASSWORD:
                result = self._sessions.open_challenge(connection, now, ChallengeName.NEW_PASSWORD_REQUIRED)
            else:
                result = self._challenge_or_grant(connection, now)
        return self._result(result)

    def answer_challenge(self, challenge: Challenge, answer: str) -> AuthResult:
        check_texts(answer=answer)
        match challenge.name:
            case ChallengeName.NEW_PASSWORD_REQUIRED:
                return self._result(self._set_new_password(challenge, answer))
            case ChallengeName.SOFTWARE_TOKEN_MFA:
                return self._result(self._check_code(challenge, answer))
            case other:
                raise UnsupportedOperationError(
                    f"the challenge {other.value} cannot be answered here", operation="answer_challenge"
                )

    def refresh(self, tokens: Tokens) -> Tokens:
        with self._database.write() as connection:
            user = self._sessions.find_refresh(connection, tokens.refresh_token)
            self._check_may_sign_in(user)
            self._record(connection, user, SightingKind.REFRESH)
            grant = self._grant(connection, user, user["origin_jti"], user["auth_time"], tokens.refresh_token or "")
        return self._issuer.issue(grant)

    # --- Answers -------------------------------------------------------------------------------------

    def _set_new_password(self, challenge: Challenge, password: str) -> Challenge | Grant:
        with self._database.read() as connection:
            self._sessions.find_challenge(connection, challenge)  # a forged one costs no Argon2
        self._settings.password_policy.check(password)  # a weak password does not end the challenge
        kept = self._passwords.hash(password)
        with self._database.write() as connection:
            user = self._sessions.take_challenge(connection, challenge)
            connection.execute(
                "UPDATE users SET password_hash = ?, password_expires_at = NULL, status = ?, updated_at = ? "
                "WHERE id = ?",
                (kept, UserStatus.CONFIRMED.value, to_micros(self._now()), user["id"]),
            )
            return self._challenge_or_grant(connection, user)

    def _check_code(self, challenge: Challenge, code: str) -> Challenge | Grant:
        with self._database.write() as connection:
            # Taken before the code is looked at, and not given back: one password, one guess.
            user = self._sessions.take_challenge(connection, challenge)
            problem = self._code_problem(connection, user, code)
            grant = None if problem else self._start(connection, user)
        if grant is None:
            raise problem or refused()
        return grant

    def _code_problem(self, connection: sqlite3.Connection, user: Any, code: str) -> AuthenticationError | None:
        if user["totp_secret"] is None:
            return MfaNotAvailableError("the user has no authenticator app any more: sign in again")
        step = totp.step_of(user["totp_secret"], code, self._now())
        if step is None:
            return InvalidCodeError("the code is wrong: sign in again")
        if step <= user["totp_last_step"]:
            return ExpiredCodeError("the code was used before: wait for the next one, and sign in again")
        connection.execute("UPDATE users SET totp_last_step = ? WHERE id = ?", (step, user["id"]))
        return None

    # --- Steps, inside a transaction -----------------------------------------------------------------

    def _find(self, username: str) -> Any:
        with self._database.read() as connection:
            try:
                return self._names.find(connection, username)
            except UserNotFoundError:
                return None

    @staticmethod
    def _row(connection: sqlite3.Connection, user_id: int) -> Any:
        return connection.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()

    def _check_may_sign_in(self, user: Any) -> None:
        """Raises what the user's state has against a sign-in. Only who knows the password gets this far."""
        expires_at = user["password_expires_at"]
        if not user["enabled"] or (expires_at is not None and expires_at <= to_micros(self._now())):
            raise refused()
        if user["status"] == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequiredError(
                "the password was reset: the user must get another first", username=user["username"]
            )
        if user["status"] == UserStatus.UNCONFIRMED:
            raise UserNotConfirmedError("the user has not confirmed the account", username=user["username"])

    def _challenge_or_grant(self, connection: sqlite3.Connection, user: Any) -> Challenge | Grant:
        if user["totp_secret"] is not None:
            return self._sessions.open_challenge(connection, user, ChallengeName.SOFTWARE_TOKEN_MFA)
        return self._start(connection, user)

    def _start(self, connection: sqlite3.Connection, user: Any) -> Grant:
        origin_jti, auth_time = str(uuid.uuid4()), to_seconds(self._now())
        token = self._sessions.open_refresh(connection, user["id"], origin_jti, auth_time)
        self._record(connection, user, SightingKind.SIGN_IN)
        return self._grant(connection, user, origin_jti, auth_time, token)

    @staticmethod
    def _grant(connection: sqlite3.Connection, user: Any, origin_jti: str, auth_time: int, refresh_token: str) -> Grant:
        record = connection.execute("SELECT * FROM user_records WHERE id = ?", (user["id"],)).fetchone()
        return Grant(to_user(record), groups_of(connection, user["id"]), origin_jti, auth_time, refresh_token)

    def _record(self, connection: sqlite3.Connection, user: Any, kind: SightingKind) -> None:
        record(connection, Sighting(user["sub"], kind, self._settings.client_id, self._now()))

    def _result(self, result: Challenge | Grant) -> AuthResult:
        return self._issuer.issue(result) if isinstance(result, Grant) else result
