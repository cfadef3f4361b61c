"""The DynamoDB store keeps the contract of every activity store."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from usermgr.activity import ActivityStore
from usermgr.testing import ActivityStoreContract
from usermgr_activity import DynamoActivityStore


class TestDynamoActivityStore(ActivityStoreContract):
    """Over a moto server."""

    @pytest.fixture
    def store(self, make_store: Callable[..., DynamoActivityStore]) -> ActivityStore:
        """An empty table."""
        return make_store()


def test_the_contract_does_not_bend() -> None:
    """A store that replaces a test of the contract is refused when its class is made."""
    replaced = {"test_first_sign_in": print}
    with pytest.raises(TypeError, match="test_first_sign_in"):
        type("TestBent", (ActivityStoreContract,), replaced)
