"""Sign-in. Argon2 runs outside any transaction; each transaction then checks that nothing has changed meanwhile."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from usermgr import AuthResult, Challenge, ChallengeName, Tokens, UserStatus
from usermgr.activity import Sighting, SightingKind
from usermgr.errors import (
    InvalidCredentialsError,
    InvalidInputError,
    PasswordResetRequiredError,
    UnsupportedOperationError,
    UserNotConfirmedError,
    UserNotFoundError,
)
from usermgr.validation import check_answer, check_refreshable, check_texts
from usermgr_local import totp
from usermgr_local._activity import record
from usermgr_local._attributes import MAX_NAME, AttributeSchema, with_verification
from usermgr_local._clock import to_micros, to_seconds
from usermgr_local._codes import Codes
from usermgr_local._database import Database
from usermgr_local._mfa import must_enrol, must_give_code, write_secret
from usermgr_local._passwords import Passwords
from usermgr_local._records import UsernameRule, groups_of, read_user, write_attributes
from usermgr_local._sessions import Sessions, end_sessions
from usermgr_local._settings import LocalSettings
from usermgr_local._tokens import SignedIn, TokenIssuer

__all__ = ["SignIn"]


class SignIn:
    """`authenticate`, `answer_challenge` and `refresh`; see `UserManager`."""

    def __init__(
        self,
        database: Database,
        settings: LocalSettings,
        schema: AttributeSchema,
        *,
        rule: UsernameRule,
        passwords: Passwords,
        issuer: TokenIssuer,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._settings = settings
        self._schema = schema
        self._rule = rule
        self._passwords = passwords
        self._issuer = issuer
        self._sessions = Sessions(now)
        self._codes = Codes(now)
        self._now = now

    def authenticate(self, username: str, password: str) -> AuthResult:
        check_texts(username=username, password=password)
        user = self._find(username)
        stored = None if user is None else user["password_hash"]
        right = self._passwords.verify(stored, password)  # an unknown name costs what a wrong password costs
        if user is None or stored is None or not right:
            raise InvalidCredentialsError
        password_hash = self._passwords.hash(password) if self._passwords.is_outgrown(stored) else stored
        with self._database.write() as connection:
            now = self._row(connection, user["id"])
            if now is None or now["password_hash"] != stored:
                raise InvalidCredentialsError
            self._check_may_sign_in(now)
            if password_hash != stored:
                connection.execute("UPDATE users SET password_hash = ? WHERE id = ?", (password_hash, now["id"]))
            if now["status"] == UserStatus.FORCE_CHANGE_PASSWORD:
                result = self._sessions.open_challenge(connection, now, ChallengeName.NEW_PASSWORD_REQUIRED)
            else:
                result = self._challenge_or_tokens(connection, now)
        return self._result(result)

    def answer_challenge(self, challenge: Challenge, answer: str, attributes: Mapping[str, str]) -> AuthResult:
        check_answer(challenge, answer)
        wanted = self._schema.check(attributes, removable=False)
        if wanted and challenge.name != ChallengeName.NEW_PASSWORD_REQUIRED:
            raise InvalidInputError("attributes can only be set together with a new password", field="attributes")
        match challenge.name:
            case ChallengeName.NEW_PASSWORD_REQUIRED:
                return self._result(self._set_new_password(challenge, answer, wanted))
            case ChallengeName.SOFTWARE_TOKEN_MFA:
                return self._result(self._check_code(challenge, answer))
            case ChallengeName.MFA_SETUP:
                return self._result(self._enrol(challenge, answer))
            case other:
                raise UnsupportedOperationError(
                    f"the challenge {str(other)[:MAX_NAME]!r} cannot be answered here",
                    operation="answer_challenge",
                    field="challenge",
                )

    def refresh(self, tokens: Tokens) -> Tokens:
        check_refreshable(tokens)
        with self._database.write() as connection:
            user = self._sessions.find_refresh(connection, tokens.refresh_token)
            self._check_may_sign_in(user)
            self._record(connection, user, SightingKind.REFRESH)
            signed_in = self._signed_in(
                connection, user, user["origin_jti"], user["auth_time"], tokens.refresh_token or ""
            )
        return self._issuer.issue(signed_in)

    # --- Answers -------------------------------------------------------------------------------------

    def _set_new_password(
        self, challenge: Challenge, password: str, attributes: Mapping[str, str | None]
    ) -> Challenge | SignedIn:
        with self._database.read() as connection:
            self._sessions.find_challenge(connection, challenge)  # a forged one costs no Argon2
        self._settings.password_policy.check(password)  # a weak password does not end the challenge
        password_hash = self._passwords.hash(password)
        with self._database.write() as connection:
            user = self._sessions.take_challenge(connection, challenge)
            end_sessions(connection, user["id"])  # above all other challenges, which would overwrite this choice
            connection.execute(
                "UPDATE users SET password_hash = ?, password_expires_at = NULL, status = ?, updated_at = ? "
                "WHERE id = ?",
                (password_hash, UserStatus.CONFIRMED.value, to_micros(self._now()), user["id"]),
            )
            before = read_user(connection, user["id"]).attributes
            write_attributes(connection, user["id"], with_verification(before, attributes))
            return self._challenge_or_tokens(connection, user)

    def _check_code(self, challenge: Challenge, code: str) -> Challenge | SignedIn:
        with self._database.write() as connection:
            self._codes.check_guesses(connection, self._sessions.find_challenge(connection, challenge))
            # Taken before the code is looked at, and not given back: one password, one guess.
            user = self._sessions.take_challenge(connection, challenge)
            problem = self._codes.use(connection, user, code)
            signed_in = None if problem else self._start(connection, user)
        if signed_in is None:
            raise problem or InvalidCredentialsError()
        return signed_in

    def _enrol(self, challenge: Challenge, code: str) -> SignedIn:
        with self._database.write() as connection:
            user = self._sessions.find_challenge(connection, challenge)  # a wrong code does not end it
            problem = self._codes.use_first(connection, user, user["offered_secret"], code)
            if problem is not None:
                raise problem
            write_secret(connection, user["id"], user["offered_secret"])  # ends all sessions, this challenge too
            connection.execute("UPDATE users SET updated_at = ? WHERE id = ?", (to_micros(self._now()), user["id"]))
            return self._start(connection, user)

    # --- Steps, inside a transaction -----------------------------------------------------------------

    def _find(self, username: str) -> Any:
        with self._database.read() as connection:
            try:
                return self._rule.find(connection, username)
            except UserNotFoundError:
                return None

    @staticmethod
    def _row(connection: sqlite3.Connection, user_id: int) -> Any:
        return connection.execute("SELECT * FROM users WHERE id = ?", (user_id,)).fetchone()

    def _check_may_sign_in(self, user: Any) -> None:
        """Raises the error for a user whose state forbids signing in. Reached only after the password was verified."""
        expires_at = user["password_expires_at"]
        if not user["enabled"] or (expires_at is not None and expires_at <= to_micros(self._now())):
            raise InvalidCredentialsError
        if user["status"] == UserStatus.RESET_REQUIRED:
            raise PasswordResetRequiredError(username=user["username"])
        if user["status"] == UserStatus.UNCONFIRMED:
            raise UserNotConfirmedError(username=user["username"])

    def _challenge_or_tokens(self, connection: sqlite3.Connection, user: Any) -> Challenge | SignedIn:
        if must_give_code(self._settings.mfa, user):
            return self._sessions.open_challenge(connection, user, ChallengeName.SOFTWARE_TOKEN_MFA)
        if must_enrol(self._settings.mfa, user):
            return self._sessions.open_challenge(connection, user, ChallengeName.MFA_SETUP, totp.new_secret())
        return self._start(connection, user)

    def _start(self, connection: sqlite3.Connection, user: Any) -> SignedIn:
        origin_jti, auth_time = str(uuid.uuid4()), to_seconds(self._now())
        token = self._sessions.open_refresh(connection, user["id"], origin_jti, auth_time)
        self._record(connection, user, SightingKind.SIGN_IN)
        return self._signed_in(connection, user, origin_jti, auth_time, token)

    @staticmethod
    def _signed_in(
        connection: sqlite3.Connection, user: Any, origin_jti: str, auth_time: int, refresh_token: str
    ) -> SignedIn:
        return SignedIn(
            read_user(connection, user["id"]), groups_of(connection, user["id"]), origin_jti, auth_time, refresh_token
        )

    def _record(self, connection: sqlite3.Connection, user: Any, kind: SightingKind) -> None:
        record(connection, Sighting(user["sub"], kind, self._settings.client_id, self._now()))

    def _result(self, result: Challenge | SignedIn) -> AuthResult:
        return self._issuer.issue(result) if isinstance(result, SignedIn) else result
