"""The pages of a listing whose tokens grow too old to be used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from usermgr.errors import InvalidPageTokenError
from usermgr.paging import pages
from usermgr_bulk._calls import Call, Caller

__all__ = ["STARTS", "listing"]

TOKEN_LIFE = 3600.0
"""Seconds after which a page token is not used any more: Cognito's live an hour."""

STARTS = 3
"""How often a listing is begun whose page token grew too old."""


def listing(caller: Caller, operation: str, now: Callable[[], float], **arguments: Any) -> Iterator[Any]:
    """The pages. Raises `InvalidPageTokenError` where a token is too old to be used: begin anew."""
    got = now()

    def fetch(token: str | None) -> Any:
        nonlocal got
        if token is not None and now() - got > TOKEN_LIFE:
            raise InvalidPageTokenError
        page = caller.ask(Call(operation, {**arguments, "page_token": token}))
        got = now()
        return page

    return pages(fetch)
