"""One pool on the sandbox for tests that cross packages, emptied after each, and the management function beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.build_functions import build
from usermgr_sandbox import REGION, Sandbox, SandboxPool

ROOT = Path(__file__).parents[1]
PASSWORD_POLICY = {
    "MinimumLength": 8,
    "RequireUppercase": True,
    "RequireLowercase": True,
    "RequireNumbers": True,
    "RequireSymbols": False,
}


Pool = SandboxPool
"""What a backend must be told of a pool."""


def point_aws_to(sandbox: Sandbox, patch: pytest.MonkeyPatch) -> None:
    """Has every SDK of this process use that sandbox, for a test that starts one of its own."""
    for name, value in sandbox.environment().items():
        patch.setenv(name, value)
    patch.setattr(boto3, "DEFAULT_SESSION", None)  # it keeps the credentials of whoever called boto3.client first


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
def usermgr_sandbox_pool_settings() -> dict[str, Any]:
    """A pool as the contract wants it."""
    return {
        "PoolName": "contract",
        "Policies": {"PasswordPolicy": PASSWORD_POLICY},
        "UsernameConfiguration": {"CaseSensitive": False},
        "Schema": [{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
    }


@pytest.fixture(scope="session")
def usermgr_sandbox_shared_pool(usermgr_sandbox_shared_pool: Pool, cognito: Any) -> Pool:
    """The plug-in's pool, where a second factor of each kind is optional, which CreateUserPool cannot say."""
    sms = {"SmsConfiguration": {"SnsCallerArn": "arn:aws:iam::123456789012:role/sms"}}
    cognito.set_user_pool_mfa_config(
        UserPoolId=usermgr_sandbox_shared_pool.id,
        MfaConfiguration="OPTIONAL",
        SmsMfaConfiguration=sms,
        SoftwareTokenMfaConfiguration={"Enabled": True},
        EmailMfaConfiguration={"Subject": "Your code"},
    )
    return usermgr_sandbox_shared_pool


@pytest.fixture(scope="session")
def zips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the functions' zips and their manifest, built once. Nobody writes into it."""
    folder = tmp_path_factory.mktemp("functions")
    build(ROOT, folder)
    return folder


@pytest.fixture(scope="session")
def usermgr_sandbox_function_zip(zips: Path) -> Path:
    """The user management function's real zip."""
    return zips / "usermgr.zip"


@pytest.fixture(scope="session")
def usermgr_sandbox_function_name() -> str:
    """Not that of the function which Terraform creates on the same sandbox."""
    return "contract"


@pytest.fixture(scope="session")
def contract_pool(usermgr_sandbox_shared_pool: Pool) -> Pool:
    """The one pool of these tests; the environment does not name it."""
    return usermgr_sandbox_shared_pool


@pytest.fixture
def pool(usermgr_sandbox_pool: Pool) -> Pool:
    """The pool, empty, and named in the environment."""
    return usermgr_sandbox_pool


@pytest.fixture(scope="session")
def deployed(usermgr_sandbox_shared_function: str) -> str:
    """The user management function, from its real zip, with a role that may administer this pool alone."""
    return usermgr_sandbox_shared_function
