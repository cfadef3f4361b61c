"""Finding users: every condition as SQL that means exactly what `usermgr.search.matches` means.

A query is built from the constant pieces below; every value from the caller is a bound parameter.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any

from usermgr import Condition, Operator, UserMatches
from usermgr.errors import InvalidInputError
from usermgr.search import ANYWHERE
from usermgr.validation import check_conditions, check_limit
from usermgr_local._attributes import AttributeSchema, is_storable
from usermgr_local._clock import to_micros
from usermgr_local._database import Database
from usermgr_local._paging import PageTokens
from usermgr_local._records import UsernameRule, find_group, to_user

__all__ = ["Search"]

MAX_ANSWERED = 100
"""Conditions in one query; SQLite takes an expression of a depth of 1,000 (https://www.sqlite.org/limits.html)."""

Term = tuple[str, list[Any]]
"""A piece of a WHERE clause, and its parameters."""

_COLUMNS = {"username": "username", "sub": "sub", "status": "status"}
_FIELDS = (ANYWHERE, *_COLUMNS, "enabled", "group", "created_at", "updated_at")
"""What a condition can be on beside an attribute."""


class Search:
    """`find_users` of `UserManager`; see there."""

    def __init__(self, database: Database, rule: UsernameRule, schema: AttributeSchema, pages: PageTokens) -> None:
        self._database = database
        self._rule = rule
        self._schema = schema
        self._pages = pages

    def find(self, conditions: Sequence[Condition], limit: int, page_token: str | None) -> UserMatches:
        """See `UserManager.find_users`."""
        check_limit(limit)
        self._check(conditions)
        query = json.dumps(["users", *([c.field, c.operator.value, c.value] for c in conditions)])
        after = self._pages.read(query, page_token)
        with self._database.read() as connection:
            terms = list(self._terms(connection, conditions))
            where = " AND ".join(["id > ?", *(text for _, (text, _) in terms)])
            parameters = [after, *(value for _, (_, values) in terms for value in values), limit + 1]
            rows = connection.execute(
                f"SELECT * FROM user_records WHERE {where} ORDER BY id LIMIT ?",  # noqa: S608 - constant pieces
                parameters,
            ).fetchall()
        return UserMatches(
            users=tuple(to_user(row) for row in rows[:limit]),
            next_token=self._pages.create(query, rows[limit - 1]["id"]) if len(rows) > limit else None,
            answered=tuple(index for index, _ in terms),
        )

    def _check(self, conditions: Sequence[Condition]) -> None:
        """Conditions, on what a user can have: a misspelt attribute must not look like an empty store."""
        check_conditions(conditions)
        for condition in conditions:
            if condition.field not in _FIELDS and not self._schema.knows(condition.field):
                raise InvalidInputError(
                    f"this store has no attribute {condition.field}: declare it in USERMGR_LOCAL_CUSTOM_ATTRIBUTES, or "
                    "correct the name",
                    field=condition.field,
                )

    def _terms(self, connection: sqlite3.Connection, conditions: Sequence[Condition]) -> Iterable[tuple[int, Term]]:
        for index, condition in enumerate(conditions):
            if condition.field == "group":
                group = find_group(connection, condition.value)
                term = "id IN (SELECT user_id FROM members WHERE group_id = ?)", [group["id"]]
            elif condition.field != ANYWHERE and is_storable(condition.value):
                term = _same(condition, self._rule) if condition.operator is Operator.SAME else _term(condition)
            else:
                continue
            if index < MAX_ANSWERED:
                yield index, term


def _term(condition: Condition) -> Term:
    match condition.field:
        case "enabled":
            return "enabled = ?", [condition.value == "true"]
        case "created_at" | "updated_at" as column:
            symbol = "<" if condition.operator is Operator.BEFORE else ">="
            return f"{column} {symbol} ?", [to_micros(condition.time())]
        case field if field in _COLUMNS:
            return _compare(_COLUMNS[field], condition)
        case _:
            return _attribute_term(condition)


def _same(condition: Condition, rule: UsernameRule) -> Term:
    """Compares as the store compares names."""
    value = rule.fold(condition.value)
    if condition.field == "username":
        return "name_key = ?", [value]
    if condition.field in _COLUMNS:  # the status, whose letters are ASCII
        column = _COLUMNS[condition.field]
        return f"{column} = ?" if rule.case_sensitive else f"lower({column}) = ?", [value]
    column = "value" if rule.case_sensitive else "folded"
    return f"id IN (SELECT user_id FROM attributes WHERE name = ? AND {column} = ?)", [condition.field, value]  # noqa: S608 - constant pieces


def _attribute_term(condition: Condition) -> Term:
    if condition.operator is Operator.LACKS:
        text = "NOT EXISTS (SELECT 1 FROM attributes WHERE user_id = user_records.id AND name = ? AND value <> '')"
        return text, [condition.field]
    comparison, values = _compare("value", condition)
    if condition.operator is Operator.EQUALS:
        # By the index on names and values: the users, of which there are few.
        return f"id IN (SELECT user_id FROM attributes WHERE name = ? AND {comparison})", [condition.field, *values]  # noqa: S608 - constant pieces
    # User by user, so that a page can fill before all users were examined.
    text = f"EXISTS (SELECT 1 FROM attributes WHERE user_id = user_records.id AND name = ? AND {comparison})"  # noqa: S608 - constant pieces
    return text, [condition.field, *values]


def _compare(column: str, condition: Condition) -> Term:
    value = condition.value
    match condition.operator:
        case Operator.STARTS_WITH:
            return f"substr({column}, 1, ?) = ?", [len(value), value]
        case Operator.CONTAINS:
            return f"instr({column}, ?) > 0", [value]
        case Operator.ENDS_WITH if value:
            return f"substr({column}, ?) = ?", [-len(value), value]
        case Operator.ENDS_WITH:
            return f"{column} IS NOT NULL", []
        case _:
            return f"{column} = ?", [value]
