"""What the contracts share: the guard against overridden tests, the tests of a capability, and helpers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from usermgr import Capability, Page, UserManager
from usermgr.paging import pages

__all__ = ["PASSWORD", "WEAK_PASSWORD", "Contract", "ContractPart", "all_items", "needs"]

F = TypeVar("F", bound=Callable[..., object])
T = TypeVar("T")

PASSWORD = "a-Long-passw0rd"  # noqa: S105 - for the users of the tests
WEAK_PASSWORD = "weak"  # noqa: S105 - for the users of the tests


def needs(*capabilities: Capability) -> Callable[[F], F]:
    """Marks a test that is skipped for a store whose description lacks one of these capabilities."""
    unknown = sorted(set(capabilities) - set(Capability))
    if unknown:
        raise ValueError(f"{unknown[0]} is not one of {', '.join(Capability)}")

    def mark(test: F) -> F:
        test.__usermgr_needs__ = capabilities  # pyright: ignore[reportFunctionMemberAccess]
        return test

    return mark


class Contract:
    """Tests that a subclass runs on its own implementation, and must not replace.

    Raises:
        TypeError: a subclass replaces a test, or declares gaps, which `describe()` tells now.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if hasattr(cls, "gaps"):
            raise TypeError(
                f"{cls.__name__} declares gaps: say what the store can do in describe().capabilities instead"
            )
        promised = {name for base in cls.__mro__ if _is_ours(base) for name in vars(base) if name.startswith("test")}
        own = {name for base in cls.__mro__ if not _is_ours(base) for name in vars(base)}
        if promised & own:
            raise TypeError(f"{cls.__name__} replaces tests of its contract: {', '.join(sorted(promised & own))}")


def _is_ours(cls: type) -> bool:
    return cls.__module__.startswith("usermgr.testing.")


class ContractPart(Contract):
    """A part of the contract of a user manager: its tests take the fixture `users`, an empty manager."""

    @pytest.fixture
    def users(self) -> UserManager:
        """Overridden by each backend's own test class."""
        raise NotImplementedError("a backend's test class has a fixture `users` that returns an empty manager")

    @pytest.fixture(autouse=True)
    def _skip_what_the_store_lacks(self, request: pytest.FixtureRequest) -> None:
        needed: tuple[Capability, ...] = getattr(request.function, "__usermgr_needs__", ())
        if needed:
            users: UserManager = request.getfixturevalue("users")
            has = users.describe().capabilities
            for capability in needed:
                if capability not in has:
                    pytest.skip(f"the store's description lacks the capability {capability}")


def all_items(list_page: Callable[..., Page[T]], limit: int) -> list[T]:
    """The items of all pages, none of which may hold more than `limit`."""
    seen: list[T] = []
    for page in pages(lambda token: list_page(limit=limit, page_token=token)):
        assert len(page.items) <= limit
        seen += page.items
    return seen
