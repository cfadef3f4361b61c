"""Reading all pages of a listing."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr import Page
from usermgr.errors import ServiceError
from usermgr.paging import pages


def listing(
    tokens: list[str], *, back_to: int | None = None, limit: int = 100_000
) -> Callable[[str | None], Page[int]]:
    """A listing of `len(tokens) + 1` pages; with `back_to`, the last page continues with that token instead."""
    asked: list[str | None] = []

    def fetch(token: str | None) -> Page[int]:
        asked.append(token)
        assert len(asked) < limit, "this does not end"
        here = 0 if token is None else tokens.index(token) + 1
        after = tokens[here] if here < len(tokens) else None if back_to is None else tokens[back_to]
        return Page([here], after)

    return fetch


def test_pages_in_their_order() -> None:
    """Each page comes once, in the listing's order, the first by no token."""
    assert [page.items for page in pages(listing(["b", "c"]))] == [[0], [1], [2]]


def test_one_page() -> None:
    """A listing without a token is one page."""
    assert [page.items for page in pages(listing([]))] == [[0]]


def test_empty_page_is_not_the_end() -> None:
    """A page without items goes on as long as it has a token."""
    answers: dict[str | None, Page[int]] = {None: Page([], "next"), "next": Page([1])}

    assert [page.items for page in pages(answers.__getitem__)] == [[], [1]]


def test_empty_token_is_a_token() -> None:
    """Only None ends a listing."""
    answers: dict[str | None, Page[int]] = {None: Page([], ""), "": Page([1])}

    assert [page.items for page in pages(answers.__getitem__)] == [[], [1]]


def test_fetches_when_needed() -> None:
    """A page is not asked for before it is needed."""
    asked: list[str | None] = []

    def fetch(token: str | None) -> Page[int]:
        asked.append(token)
        return Page([1], f"{len(asked)}")

    assert len(list(islice(pages(fetch), 2))) == 2
    assert asked == [None, "1"]


def test_same_token_again() -> None:
    """A page that names its own token as the next one ends in an error, after that page."""
    found = pages(listing(["a"], back_to=0))

    assert [next(found).items, next(found).items] == [[0], [1]]
    with pytest.raises(ServiceError, match="second time"):
        next(found)


@pytest.mark.parametrize("count", [1, 2, 6, 50])
def test_token_that_stays_is_noticed_at_once(count: int) -> None:
    """However late a listing begins to stand still, no page comes twice."""
    found = pages(listing([f"t{n}" for n in range(count)], back_to=count - 1))

    assert len(list(islice(found, count + 1))) == count + 1
    with pytest.raises(ServiceError):
        next(found)


@given(st.integers(0, 40), st.integers(1, 40))
def test_circle_of_any_length(before: int, length: int) -> None:
    """Tokens that go round in a circle end in an error, soon, wherever the circle begins and however long it is."""
    tokens = [f"t{n}" for n in range(before + length)]

    with pytest.raises(ServiceError):
        list(pages(listing(tokens, back_to=before, limit=4 * (before + length) + 4)))


@given(st.integers(0, 300))
def test_long_listings_end(length: int) -> None:
    """A listing whose tokens differ is never mistaken for a circle."""
    found = list(pages(listing([f"t{n}" for n in range(length)])))

    assert [page.items[0] for page in found] == list(range(length + 1))
