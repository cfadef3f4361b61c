"""A pool with an app client, and the user management function for it: what an application needs of AWS."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["ACCOUNT_ID", "SandboxPool", "create_pool", "deploy_function"]

ACCOUNT_ID = "123456789012"
FLOWS = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
DEFAULTS: Mapping[str, Any] = {
    "PoolName": "sandbox",
    "UsernameConfiguration": {"CaseSensitive": False},
    "Schema": [{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
}
FUNCTION_SECONDS = 30

MakeClient = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class SandboxPool:
    """A user pool and its app client."""

    id: str
    client_id: str
    client_secret: str = field(repr=False)

    def environment(self) -> dict[str, str]:
        """The settings by which usermgr finds the pool."""
        return {"USERPOOL_ID": self.id, "CLIENT_ID": self.client_id, "SECRET": self.client_secret}


def create_pool(client: MakeClient, **settings: Any) -> SandboxPool:
    """Creates a pool, with `settings` of CreateUserPool, and an app client with a secret for password and refresh."""
    cognito = client("cognito-idp")
    pool_id = cognito.create_user_pool(**{**DEFAULTS, **settings})["UserPool"]["Id"]
    made = cognito.create_user_pool_client(
        UserPoolId=pool_id, ClientName="sandbox", GenerateSecret=True, ExplicitAuthFlows=FLOWS
    )["UserPoolClient"]
    return SandboxPool(pool_id, made["ClientId"], made["ClientSecret"])


def deploy_function(client: MakeClient, code: Path, pool: SandboxPool, region: str, name: str) -> str:
    """Creates the user management function from its zip, with a role for this pool alone; returns its name."""
    iam = client("iam")
    trust: dict[str, Any] = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    arn = f"arn:aws:cognito-idp:{region}:{ACCOUNT_ID}:userpool/{pool.id}"
    allow = {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName=name, PolicyName="pool", PolicyDocument=document)
    # The function reads the client's secret itself.
    variables = {"USERPOOL_ID": pool.id, "CLIENT_ID": pool.client_id, "USERMGR_SIGN_IN": "true"}
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="usermgr_function_usermgr.handler.handler",
        Code={"ZipFile": code.read_bytes()},
        Timeout=FUNCTION_SECONDS,
        Environment={"Variables": variables},
    )
    return name
