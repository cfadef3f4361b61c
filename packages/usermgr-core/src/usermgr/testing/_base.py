"""What the contracts share: the guard against overridden tests, declared gaps, and helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, TypeVar

import pytest

from usermgr import Page, UserManager
from usermgr.paging import pages

__all__ = ["GAPS", "PASSWORD", "WEAK_PASSWORD", "Contract", "ContractPart", "all_items", "needs"]

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

PASSWORD = "a-Long-passw0rd"  # noqa: S105 - for the users of the tests
WEAK_PASSWORD = "weak"  # noqa: S105 - for the users of the tests

GAPS = {
    "sign-in": "authenticate, answer_challenge and refresh",
    "eventual-listing": "a look-up that needs no consistent read",
}
"""What a backend may declare that it cannot do."""


def needs(capability: str) -> Callable[[F], F]:
    """Marks a test that is skipped for a backend with this gap."""
    if capability not in GAPS:
        raise ValueError(f"{capability} is not one of {', '.join(GAPS)}")

    def mark(test: F) -> F:
        test.__usermgr_needs__ = capability  # pyright: ignore[reportFunctionMemberAccess]
        return test

    return mark


class Contract:
    """Tests that a subclass runs on its own implementation, and must not replace.

    Raises:
        TypeError: a subclass replaces a test, or declares a gap that does not exist.
    """

    gaps: ClassVar[frozenset[str]] = frozenset()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        unknown = sorted(cls.gaps - GAPS.keys())
        if unknown:
            raise TypeError(f"{cls.__name__} declares gaps that the contract does not know: {', '.join(unknown)}")
        promised = {name for base in cls.__mro__ if _is_ours(base) for name in vars(base) if name.startswith("test")}
        own = {name for base in cls.__mro__ if not _is_ours(base) for name in vars(base)}
        if promised & own:
            raise TypeError(f"{cls.__name__} replaces tests of its contract: {', '.join(sorted(promised & own))}")

    @pytest.fixture(autouse=True)
    def _skip_the_tests_of_a_gap(self, request: pytest.FixtureRequest) -> None:
        capability = getattr(request.function, "__usermgr_needs__", None)
        if capability in self.gaps:
            pytest.skip(f"{type(self).__name__} declares the gap {capability}: {GAPS[capability]}")


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith("usermgr.testing.")


class ContractPart(Contract):
    """A part of the contract of a user manager: its tests take the fixture `users`, an empty manager."""

    @pytest.fixture
    def users(self) -> UserManager:
        """Overridden by each backend's own test class."""
        raise NotImplementedError("a backend's test class has a fixture `users` that returns an empty manager")


def all_items(list_page: Callable[..., Page[T]], limit: int) -> list[T]:
    """The items of all pages, none of which may hold more than `limit`."""
    seen: list[T] = []
    for page in pages(lambda token: list_page(limit=limit, page_token=token)):
        assert len(page.items) <= limit
        seen += page.items
    return seen
