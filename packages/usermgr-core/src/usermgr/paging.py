"""Reading all pages of a listing, one in memory at a time.

>>> from usermgr import Page
>>> two = {None: Page(["a"], "next"), "next": Page(["b"])}
>>> [item for page in pages(two.__getitem__) for item in page.items]
['a', 'b']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

from usermgr.errors import ServiceError

__all__ = ["HasNextToken", "pages"]


class HasNextToken(Protocol):
    """A page of anything: `next_token` is `None` on the last one."""

    @property
    def next_token(self) -> Any:
        """The token of the next page."""
        ...


P = TypeVar("P", bound=HasNextToken)


def pages(fetch: Callable[[Any], P]) -> Iterator[P]:
    """The pages that `fetch` returns for a page's token, beginning with `None` for the first page.

    Raises:
        ServiceError: a token came again, so the listing has no end.
    """
    token = milestone = None
    steps, stride = 0, 1
    while True:
        page = fetch(token)
        yield page
        if page.next_token is None:
            return
        # Brent's way to notice a circle of any length: compare with one token, taken at ever greater distances.
        if page.next_token in (token, milestone):
            raise ServiceError("the listing returned a page token for the second time, so it has no end")
        token, steps = page.next_token, steps + 1
        if steps == stride:
            milestone, steps, stride = token, 0, 2 * stride
