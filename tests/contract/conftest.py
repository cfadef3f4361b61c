"""Pools of other kinds than the contract's, directly on Cognito and through the wire protocol."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from tests.contract.test_contract import InProcess
from usermgr import Factory, UserManager
from usermgr_lambda_client import LambdaUserManager
from usermgr_sandbox import Sandbox

Make = Callable[..., UserManager]


@pytest.fixture(params=["cognito", "wire"])
def make(request: pytest.FixtureRequest, usermgr_sandbox_env: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a pool with the given settings, and a manager of it."""

    def made(**settings: Any) -> UserManager:
        cognito = boto3.client("cognito-idp")
        policy = {"MinimumLength": 8, "RequireSymbols": False}
        pool_id = cognito.create_user_pool(
            PoolName="other", Policies={"PasswordPolicy": policy}, **settings
        )["UserPool"]["Id"]  # fmt: skip
        client = cognito.create_user_pool_client(
            UserPoolId=pool_id,
            ClientName="other",
            GenerateSecret=True,
            ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
        )["UserPoolClient"]
        monkeypatch.setenv("USERPOOL_ID", pool_id)
        monkeypatch.setenv("CLIENT_ID", client["ClientId"])
        monkeypatch.setenv("SECRET", client["ClientSecret"])
        direct = Factory.create(Factory.AWS_COGNITO)
        return direct if request.param == "cognito" else LambdaUserManager(InProcess(direct))

    return made


def totp(secret: str) -> str:
    """The present code of a secret (RFC 6238)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    return TOTP(key, 6, SHA1(), 30).generate(int(time.time())).decode()  # noqa: S303 - the hash of RFC 6238
