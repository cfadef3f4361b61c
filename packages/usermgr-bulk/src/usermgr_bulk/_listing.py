"""The pages of a listing whose tokens grow too old to be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from usermgr.errors import InvalidPageTokenError
from usermgr.paging import pages
from usermgr_bulk._calls import Call, Caller

__all__ = ["STARTS", "is_too_old", "listing"]

TOKEN_LIFE = 3600.0
"""Seconds after which a page token is not used any more: Cognito's live an hour."""

STARTS = 3
"""How often a listing is begun whose page token grew too old."""


def is_too_old(got: float, now: float) -> bool:
    """Whether a page token that came at `got` is not used any more; by a clock that was set back, it never came."""
    return abs(now - got) > TOKEN_LIFE


def listing(
    caller: Caller,
    operation: str,
    now: Callable[[], float],
    *,
    start: str | None = None,
    got: float = 0.0,
    **arguments: Any,
) -> Iterator[Any]:
    """The pages, or those from the token `start` on, which came at `got`.

    Raises `InvalidPageTokenError` where a token is too old to be used: begin anew.
    """

    def fetch(token: str | None) -> Any:
        nonlocal got
        token = start if token is None else token
        if token is not None and is_too_old(got, now()):
            raise InvalidPageTokenError
        page = caller.ask(Call(operation, {**arguments, "page_token": token}))
        got = now()
        return page

    return pages(fetch)
