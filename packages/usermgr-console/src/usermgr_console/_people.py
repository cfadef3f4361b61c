"""The people list's question: what was asked for in the address, and a page of who meets it.

A store answers what it can. Where it cannot, and for "last seen", which no store of users knows, its pages are read one
after another until enough people are found or a second has passed: then the page says how far it is.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from usermgr import Activity, ActivityStore, Condition, Operator, User, UserManager, UserMatches, where
from usermgr.errors import InvalidInputError, UsermgrError
from usermgr.search import parse

__all__ = ["SEEN", "Question", "Row", "Rows", "conditions_of", "rows_of", "stream"]

PAGE = 50
"""People on a page; a page that had to be looked for may have some more."""

SECONDS = 1.0
"""How long a page looks before it shows how far it is."""

SEEN = ("in-1", "in-7", "in-30", "not-30", "not-90", "not-180", "never")
"""When somebody was last seen: within so many days, not within so many, or never."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; each member is a parameter of the address, and empty where nothing was asked."""

    q: str = ""
    status: str = ""
    enabled: str = ""
    group: str = ""
    seen: str = ""
    lacks: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Question:
        """From the address or a form."""
        return cls(**{name: given.get(name, "").strip() for name in cls.__slots__})

    def asked(self) -> dict[str, str]:
        """What was asked, by parameter."""
        return {name: value for name in self.__slots__ if (value := getattr(self, name))}

    def without(self, name: str) -> dict[str, str]:
        """What is asked when one part is dropped."""
        return replace(self, **{name: ""}).asked()


@dataclass(frozen=True, slots=True)
class Row:
    """A person, and when they were last seen, where that is known."""

    user: User
    activity: Activity | None


@dataclass(frozen=True, slots=True)
class Rows:
    """A page of the list."""

    rows: tuple[Row, ...]
    next_token: str | None
    read: int
    """How many people were looked at, on the pages before too."""
    scans: bool
    """Whether everybody has to be looked at."""
    exact: bool = False
    """Whether a text is compared as it is, so that case and width count."""
    blind: bool = False
    """Whether the activity store could not be asked, so that nobody's last time is known."""


def conditions_of(question: Question) -> tuple[Condition, ...]:
    """What the store is asked. Raises `InvalidSearchError`, `InvalidInputError`."""
    if question.seen and question.seen not in SEEN:
        raise InvalidInputError("seen is none of the choices", field="seen")
    found = list(parse(question.q)) if question.q else []
    if question.status:
        found.append(where("status").equals(question.status))
    if question.enabled:
        found.append(where("enabled").equals(question.enabled))
    if question.group:
        found.append(where("group").equals(question.group))
    if question.lacks:
        found.append(where(question.lacks).is_missing())
    return tuple(found)


def rows_of(
    users: UserManager,
    activity: ActivityStore | None,
    question: Question,
    *,
    now: datetime,
    token: str | None = None,
    read: int = 0,
) -> Rows:
    """A page. Raises what the store raises, and `InvalidInputError` for a question that is none."""
    conditions = conditions_of(question)
    deadline = time.monotonic() + SECONDS
    rows: list[Row] = []
    scans = blind = False
    while True:
        found = users.search_page(*conditions, limit=PAGE, page_token=token)
        token = found.next_token
        read += PAGE if token else len(found.users)
        scans = scans or bool(question.seen) or (bool(conditions) and not found.answered)
        try:
            rows += [*_seen_as_asked(_with_activity(found, activity), question.seen, now)]
        except UsermgrError:
            if question.seen:
                raise
            rows += _with_activity(found, None)  # people can be helped without it
            blind = True
        if token is None or len(rows) >= PAGE or time.monotonic() > deadline:
            return Rows(tuple(rows), token, read, scans, any(map(_is_exact, conditions)), blind)


def _is_exact(condition: Condition) -> bool:
    return condition.field not in _NO_TEXTS and condition.operator in _EXACT


_NO_TEXTS = ("status", "group", "enabled", "sub", "created_at", "updated_at")
_EXACT = (Operator.EQUALS, Operator.STARTS_WITH, Operator.CONTAINS, Operator.ENDS_WITH)


def stream(users: UserManager, activity: ActivityStore | None, question: Question, *, now: datetime) -> Iterator[Row]:
    """Everybody who meets the question, one page in memory at a time.

    The first page is read at once: what the store refuses is raised here, and not in the middle of an answer.
    """
    conditions = conditions_of(question)
    first = users.search_page(*conditions)

    def rows() -> Iterator[Row]:
        found = first
        while True:
            yield from _seen_as_asked(_with_activity(found, activity), question.seen, now)
            if found.next_token is None:
                return
            found = users.search_page(*conditions, page_token=found.next_token)

    return rows()


def _with_activity(found: UserMatches, activity: ActivityStore | None) -> Iterator[Row]:
    if activity is None:
        yield from (Row(user, None) for user in found.users)
        return
    seen = activity.last_seen_many([user.sub for user in found.users])
    for user, (_, last) in zip(found.users, seen, strict=True):
        yield Row(user, last)


def _seen_as_asked(rows: Iterator[Row], seen: str, now: datetime) -> Iterator[Row]:
    kind, _, days = seen.partition("-")
    for row in rows:
        last = None if row.activity is None else row.activity.last_seen
        if kind == "in" and (last is None or last < now - timedelta(days=int(days))):
            continue
        if kind == "not" and last is not None and last >= now - timedelta(days=int(days)):
            continue
        if kind == "never" and last is not None:
            continue
        yield row
