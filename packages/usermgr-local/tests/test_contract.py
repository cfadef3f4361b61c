"""The local store keeps every promise of the interfaces, with no gap."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from usermgr import UserManager
from usermgr.activity import ActivityStore
from usermgr.testing import ActivityStoreContract, UserManagerContract
from usermgr_local import LocalUserManager


class TestLocal(UserManagerContract):
    """Over a file."""

    @pytest.fixture
    def users(self, make: Callable[..., LocalUserManager]) -> UserManager:
        """An empty store."""
        return make()


class TestLocalActivity(ActivityStoreContract):
    """In the same file."""

    @pytest.fixture
    def store(self, make: Callable[..., LocalUserManager]) -> ActivityStore:
        """An empty store."""
        return make().activity


def test_nothing_is_a_gap() -> None:
    """The whole contract runs."""
    assert TestLocal.gaps == frozenset()
