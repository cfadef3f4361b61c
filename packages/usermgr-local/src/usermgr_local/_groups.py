"""Groups, and who is in them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from usermgr import Group, Page
from usermgr.errors import GroupExistsError, InvalidInputError
from usermgr.validation import check_limit, check_type
from usermgr_local._attributes import check_name, is_storable
from usermgr_local._clock import to_micros
from usermgr_local._database import Database
from usermgr_local._paging import PageTokens
from usermgr_local._records import UsernameRule, find_group, to_group

__all__ = ["Groups"]

MAX_DESCRIPTION = 2048
MAX_PRECEDENCE = 2**31 - 1
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateGroup.html"""


class Groups:
    """The operations of `UserManager` on groups; see there."""

    def __init__(self, database: Database, rule: UsernameRule, pages: PageTokens, now: Callable[[], datetime]) -> None:
        self._database = database
        self._rule = rule
        self._pages = pages
        self._now = now

    def add(self, name: str, description: str | None, precedence: int | None) -> Group:
        check_name(name=name)
        _check(description, precedence)
        now = to_micros(self._now())
        with self._database.write() as connection:
            if connection.execute("SELECT 1 FROM groups WHERE name = ?", (name,)).fetchone() is not None:
                raise GroupExistsError(group=name)
            connection.execute(
                "INSERT INTO groups (name, description, precedence, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
                (name, description or None, precedence, now, now),
            )
            return to_group(find_group(connection, name))

    def get(self, name: str) -> Group:
        check_name(name=name)
        with self._database.read() as connection:
            return to_group(find_group(connection, name))

    def update(self, name: str, description: str | None, precedence: int | None) -> Group:
        check_name(name=name)
        _check(description, precedence)
        with self._database.write() as connection:
            group = find_group(connection, name)
            connection.execute(
                "UPDATE groups SET description = nullif(coalesce(?, description), ''), "
                "precedence = coalesce(?, precedence), "
                "updated_at = ? WHERE id = ?",
                (description, precedence, to_micros(self._now()), group["id"]),
            )
            return to_group(find_group(connection, name))

    def delete(self, name: str) -> None:
        check_name(name=name)
        with self._database.write() as connection:
            connection.execute("DELETE FROM groups WHERE id = ?", (find_group(connection, name)["id"],))

    def list(self, limit: int, page_token: str | None) -> Page[Group]:
        check_limit(limit)
        after = self._pages.read("groups", page_token)
        with self._database.read() as connection:
            rows = connection.execute(
                "SELECT * FROM groups WHERE id > ? ORDER BY id LIMIT ?", (after, limit + 1)
            ).fetchall()
        return self._page("groups", rows, limit)

    def list_for_user(self, username: str, limit: int, page_token: str | None) -> Page[Group]:
        check_limit(limit)
        query = f"groups of {self._rule.key(username)}"
        after = self._pages.read(query, page_token)
        with self._database.read() as connection:
            user = self._rule.find(connection, username)
            rows = connection.execute(
                "SELECT groups.* FROM groups JOIN members ON group_id = id WHERE user_id = ? AND id > ? "
                "ORDER BY id LIMIT ?",
                (user["id"], after, limit + 1),
            ).fetchall()
        return self._page(query, rows, limit)

    def add_member(self, username: str, group: str) -> None:
        self._change_members(
            "INSERT INTO members (user_id, group_id) VALUES (?, ?) ON CONFLICT DO NOTHING", username, group
        )

    def remove_member(self, username: str, group: str) -> None:
        self._change_members("DELETE FROM members WHERE user_id = ? AND group_id = ?", username, group)

    def _change_members(self, statement: str, username: str, group: str) -> None:
        with self._database.write() as connection:
            user = self._rule.find(connection, username)
            connection.execute(statement, (user["id"], find_group(connection, group)["id"]))

    def _page(self, query: str, rows: list[Any], limit: int) -> Page[Group]:
        more = len(rows) > limit
        token = self._pages.create(query, rows[limit - 1]["id"]) if more else None
        return Page(tuple(to_group(row) for row in rows[:limit]), token)


def _check(description: str | None, precedence: int | None) -> None:
    if description is not None:
        check_type("description", description, str)
        if len(description) > MAX_DESCRIPTION or not is_storable(description):
            raise InvalidInputError(
                f"description must have at most {MAX_DESCRIPTION} characters, without a NUL or a lone surrogate",
                field="description",
            )
    if precedence is None:
        return
    if not isinstance(precedence, int) or isinstance(precedence, bool) or not 0 <= precedence <= MAX_PRECEDENCE:  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise InvalidInputError(f"precedence must be a whole number from 0 to {MAX_PRECEDENCE}", field="precedence")
