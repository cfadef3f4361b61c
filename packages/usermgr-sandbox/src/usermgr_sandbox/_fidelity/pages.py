"""Page tokens: bound to their query, valid for one hour, and a place in an order rather than a number of items.

A token remembers the last item's place, so that nobody is skipped when items are deleted while somebody pages.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListGroups.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moto.cognitoidp.exceptions import InvalidParameterException

__all__ = ["TOKEN_LIVES", "PageTokens"]

TOKEN_LIVES = 3600.0
"""Seconds."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Token:
    query: tuple[str, ...]
    after: Any
    until: float


@dataclass(slots=True)
class PageTokens:
    """The tokens that were given out."""

    now: Callable[[], float]
    _given: dict[str, _Token] = field(default_factory=dict[str, _Token])

    def page(
        self, query: tuple[str, ...], items: Sequence[_T], place: Callable[[_T], Any], limit: int, token: str | None
    ) -> tuple[list[_T], str | None]:
        """At most `limit` of the items, which are in the order of `place`, and the token of the next page.

        `query` names the operation and what it was asked. Raises InvalidParameterException for a token that is
        unknown, has expired, or belongs to another query.
        """
        rest = self.rest(query, items, place, token)
        page = rest[:limit]
        return page, self.give(query, place(page[-1])) if len(rest) > limit else None

    def rest(
        self, query: tuple[str, ...], items: Sequence[_T], place: Callable[[_T], Any], token: str | None
    ) -> list[_T]:
        """The items that the pages before the token's did not show."""
        if token is None:
            return list(items)
        known = self._given.get(token)
        if known is None or known.query != query or known.until < self.now():
            raise InvalidParameterException("Invalid pagination token provided.")
        return [item for item in items if place(item) > known.after]

    def give(self, query: tuple[str, ...], after: Any) -> str:
        """A token for the items after that place."""
        token = str(uuid.uuid4())
        self._given[token] = _Token(query, after, self.now() + TOKEN_LIVES)
        return token

    def forget(self) -> None:
        """Drops all tokens."""
        self._given.clear()
