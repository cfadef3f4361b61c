"""Second factors: which a user has set up, and which of them are switched on. The store offers one, TOTP."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

from usermgr import MfaMethod, MfaMode, MfaReset, MfaSettings
from usermgr.errors import InvalidInputError, InvalidStateError, UnsupportedOperationError
from usermgr.validation import check_texts
from usermgr_local import totp
from usermgr_local._database import Database
from usermgr_local._records import UsernameRule
from usermgr_local._sessions import end_sessions
from usermgr_local._users import Users

__all__ = ["METHODS", "SecondFactors", "must_enrol", "must_give_code", "write_secret"]

METHODS = (MfaMethod.TOTP,)
"""What the store offers: it sends no codes."""


def must_give_code(mode: MfaMode, user: Any) -> bool:
    """Whether a sign-in asks the row of `users` for a code."""
    return mode is not MfaMode.OFF and _is_on(user)


def must_enrol(mode: MfaMode, user: Any) -> bool:
    """Whether a sign-in makes the row of `users` set a second factor up."""
    return mode is MfaMode.REQUIRED and not _is_on(user)


class SecondFactors:
    """`get_mfa`, `set_mfa` and `reset_mfa`; see `UserManager`."""

    def __init__(self, database: Database, rule: UsernameRule, users: Users, mode: MfaMode) -> None:
        self._database = database
        self._rule = rule
        self._users = users
        self._mode = mode

    def get(self, username: str) -> MfaSettings:
        with self._database.read() as connection:
            return _settings_of(self._rule.find(connection, username))

    def set(self, username: str, methods: Sequence[MfaMethod], preferred: MfaMethod | None) -> None:
        """Ends the user's sessions where another set of methods is switched on."""
        wanted = _check_methods(methods)
        if preferred is not None and not (isinstance(preferred, str) and preferred in wanted):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
            raise InvalidInputError("preferred must be None or one of methods", field="preferred")
        with self._users.changing(username) as (connection, user):
            name = user["username"]
            if wanted and user["totp_secret"] is None:
                raise InvalidStateError(f"{name} has not set up {MfaMethod.TOTP}: use set_totp_secret", username=name)
            if not wanted and self._mode is MfaMode.REQUIRED:
                raise InvalidStateError(
                    f"the store requires a second factor, and none would be left to {name}: use reset_mfa, so that the "
                    "next sign-in sets up another",
                    username=name,
                )
            if set(_settings_of(user).methods) != set(wanted):
                end_sessions(connection, user["id"])
            connection.execute(
                "UPDATE users SET totp_off = ?, preferred_mfa = ? WHERE id = ?",
                (
                    user["totp_secret"] is not None and not wanted,
                    None if preferred is None else str(preferred),
                    user["id"],
                ),
            )

    def reset(self, username: str) -> MfaReset:
        """Deletes the secret, and ends the user's sessions."""
        with self._users.changing(username) as (connection, user):
            write_secret(connection, user["id"], None)
            return MfaReset(_settings_of(user).methods, next_sign_in_enrols=self._mode is MfaMode.REQUIRED)

    def set_totp_secret(self, username: str, secret: str | None) -> None:
        """See `LocalUserManager.set_totp_secret`."""
        if secret is not None:
            check_texts(secret=secret)
            if self._mode is MfaMode.OFF:
                raise UnsupportedOperationError(
                    "this store asks nobody for a code: set USERMGR_LOCAL_MFA to optional or required",
                    operation="set_totp_secret",
                    capability="mfa",
                    field="secret",
                )
        raw = None if secret is None else totp.read_secret(secret)
        with self._users.changing(username) as (connection, user):
            write_secret(connection, user["id"], raw)


def write_secret(connection: sqlite3.Connection, user_id: int, secret: bytes | None) -> None:
    """Replaces the secret of the user with that id, which switches the factor on or off, and ends all sessions."""
    connection.execute(
        "UPDATE users SET totp_secret = ?, totp_off = 0, preferred_mfa = NULL WHERE id = ?", (secret, user_id)
    )
    end_sessions(connection, user_id)


def _is_on(user: Mapping[str, Any]) -> bool:
    return user["totp_secret"] is not None and not user["totp_off"]


def _settings_of(user: Mapping[str, Any]) -> MfaSettings:
    preferred = user["preferred_mfa"]
    return MfaSettings(METHODS if _is_on(user) else (), None if preferred is None else MfaMethod(preferred))


def _check_methods(methods: Any) -> Sequence[MfaMethod]:
    if isinstance(methods, str) or not isinstance(methods, Sequence):
        raise InvalidInputError("methods must be a sequence of second factors", field="methods")
    for method in methods:  # pyright: ignore[reportUnknownVariableType] - checked here
        if not isinstance(method, str) or method not in METHODS:
            raise InvalidInputError(f"each of methods must be one of {', '.join(METHODS)}", field="methods")
    return [MfaMethod(method) for method in dict.fromkeys(methods)]  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - as above
