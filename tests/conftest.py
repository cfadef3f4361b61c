"""One pool on the sandbox for tests that cross packages, emptied after each, and the management function beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.build_functions import build
from usermgr_sandbox import ACCOUNT_ID, REGION, Sandbox

ROOT = Path(__file__).parents[1]
PASSWORD_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": False,
}


@dataclass(frozen=True)
class Pool:
    """What a backend must be told of it."""

    id: str
    client_id: str
    client_secret: str = field(repr=False)


@pytest.fixture(scope="session")
def aws(usermgr_sandbox: Sandbox) -> boto3.session.Session:
    """The operator's session on the sandbox."""
    variables = usermgr_sandbox.environment()
    return boto3.session.Session(
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=REGION,
    )


@pytest.fixture(scope="session")
def cognito(aws: boto3.session.Session, usermgr_sandbox: Sandbox) -> Any:
    """A bare client, to set up and to clean up with."""
    return aws.client("cognito-idp", endpoint_url=usermgr_sandbox.endpoint_url)


@pytest.fixture(scope="session")
def contract_pool(cognito: Any) -> Pool:
    """A pool as the contract wants it, with an app client."""
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
    return Pool(pool_id, client["ClientId"], client["ClientSecret"])


@pytest.fixture
def pool(
    contract_pool: Pool, cognito: Any, usermgr_sandbox_env: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pool]:
    """The pool, empty, and named in the environment."""
    monkeypatch.setenv("USERPOOL_ID", contract_pool.id)
    monkeypatch.setenv("CLIENT_ID", contract_pool.client_id)
    monkeypatch.setenv("SECRET", contract_pool.client_secret)
    yield contract_pool
    for user in cognito.list_users(UserPoolId=contract_pool.id)["Users"]:
        cognito.admin_delete_user(UserPoolId=contract_pool.id, Username=user["Username"])
    for group in cognito.list_groups(UserPoolId=contract_pool.id)["Groups"]:
        cognito.delete_group(UserPoolId=contract_pool.id, GroupName=group["GroupName"])


@pytest.fixture(scope="session")
def deployed(
    aws: boto3.session.Session,
    contract_pool: Pool,
    usermgr_sandbox: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> str:
    """The user management function, from its real zip, with a role that may administer this pool alone."""
    built = build(ROOT, tmp_path_factory.mktemp("functions"))["usermgr"]
    iam = aws.client("iam", endpoint_url=usermgr_sandbox.endpoint_url)
    trust = {"Version": "2012-10-17", "Statement": []}
    role = iam.create_role(RoleName="contract", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT_ID}:userpool/{contract_pool.id}"
    allow = {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": arn}
    document = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    iam.put_role_policy(RoleName="contract", PolicyName="pool", PolicyDocument=document)
    aws.client("lambda", endpoint_url=usermgr_sandbox.endpoint_url).create_function(
        FunctionName="contract",
        Runtime="python3.13",
        Role=role,
        Handler="usermgr_function_usermgr.handler.handler",
        Code={"ZipFile": built.path.read_bytes()},
        Timeout=30,
        Environment={
            "Variables": {
                "USERPOOL_ID": contract_pool.id,
                "CLIENT_ID": contract_pool.client_id,
                "USERMGR_SIGN_IN": "true",
            }
        },
    )
    return "contract"
