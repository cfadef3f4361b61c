"""One contract, every backend."""

from __future__ import annotations

import json

import pytest

from usermgr import Factory, UserManager, wire
from usermgr.testing import UserManagerContract, overridden_tests
from usermgr_lambda_client import LambdaUserManager


class TestCognitoOnTheSandbox(UserManagerContract):
    """Cognito, called directly."""

    @pytest.fixture
    def users(self, pool: str) -> UserManager:
        """The Cognito backend on an empty pool."""
        return Factory.create(Factory.AWS_COGNITO)


class InProcess:
    """The wire protocol without a network: what the function does, in this process."""

    def __init__(self, manager: UserManager) -> None:
        self.manager = manager

    def invoke(self, payload: bytes) -> bytes:
        """One request, one reply, both as bytes."""
        return json.dumps(wire.serve(self.manager, json.loads(payload))).encode()


class TestWireInProcess(UserManagerContract):
    """The Lambda client over the wire protocol, served in this process from Cognito on the sandbox."""

    @pytest.fixture
    def users(self, pool: str) -> UserManager:
        """The Lambda client in front of the Cognito backend."""
        return LambdaUserManager(InProcess(Factory.create(Factory.AWS_COGNITO)))


@pytest.mark.parametrize("cls", [TestCognitoOnTheSandbox, TestWireInProcess])
def test_no_test_of_the_contract_is_overridden(cls: type[UserManagerContract]) -> None:
    """A backend's class brings a fixture and nothing else."""
    assert overridden_tests(cls) == []
    assert cls.gaps == frozenset()
