"""One contract, every backend that needs the sandbox; the local store's own tests run it there."""

from __future__ import annotations

import json

import pytest

from tests.conftest import Pool
from usermgr import Factory, UserManager, wire
from usermgr.operations import OPERATIONS
from usermgr.testing import UserManagerContract
from usermgr_lambda_client import LambdaUserManager


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
        return json.dumps(wire.serve(self.manager, json.loads(payload), allowed=OPERATIONS)).encode()


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


BACKENDS = {"cognito": TestCognitoOnTheSandbox, "wire": TestWireInProcess, "lambda": TestLambdaOnTheSandbox}
