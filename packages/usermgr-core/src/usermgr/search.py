"""Conditions on users, the language that people write them in, and the part of a search that a store leaves to usermgr.

>>> where("email").starts_with("ada")
Condition(field='email', operator=<Operator.STARTS_WITH: 'starts_with'>, value='ada')
>>> parse("email^=ada") == (where("email").starts_with("ada"),)
True
>>> parse("lovelace") == (where("*").mentions("lovelace"),)
True
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from usermgr._conditions import ANYWHERE, Condition, Operator, where
from usermgr._models import User
from usermgr._query import parse, unparse
from usermgr._words import WORD_FIELDS, Word, fold, mentions
from usermgr.errors import InvalidInputError
from usermgr.validation import PAGE_LIMIT

__all__ = [
    "ANYWHERE",
    "WORD_FIELDS",
    "Condition",
    "Operator",
    "SearchPlan",
    "Word",
    "fold",
    "matches",
    "parse",
    "unparse",
    "where",
]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """Which conditions the store answers, and which usermgr applies to what the store returned."""

    by_service: tuple[Condition, ...]
    by_client: tuple[Condition, ...]
    pages: int | None = None
    """About how many pages the search reads at most, where the store answers no condition, so that every user is read,
    and tells how many users it has; else `None`."""


def plan(conditions: Sequence[Condition], answered: Collection[int], users: int | None = None) -> SearchPlan:
    """Splits the conditions into those that were answered and the others; `users` is how many there are."""
    by_service = tuple(c for i, c in enumerate(conditions) if i in answered)
    return SearchPlan(
        by_service=by_service,
        by_client=tuple(c for i, c in enumerate(conditions) if i not in answered),
        pages=None if by_service or users is None else max(1, ceil(users / PAGE_LIMIT)),
    )


def matches(user: User, condition: Condition) -> bool:
    """Whether the user meets the condition. Only the store can answer a condition on `group`.

    Raises:
        InvalidInputError: the condition is on `group`.
    """
    name, operator, value = condition.field, condition.operator, condition.value
    match name:
        case "*":
            return mentions(user, value)
        case "group":
            raise InvalidInputError(
                "a User does not hold its groups: only the store can answer this condition", field="group"
            )
        case "created_at" | "updated_at":
            moment = user.created_at if name == "created_at" else user.updated_at
            return moment < condition.time() if operator is Operator.BEFORE else moment >= condition.time()
        case "enabled":
            return user.enabled is (value == "true")
        case "username" | "sub":
            text = user.username if name == "username" else user.sub
        case "status":
            text = user.status.value
        case _:
            text = user.attributes.get(name)
    if operator is Operator.LACKS:
        return not text
    return text is not None and _COMPARISONS[operator](text, value)


_COMPARISONS: Mapping[Operator, Callable[[str, str], bool]] = {
    Operator.EQUALS: str.__eq__,
    Operator.SAME: lambda text, value: text.lower() == value.lower(),
    Operator.STARTS_WITH: str.startswith,
    Operator.CONTAINS: str.__contains__,
    Operator.ENDS_WITH: str.endswith,
}
"""How a text is compared with a condition's value."""
