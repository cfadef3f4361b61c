"""Finding users: every condition as SQL that means exactly what `usermgr.search.matches` means.

A query is built from the constant pieces below; every value from the caller is a bound parameter. It goes through users
in the order of their ids until a page is full: the few who have an exact value or are in a small group, else those whom
an index of texts names (`_index.py`), else all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from usermgr import Condition, Operator, UserMatches
from usermgr.errors import InvalidInputError
from usermgr.search import ANYWHERE, Word
from usermgr.validation import check_conditions, check_limit
from usermgr_local._attributes import AttributeSchema, is_storable
from usermgr_local._clock import to_micros
from usermgr_local._database import Database
from usermgr_local._index import INDEXES, SEPARATOR, index_of, is_complete, narrowed
from usermgr_local._paging import PageTokens
from usermgr_local._records import UsernameRule, find_group, to_user

__all__ = ["Search"]

MAX_ANSWERED = 100
"""Conditions in one query; SQLite takes an expression of a depth of 1,000 (https://www.sqlite.org/limits.html)."""

MAX_NARROWING = 8
"""Conditions that an index is asked for; the others are compared with the users whom it names."""

FEW = 1000
"""Up to how many users are read because they have a value or are in a group, rather than looked up one by one."""

_COLUMNS = {"username": "username", "sub": "sub", "status": "status"}
_FIELDS = (ANYWHERE, *_COLUMNS, "enabled", "group", "created_at", "updated_at")
"""What a condition can be on beside an attribute."""
_IN_TEXTS = (Operator.STARTS_WITH, Operator.CONTAINS, Operator.ENDS_WITH)


@dataclass(frozen=True, slots=True)
class Term:
    """A piece of a WHERE clause, and its parameters."""

    text: str
    values: Sequence[Any]
    few: bool = False
    """Whether SQLite finds those whom it is true of by an index, and they are few."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a query goes through, in the order of ids."""

    tables: str = "user_records"
    id: str = "id"
    terms: Sequence[Term] = ()


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
            has_index = is_complete(connection)
            found = dict(self._terms(connection, conditions, has_index=has_index))
            source = Source()
            if has_index and not any(term.few for term in found.values()):
                source = _indexed(connection, [conditions[index] for index in found])
            terms = [Term(f"{source.id} > ?", [after]), *source.terms, *found.values()]
            rows = connection.execute(
                f"SELECT user_records.* FROM {source.tables} WHERE {' AND '.join(term.text for term in terms)} "  # noqa: S608 - constant pieces
                f"ORDER BY {source.id} LIMIT ?",
                [*(value for term in terms for value in term.values), limit + 1],
            ).fetchall()
        return UserMatches(
            users=tuple(to_user(row) for row in rows[:limit]),
            next_token=self._pages.create(query, rows[limit - 1]["id"]) if len(rows) > limit else None,
            answered=tuple(found),
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

    def _terms(
        self, connection: sqlite3.Connection, conditions: Sequence[Condition], *, has_index: bool
    ) -> Iterator[tuple[int, Term]]:
        for index, condition in enumerate(conditions):
            if condition.field == "group":
                group = find_group(connection, condition.value)
                term = _listed(connection, "members WHERE group_id = ?", [group["id"]])
            elif not is_storable(condition.value):
                continue
            elif condition.field == ANYWHERE:
                word = Word.of(condition.value)
                if not has_index or SEPARATOR in word.text:
                    continue
                term = _mentions(word)
            elif condition.operator is Operator.SAME:
                term = _same(connection, condition, self._rule)
            else:
                term = _term(connection, condition)
            if index < MAX_ANSWERED:
                yield index, term


def _indexed(connection: sqlite3.Connection, conditions: Sequence[Condition]) -> Source:
    """The index that narrows the search, if one does."""
    for index in INDEXES:
        texts = [_texts(condition) for condition in conditions if _index(condition) == index]
        if texts:
            query = " AND ".join(f"({narrowed(connection, index, either)})" for either in texts[:MAX_NARROWING])
            return Source(
                tables=f"{index} CROSS JOIN user_records ON user_records.id = {index}.rowid",
                id=f"{index}.rowid",
                terms=[Term(f"{index} MATCH ?", [query])],
            )
    return Source()


def _index(condition: Condition) -> str | None:
    """The index that has the texts of all for whom the condition is true."""
    if condition.operator is Operator.MENTIONS:
        return INDEXES[0]
    is_text = condition.field == "username" or condition.field not in _FIELDS
    if not is_text or condition.operator not in _IN_TEXTS or not condition.value or SEPARATOR in condition.value:
        return None
    return index_of(condition.field)


def _texts(condition: Condition) -> Sequence[str]:
    """Those of which they have at least one."""
    if condition.operator is not Operator.MENTIONS:
        return [condition.value.casefold()]
    word = Word.of(condition.value)
    return [text for text in (word.text, word.number) if text]


def _mentions(word: Word) -> Term:
    """The joined texts begin with the phone number."""
    found, values = "instr(words, ?) > 0", [word.text]
    if word.number:
        found, values = f"({found} OR instr(words, ?) BETWEEN 1 AND instr(words, ?))", [*values, word.number, SEPARATOR]
    return Term(f"EXISTS (SELECT 1 FROM texts WHERE user_id = user_records.id AND {found})", values)  # noqa: S608 - constant pieces


def _listed(connection: sqlite3.Connection, listing: str, values: Sequence[Any]) -> Term:
    """The users of a list: read where it is short, and else one by one, so that a page can fill before its end."""
    if _are_few(connection, listing, values):
        return Term(f"id IN (SELECT user_id FROM {listing})", values, few=True)  # noqa: S608 - constant pieces
    return Term(f"EXISTS (SELECT 1 FROM {listing} AND user_id = user_records.id)", values)  # noqa: S608 - constant pieces


def _in_state(connection: sqlite3.Connection, column: str, value: Any) -> Term:
    """The users with that value of a column that few values share."""
    return Term(f"{column} = ?", [value], few=_are_few(connection, f"users WHERE {column} = ?", [value]))


def _are_few(connection: sqlite3.Connection, listing: str, values: Sequence[Any]) -> bool:
    (number,) = connection.execute(
        f"SELECT count(*) FROM (SELECT 1 FROM {listing} LIMIT ?)",  # noqa: S608 - constant pieces
        [*values, FEW + 1],
    ).fetchone()
    return number <= FEW


def _term(connection: sqlite3.Connection, condition: Condition) -> Term:
    match condition.field:
        case "enabled":
            return _in_state(connection, "enabled", condition.value == "true")
        case "status" if condition.operator is Operator.EQUALS:
            return _in_state(connection, "status", condition.value)
        case "created_at" | "updated_at" as column:
            symbol = "<" if condition.operator is Operator.BEFORE else ">="
            return Term(f"{column} {symbol} ?", [to_micros(condition.time())])
        case name if name in _COLUMNS:
            return Term(*_compare(_COLUMNS[name], condition), few=condition.operator is Operator.EQUALS)
        case _:
            return _attribute_term(connection, condition)


def _same(connection: sqlite3.Connection, condition: Condition, rule: UsernameRule) -> Term:
    """Compares as the store compares names."""
    value = rule.fold(condition.value)
    if condition.field == "username":
        return Term("name_key = ?", [value], few=True)
    if condition.field in _COLUMNS:  # the status, whose letters are ASCII
        column = _COLUMNS[condition.field]
        return Term(f"{column} = ?" if rule.case_sensitive else f"lower({column}) = ?", [value])
    column = "value" if rule.case_sensitive else "folded"
    return _listed(connection, f"attributes WHERE name = ? AND {column} = ?", [condition.field, value])


def _attribute_term(connection: sqlite3.Connection, condition: Condition) -> Term:
    if condition.operator is Operator.LACKS:
        text = "NOT EXISTS (SELECT 1 FROM attributes WHERE user_id = user_records.id AND name = ? AND value <> '')"
        return Term(text, [condition.field])
    if condition.operator is Operator.EQUALS:
        return _listed(connection, "attributes WHERE name = ? AND value = ?", [condition.field, condition.value])
    comparison, values = _compare("value", condition)
    text = f"EXISTS (SELECT 1 FROM attributes WHERE user_id = user_records.id AND name = ? AND {comparison})"  # noqa: S608 - constant pieces
    return Term(text, [condition.field, *values])


def _compare(column: str, condition: Condition) -> tuple[str, list[Any]]:
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
