"""One contract, every backend."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Pool
from usermgr import Factory, UserManager, wire
from usermgr.testing import GAPS, UserManagerContract, overridden_tests
from usermgr_lambda_client import LambdaUserManager
from usermgr_local import Argon2Cost


class TestCognitoOnTheSandbox(UserManagerContract):
    """Cognito, called directly."""

    @pytest.fixture
    def users(self, pool: Pool) -> UserManager:
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
    def users(self, pool: Pool) -> UserManager:
        """The Lambda client in front of the Cognito backend."""
        return LambdaUserManager(InProcess(Factory.create(Factory.AWS_COGNITO)))


class TestLambdaOnTheSandbox(UserManagerContract):
    """The Lambda client, and the function that really runs from its zip."""

    @pytest.fixture
    def users(self, pool: Pool, deployed: str) -> UserManager:
        """The Lambda backend; the function reads the client's secret by itself."""
        return Factory.create(Factory.AWS_LAMBDA, function_name=deployed)


class TestLocal(UserManagerContract):
    """The embedded store, with passwords hashed cheaply."""

    @pytest.fixture
    def users(self, tmp_path: Path) -> UserManager:
        """The local backend on a new file."""
        cheap = Argon2Cost(memory_kib=8, iterations=1, parallelism=1)
        return Factory.create(Factory.LOCAL, path=tmp_path / "users.db", argon2=cheap)


BACKENDS = {
    "local": TestLocal,
    "cognito": TestCognitoOnTheSandbox,
    "wire": TestWireInProcess,
    "lambda": TestLambdaOnTheSandbox,
}


@pytest.mark.parametrize("name", BACKENDS)
def test_no_test_of_the_contract_is_overridden(name: str) -> None:
    """A backend's class brings a fixture and nothing else, and declares no gap that the contract does not know."""
    assert overridden_tests(BACKENDS[name]) == []
    assert BACKENDS[name].gaps <= GAPS.keys()
