"""Reading all pages of a listing, one in memory at a time.

>>> from usermgr import Page
>>> two = {None: Page(["a"], "next"), "next": Page(["b"])}
>>> [item for page in pages(two.__getitem__) for item in page.items]
['a', 'b']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

__all__ = ["HasNextToken", "pages"]


class HasNextToken(Protocol):
    """A page of anything: `next_token` is `None` on the last one."""

    @property
    def next_token(self) -> str | None:
        """The token of the next page."""
        ...


P = TypeVar("P", bound=HasNextToken)


def pages(fetch: Callable[[str | None], P]) -> Iterator[P]:
    """The pages that `fetch` returns for a page's token, beginning with `None` for the first page."""
    token: str | None = None
    while True:
        page = fetch(token)
        yield page
        token = page.next_token
        if token is None:
            return
