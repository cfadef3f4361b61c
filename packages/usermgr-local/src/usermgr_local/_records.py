"""Rows as models, and users by their name."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from usermgr import Group, User, UserStatus
from usermgr.errors import GroupNotFoundError, UserNotFoundError
from usermgr_local._attributes import check_name
from usermgr_local._clock import from_micros
from usermgr_local._schema import fold

__all__ = ["UsernameRule", "find_group", "groups_of", "read_user", "to_group", "to_user", "write_attributes"]


def to_user(row: Any) -> User:
    """A row of the view `user_records`."""
    return User(
        username=row["username"],
        sub=row["sub"],
        status=UserStatus(row["status"]),
        enabled=bool(row["enabled"]),
        created_at=from_micros(row["created_at"]),
        updated_at=from_micros(row["updated_at"]),
        attributes=json.loads(row["attributes"]),
    )


def read_user(connection: sqlite3.Connection, user_id: int) -> User:
    """The user with the id of a row of `users`."""
    return to_user(connection.execute("SELECT * FROM user_records WHERE id = ?", (user_id,)).fetchone())


def to_group(row: Any) -> Group:
    """A row of the table `groups`."""
    return Group(
        name=row["name"],
        description=row["description"],
        precedence=row["precedence"],
        created_at=from_micros(row["created_at"]),
        updated_at=from_micros(row["updated_at"]),
    )


class UsernameRule:
    """Whether names in another case are the same name."""

    def __init__(self, *, case_sensitive: bool) -> None:
        self.case_sensitive = case_sensitive

    def key(self, username: str) -> str:
        """What two names share when they are the same. Raises `InvalidInputError` for what cannot be a name."""
        check_name(username=username)
        return self.fold(username)

    def fold(self, text: str) -> str:
        """What two strings share when the store takes them for the same: they are equal, or differ only in case."""
        return text if self.case_sensitive else fold(text)

    def find(self, connection: sqlite3.Connection, username: str) -> Any:
        """The row of `users`. Raises `UserNotFoundError`, `InvalidInputError`."""
        row = connection.execute("SELECT * FROM users WHERE name_key = ?", (self.key(username),)).fetchone()
        if row is None:
            raise UserNotFoundError(username=username)
        return row


def write_attributes(connection: sqlite3.Connection, user_id: int, attributes: Mapping[str, str | None]) -> None:
    """Sets attributes, and removes those whose value is `None`."""
    for name, value in attributes.items():
        if value is None:
            connection.execute("DELETE FROM attributes WHERE user_id = ? AND name = ?", (user_id, name))
        else:
            connection.execute(
                "INSERT INTO attributes (user_id, name, value, folded) VALUES (?, ?, ?, ?) "
                "ON CONFLICT (user_id, name) DO UPDATE SET value = excluded.value, folded = excluded.folded",
                (user_id, name, value, fold(value)),
            )


def find_group(connection: sqlite3.Connection, name: str) -> Any:
    """The row of `groups`. Raises `GroupNotFoundError`, `InvalidInputError`."""
    check_name(group=name)
    row = connection.execute("SELECT * FROM groups WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise GroupNotFoundError(group=name)
    return row


def groups_of(connection: sqlite3.Connection, user_id: int) -> list[str]:
    """The names of the user's groups as tokens list them: the lowest precedence first, those without one last."""
    rows = connection.execute(
        "SELECT name FROM groups JOIN members ON group_id = id WHERE user_id = ? "
        "ORDER BY precedence IS NULL, precedence, name",
        (user_id,),
    )
    return [row["name"] for row in rows]
