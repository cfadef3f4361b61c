"""Users: adding, reading, changing, deleting."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from usermgr import User, UserStatus
from usermgr.errors import InvalidInputError, InvalidStateError, UserExistsError
from usermgr.validation import check_has_own_password, check_resettable, check_texts, check_type
from usermgr_local._attributes import AttributeSchema, with_verification
from usermgr_local._clock import from_micros, to_micros
from usermgr_local._database import Database
from usermgr_local._passwords import Passwords
from usermgr_local._records import UsernameRule, read_user, write_attributes
from usermgr_local._sessions import end_sessions
from usermgr_local._settings import LocalSettings

__all__ = ["Users"]


class Users:
    """The operations of `UserManager` on one user; see there."""

    def __init__(
        self,
        database: Database,
        settings: LocalSettings,
        schema: AttributeSchema,
        *,
        rule: UsernameRule,
        passwords: Passwords,
        now: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._rule = rule
        self._schema = schema
        self._policy = settings.password_policy
        self._passwords = passwords
        self._now = now

    def add(self, username: str, password: str | None, attributes: Mapping[str, str], *, temporary: bool) -> User:
        check_type("temporary", temporary, bool)
        wanted = self._schema.check(attributes, removable=False)
        with_verification({}, wanted)  # a new user's address is as verified as the call says
        key = self._rule.key(username)
        if password is not None:
            with self._database.read() as connection:  # before the password costs an Argon2
                if connection.execute("SELECT 1 FROM users WHERE name_key = ?", (key,)).fetchone() is not None:
                    raise UserExistsError(username=username)
        password_hash = None if password is None else self._hash(password)
        confirmed = password is not None and not temporary
        moment = self._now()
        now = to_micros(moment)
        user = User(
            username=username,
            sub=str(uuid.uuid4()),
            status=UserStatus.CONFIRMED if confirmed else UserStatus.FORCE_CHANGE_PASSWORD,
            enabled=True,
            created_at=from_micros(now),
            updated_at=from_micros(now),
            attributes={name: value for name, value in wanted.items() if value is not None},
        )
        with self._database.write() as connection:
            row = connection.execute(
                "INSERT INTO users (name_key, username, sub, status, created_at, updated_at, password_hash, "
                "password_expires_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name_key) DO NOTHING RETURNING id",
                (
                    key,
                    username,
                    user.sub,
                    user.status.value,
                    now,
                    now,
                    password_hash,
                    None if confirmed else self._temporary_until(moment),
                ),
            ).fetchone()
            if row is None:
                raise UserExistsError(username=username)
            write_attributes(connection, row["id"], user.attributes)
        return user

    def get(self, username: str) -> User:
        with self._database.read() as connection:
            return read_user(connection, self._rule.find(connection, username)["id"])

    def count(self) -> int:
        """How many users there are."""
        with self._database.read() as connection:
            return connection.execute("SELECT count(*) AS number FROM users").fetchone()["number"]

    def update(self, username: str, attributes: Mapping[str, str | None]) -> None:
        wanted = self._schema.check(attributes, removable=True)
        with self.changing(username) as (connection, user):
            before = read_user(connection, user["id"]).attributes
            write_attributes(connection, user["id"], with_verification(before, wanted))

    def set_password(self, username: str, password: str, *, permanent: bool) -> None:
        check_texts(password=password)
        check_type("permanent", permanent, bool)
        check_has_own_password(self.get(username))  # before the password costs an Argon2
        password_hash = self._hash(password)
        status = UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD
        with self.changing(username) as (connection, user):
            check_has_own_password(read_user(connection, user["id"]))
            connection.execute(
                "UPDATE users SET password_hash = ?, password_expires_at = ?, status = ? WHERE id = ?",
                (password_hash, None if permanent else self._temporary_until(self._now()), status.value, user["id"]),
            )
            end_sessions(connection, user["id"])

    def reset_password(self, username: str) -> None:
        """Cognito needs somewhere to send the code to, so a user without a verified address is refused here too.

        https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html
        Also raises `InvalidInputError`, and `InvalidStateError` for a user who is disabled or has not chosen a
        password yet.
        """
        with self.changing(username) as (connection, user):
            check_resettable(read_user(connection, user["id"]))
            connection.execute(
                "UPDATE users SET status = ? WHERE id = ?", (UserStatus.RESET_REQUIRED.value, user["id"])
            )
            end_sessions(connection, user["id"])

    def enable(self, username: str) -> None:
        with self.changing(username) as (connection, user):
            connection.execute("UPDATE users SET enabled = 1 WHERE id = ?", (user["id"],))

    def disable(self, username: str) -> None:
        with self.changing(username) as (connection, user):
            connection.execute("UPDATE users SET enabled = 0 WHERE id = ?", (user["id"],))
            end_sessions(connection, user["id"])

    def sign_out(self, username: str) -> None:
        with self._database.write() as connection:
            end_sessions(connection, self._rule.find(connection, username)["id"])

    def delete(self, username: str) -> None:
        with self._database.write() as connection:
            connection.execute("DELETE FROM users WHERE id = ?", (self._rule.find(connection, username)["id"],))

    def confirm(self, username: str) -> None:
        with self.changing(username) as (connection, user):
            if user["status"] != UserStatus.UNCONFIRMED:
                raise InvalidStateError(
                    f"{user['username']} is {user['status']}, and only a user who is UNCONFIRMED can be confirmed",
                    username=user["username"],
                )
            connection.execute("UPDATE users SET status = ? WHERE id = ?", (UserStatus.CONFIRMED.value, user["id"]))

    def renew_temporary(self, username: str, password: str, address: str) -> tuple[User, str]:
        """Gives a user who has not chosen a password yet another temporary one.

        Returns the user, and the value of the attribute `address`. Raises `InvalidStateError`, and `InvalidInputError`
        where the user has no such address.
        """
        with self._database.read() as connection:
            row = self._rule.find(connection, username)
            _check_invited(read_user(connection, row["id"]), address)  # before the password costs an Argon2
        password_hash = self._hash(password)
        with self.changing(username) as (connection, row):
            user = read_user(connection, row["id"])
            _check_invited(user, address)
            connection.execute(
                "UPDATE users SET password_hash = ?, password_expires_at = ? WHERE id = ?",
                (password_hash, self._temporary_until(self._now()), row["id"]),
            )
            end_sessions(connection, row["id"])
        return user, user.attributes[address]

    @contextmanager
    def changing(self, username: str) -> Generator[tuple[sqlite3.Connection, Any]]:
        """A write transaction, and the row of the user that it changes."""
        with self._database.write() as connection:
            user = self._rule.find(connection, username)
            connection.execute("UPDATE users SET updated_at = ? WHERE id = ?", (to_micros(self._now()), user["id"]))
            yield connection, user

    # --- Steps ---------------------------------------------------------------------------------------

    def _hash(self, password: str) -> str:
        check_texts(password=password)
        self._policy.check(password)
        return self._passwords.hash(password)

    def _temporary_until(self, now: datetime) -> int:
        return to_micros(now + timedelta(days=self._policy.temporary_days))


def _check_invited(user: User, address: str) -> None:
    if user.status is not UserStatus.FORCE_CHANGE_PASSWORD:
        raise InvalidStateError(
            f"{user.username} is {user.status.value}, and only a user who has not chosen a password yet can be "
            "invited: use reset_password or set_password",
            username=user.username,
        )
    if address not in user.attributes:
        raise InvalidInputError(f"{user.username} has no {address} to send the invitation to: set it", field=address)
