"""The local store keeps every promise of the interfaces, and lacks next to nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from usermgr import Capability, UserManager
from usermgr.activity import ActivityStore
from usermgr.testing import ActivityStoreContract, UserManagerContract
from usermgr_local import LocalUserManager


class TestLocal(UserManagerContract):
    """Over a file."""

    @pytest.fixture
    def users(self, make: Callable[..., LocalUserManager]) -> UserManager:
        """An empty store."""
        return make(deliver=id)


class TestLocalActivity(ActivityStoreContract):
    """In the same file."""

    @pytest.fixture
    def store(self, make: Callable[..., LocalUserManager]) -> ActivityStore:
        """An empty store."""
        return make().activity


def test_only_hashes_are_lacking(make: Callable[..., LocalUserManager]) -> None:
    """With `deliver`, the whole contract runs but for the import of hashes."""
    assert set(Capability) - make(deliver=print).describe().capabilities == {Capability.PASSWORD_HASHES}
