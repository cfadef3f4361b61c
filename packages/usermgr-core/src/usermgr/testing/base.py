"""What the parts of the contract share."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, TypeVar

import pytest

from usermgr import Page, UserManager

__all__ = ["GAPS", "PASSWORD", "WEAK_PASSWORD", "ContractPart", "all_items", "needs"]

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

PASSWORD = "a-Long-passw0rd"  # noqa: S105 - for the users of the tests
WEAK_PASSWORD = "weak"  # noqa: S105 - for the users of the tests

GAPS = {
    "sign-in": "authenticate, answer_challenge and refresh",
    "eventual-listing": "a look-up that costs no consistent read",
}
"""What a backend may say that it cannot do."""


def needs(capability: str) -> Callable[[F], F]:
    """Marks a test that a backend with this gap does not run."""
    if capability not in GAPS:
        raise ValueError(f"{capability} is not one of {', '.join(GAPS)}")

    def mark(test: F) -> F:
        test.__usermgr_needs__ = capability  # pyright: ignore[reportFunctionMemberAccess]
        return test

    return mark


class ContractPart:
    """A part of the contract: its tests take the fixture `users`, an empty manager."""

    gaps: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    def users(self) -> UserManager:
        """Overridden by each backend's own test class."""
        raise NotImplementedError("a backend's test class has a fixture `users` that returns an empty manager")


def all_items(list_page: Callable[..., Page[T]], limit: int) -> list[T]:
    """The items of all pages, none of which may hold more than `limit`."""
    seen: list[T] = []
    token: str | None = None
    while True:
        page = list_page(limit=limit, page_token=token)
        assert len(page.items) <= limit
        seen += page.items
        token = page.next_token
        if token is None:
            return seen
