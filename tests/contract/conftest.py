"""Pools on the sandbox, as the contract wants them."""

from __future__ import annotations

import boto3
import pytest

from usermgr_sandbox import Sandbox

PASSWORD_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": False,
}


@pytest.fixture
def pool(usermgr_sandbox_env: Sandbox, monkeypatch: pytest.MonkeyPatch) -> str:
    """A new, empty pool with an app client, named in the environment."""
    cognito = boto3.client("cognito-idp")
    pool_id = cognito.create_user_pool(
        PoolName="contract",
        Policies={"PasswordPolicy": PASSWORD_POLICY},
        UsernameConfiguration={"CaseSensitive": False},
        Schema=[{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
    )["UserPool"]["Id"]
    client = cognito.create_user_pool_client(
        UserPoolId=pool_id,
        ClientName="contract",
        GenerateSecret=True,
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]
    monkeypatch.setenv("USERPOOL_ID", pool_id)
    monkeypatch.setenv("CLIENT_ID", client["ClientId"])
    monkeypatch.setenv("SECRET", client["ClientSecret"])
    return pool_id
