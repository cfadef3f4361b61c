"""`LocalUserManager`: the primitives of `usermgr.UserManager` on an SQLite file."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from usermgr import (
    AuthResult,
    Challenge,
    Condition,
    Group,
    Page,
    Tokens,
    User,
    UserManager,
    UserMatches,
    UserStatus,
)
from usermgr.errors import InvalidInputError, InvalidStateError, UserExistsError
from usermgr.validation import check_texts
from usermgr_local import totp
from usermgr_local.activity import LocalActivityStore
from usermgr_local.attributes import AttributeSchema
from usermgr_local.clock import to_micros, utc_now
from usermgr_local.database import Database
from usermgr_local.files import replace, unusable
from usermgr_local.groups import Groups
from usermgr_local.paging import PageTokens
from usermgr_local.passwords import Passwords
from usermgr_local.records import Names, to_user
from usermgr_local.search import Search
from usermgr_local.sessions import end_sessions
from usermgr_local.settings import LocalSettings
from usermgr_local.sign_in import SignIn
from usermgr_local.signing import SigningKeys
from usermgr_local.tokens import TokenIssuer

__all__ = ["LocalUserManager"]


class LocalUserManager(UserManager):
    """Users of one file. Safe to share between threads, and several processes may each have one on the same file.

    Making one makes the file when it is not there, and publishes its public keys as `settings.jwks_path`.
    """

    def __init__(self, settings: LocalSettings, now: Callable[[], datetime] = utc_now) -> None:
        self._path = settings.path
        self._policy = settings.password_policy
        self._now = now
        self._database = Database(settings.path)
        with self._database.write() as connection:
            _fix_case_rule(connection, settings)
            keys = SigningKeys(connection)
            pages = PageTokens(_setting(connection, "page_key"))
        replace(settings.jwks_path, keys.jwks())
        self._names = Names(case_sensitive=settings.case_sensitive)
        self._schema = AttributeSchema(settings.custom_attributes)
        self._passwords = Passwords(settings.argon2)
        self._search = Search(self._database, pages)
        self._groups = Groups(self._database, self._names, pages, now)
        issuer = TokenIssuer(keys, settings, now)
        self._sign_in = SignIn(
            self._database, settings, names=self._names, passwords=self._passwords, issuer=issuer, now=now
        )
        self.activity = LocalActivityStore(self._database)

    def __repr__(self) -> str:
        return f"LocalUserManager({str(self._path)!r})"

    def close(self) -> None:
        """Closes the file. Using the manager again opens it again."""
        self._database.close()

    # --- Users ---------------------------------------------------------------------------------------

    def add_user(
        self,
        username: str,
        password: str | None = None,
        attributes: Mapping[str, str] | None = None,
        *,
        temporary: bool = False,
    ) -> User:
        key = self._names.key(username)
        wanted = self._schema.check(attributes or {}, removable=False)
        kept = None if password is None else self._hash(password)
        confirmed = password is not None and not temporary
        status = UserStatus.CONFIRMED if confirmed else UserStatus.FORCE_CHANGE_PASSWORD
        now = self._now()
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM users WHERE name_key = ?", (key,)).fetchone() is not None:
                raise UserExistsError(f"the user {username} exists", username=username)
            row = connection.execute(
                "INSERT INTO users (name_key, username, sub, status, created_at, updated_at, password_hash, "
                "password_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (
                    key,
                    username,
                    str(uuid.uuid4()),
                    status.value,
                    to_micros(now),
                    to_micros(now),
                    kept,
                    None if confirmed else self._temporary_until(now),
                ),
            ).fetchone()
            _write_attributes(connection, row["id"], wanted)
            return _read(connection, row["id"])

    def get_user(self, username: str) -> User:
        with self._database.read() as connection:
            return _read(connection, self._names.find(connection, username)["id"])

    def find_users(
        self,
        conditions: Sequence[Condition] = (),
        *,
        limit: int = 60,
        page_token: str | None = None,
    ) -> UserMatches:
        return self._search.find(conditions, limit, page_token)

    def update_user(self, username: str, attributes: Mapping[str, str | None]) -> None:
        wanted = self._schema.check(attributes, removable=True)
        with self._changing(username) as (connection, user):
            _write_attributes(connection, user["id"], wanted)

    def set_password(self, username: str, password: str, *, permanent: bool = True) -> None:
        kept = self._hash(password)
        status = UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD
        with self._changing(username) as (connection, user):
            if user["status"] == UserStatus.EXTERNAL_PROVIDER:
                raise InvalidStateError(
                    f"{username} signs in through an external identity provider: a password would make it a local user",
                    username=username,
                )
            connection.execute(
                "UPDATE users SET password_hash = ?, password_expires_at = ?, status = ? WHERE id = ?",
                (kept, None if permanent else self._temporary_until(self._now()), status.value, user["id"]),
            )
            connection.execute("DELETE FROM challenges WHERE user_id = ?", (user["id"],))

    def reset_password(self, username: str) -> None:
        """Cognito needs somewhere to send the code to, so a user without a verified address is refused here too.

        Raises also `InvalidStateError`, for a user who has no password of its own yet, and `InvalidInputError`.
        """
        with self._changing(username) as (connection, user):
            if user["status"] not in (UserStatus.CONFIRMED, UserStatus.RESET_REQUIRED):
                raise InvalidStateError(
                    f"{username} has no password of its own to reset: use set_password", username=username
                )
            attributes = _read(connection, user["id"]).attributes
            if "true" not in (attributes.get("email_verified"), attributes.get("phone_number_verified")):
                raise InvalidInputError(
                    f"{username} has no verified e-mail address or phone number: set email_verified to true first",
                    field="email_verified",
                )
            connection.execute(
                "UPDATE users SET status = ? WHERE id = ?", (UserStatus.RESET_REQUIRED.value, user["id"])
            )
            connection.execute("DELETE FROM challenges WHERE user_id = ?", (user["id"],))

    def enable_user(self, username: str) -> None:
        with self._changing(username) as (connection, user):
            connection.execute("UPDATE users SET enabled = 1 WHERE id = ?", (user["id"],))

    def disable_user(self, username: str) -> None:
        with self._changing(username) as (connection, user):
            connection.execute("UPDATE users SET enabled = 0 WHERE id = ?", (user["id"],))
            end_sessions(connection, user["id"])

    def sign_out_user(self, username: str) -> None:
        with self._database.write() as connection:
            end_sessions(connection, self._names.find(connection, username)["id"])

    def delete_user(self, username: str) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM users WHERE id = ?", (self._names.find(connection, username)["id"],))

    # --- Groups --------------------------------------------------------------------------------------

    def add_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        return self._groups.add(name, description, precedence)

    def get_group(self, name: str) -> Group:
        return self._groups.get(name)

    def update_group(self, name: str, *, description: str | None = None, precedence: int | None = None) -> Group:
        return self._groups.update(name, description, precedence)

    def delete_group(self, name: str) -> None:
        self._groups.delete(name)

    def list_groups(self, *, limit: int = 60, page_token: str | None = None) -> Page[Group]:
        return self._groups.list(limit, page_token)

    def add_user_to_group(self, username: str, group: str) -> None:
        self._groups.put_in(username, group)

    def remove_user_from_group(self, username: str, group: str) -> None:
        self._groups.take_out(username, group)

    def list_groups_for_user(self, username: str, *, limit: int = 60, page_token: str | None = None) -> Page[Group]:
        return self._groups.list_for_user(username, limit, page_token)

    # --- Sign-in -------------------------------------------------------------------------------------

    def authenticate(self, username: str, password: str) -> AuthResult:
        return self._sign_in.authenticate(username, password)

    def answer_challenge(self, challenge: Challenge, answer: str) -> AuthResult:
        return self._sign_in.answer_challenge(challenge, answer)

    def refresh(self, tokens: Tokens) -> Tokens:
        return self._sign_in.refresh(tokens)

    def set_totp_secret(self, username: str, secret: str | None) -> None:
        """Makes every sign-in of the user ask for a code (RFC 6238); `None` stops that. This backend's own.

        `secret` is Base32, at least 16 bytes; `usermgr_local.totp.new_secret()` makes one.
        Raises `UserNotFoundError`, `InvalidInputError`.
        """
        if secret is not None:
            check_texts(secret=secret)
        raw = None if secret is None else totp.read_secret(secret)
        with self._changing(username) as (connection, user):
            connection.execute("UPDATE users SET totp_secret = ?, totp_last_step = 0 WHERE id = ?", (raw, user["id"]))
            connection.execute("DELETE FROM challenges WHERE user_id = ?", (user["id"],))

    # --- Steps ---------------------------------------------------------------------------------------

    def _hash(self, password: str) -> str:
        check_texts(password=password)
        self._policy.check(password)
        return self._passwords.hash(password)

    def _temporary_until(self, now: datetime) -> int:
        return to_micros(now + timedelta(days=self._policy.temporary_days))

    @contextmanager
    def _changing(self, username: str) -> Generator[tuple[sqlite3.Connection, Any]]:
        """A write transaction, and the row of the user that it changes."""
        with self._database.write() as connection:
            user = self._names.find(connection, username)
            connection.execute("UPDATE users SET updated_at = ? WHERE id = ?", (to_micros(self._now()), user["id"]))
            yield connection, user


def _read(connection: sqlite3.Connection, user_id: int) -> User:
    return to_user(connection.execute("SELECT * FROM user_records WHERE id = ?", (user_id,)).fetchone())


def _write_attributes(connection: sqlite3.Connection, user_id: int, attributes: Mapping[str, str | None]) -> None:
    for name, value in attributes.items():
        if value is None:
            connection.execute("DELETE FROM attributes WHERE user_id = ? AND name = ?", (user_id, name))
        else:
            connection.execute(
                "INSERT INTO attributes (user_id, name, value) VALUES (?, ?, ?) "
                "ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value",
                (user_id, name, value),
            )


def _setting(connection: sqlite3.Connection, name: str) -> Any:
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else row["value"]


def _fix_case_rule(connection: sqlite3.Connection, settings: LocalSettings) -> None:
    """Keeps the store to the case rule that it was made with: names that are two today could be one tomorrow."""
    made_with = _setting(connection, "case_sensitive")
    if made_with is None:
        connection.execute(
            "INSERT INTO settings (name, value) VALUES ('case_sensitive', ?)", (int(settings.case_sensitive),)
        )
    elif bool(made_with) is not settings.case_sensitive:
        rule = "true" if made_with else "false"
        raise unusable(f"{settings.path} was made with USERMGR_LOCAL_CASE_SENSITIVE={rule}, which cannot be changed")
