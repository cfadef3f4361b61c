"""One sandbox and one stock moto server for these tests, and a check that tells them apart."""

from __future__ import annotations

import base64
import hashlib
import hmac
import io
import json
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from usermgr_sandbox import ACCOUNT_ID, REGION, Sandbox

PASSWORD = "a-Long-passw0rd"
_FAST = Config(retries={"total_max_attempts": 1}, read_timeout=60)


@dataclass(frozen=True)
class Cloud:
    """An AWS, by its address: the sandbox, or stock moto."""

    endpoint_url: str
    key_id: str
    secret: str
    token: str | None = None

    def client(self, service: str, config: Config = _FAST) -> Any:
        return _client(self, service, config)

    @property
    def cognito(self) -> Any:
        return self.client("cognito-idp")

    def pool(self, **settings: Any) -> str:
        return self.cognito.create_user_pool(PoolName="pool", **settings)["UserPool"]["Id"]

    def app(self, pool: str, **settings: Any) -> dict[str, Any]:
        flows = {"ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}
        asked = {"UserPoolId": pool, "ClientName": "app", **flows, **settings}
        return self.cognito.create_user_pool_client(**asked)["UserPoolClient"]

    def user(
        self, pool: str, username: str = "alice", /, *, password: str = PASSWORD, **attributes: str
    ) -> dict[str, str]:
        """A confirmed user; its attributes as a dict, with the username that the pool gave it."""
        given = [{"Name": key, "Value": value} for key, value in attributes.items()]
        made = self.cognito.admin_create_user(
            UserPoolId=pool, Username=username, MessageAction="SUPPRESS", UserAttributes=given
        )["User"]
        self.cognito.admin_set_user_password(
            UserPoolId=pool, Username=made["Username"], Password=password, Permanent=True
        )
        return {"Username": made["Username"]} | {each["Name"]: each["Value"] for each in made["Attributes"]}

    def sign_in(self, pool: str, client: str, name: str = "alice", password: str = PASSWORD, **more: str) -> Any:
        return self.cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=client,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": name, "PASSWORD": password, **more},
        )

    def jwks(self, pool: str) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.endpoint_url}/{pool}/.well-known/jwks.json", timeout=60) as answer:  # noqa: S310
            return json.load(answer)

    def role(self, *statements: dict[str, Any]) -> str:
        """A role with one inline policy of these statements; its ARN."""
        iam, name = self.client("iam"), f"role-{uuid.uuid4().hex[:8]}"
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=document)
        return arn

    def assume(self, role_arn: str) -> Cloud:
        """The same AWS, as that role."""
        given = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName="test")["Credentials"]
        return Cloud(self.endpoint_url, given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"])

    def function(self, source: str, *, name: str | None = None, handler: str = "app.handler", **settings: Any) -> str:
        """A function whose zip holds app.py with `source`; its name."""
        name = name or f"function-{uuid.uuid4().hex[:8]}"
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Handler=handler,
            Code={"ZipFile": zip_of(source)},
            **{"Role": self.role(), "Timeout": 10, **settings},
        )
        return name

    def invoke(self, name: str, event: Any = None, **more: Any) -> Any:
        return self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event or {}), **more)


@cache
def _client(cloud: Cloud, service: str, config: Config) -> Any:
    return boto3.session.Session().client(
        service,
        endpoint_url=cloud.endpoint_url,
        region_name=REGION,
        aws_access_key_id=cloud.key_id,
        aws_secret_access_key=cloud.secret,
        aws_session_token=cloud.token,
        config=config,
    )


def zip_of(source: str, **more: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in {"app": source, **more}.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.py"), text)  # without the time, so that equal code is equal
    return buffer.getvalue()


@pytest.fixture(scope="session")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox.start() as running:
        yield running


@pytest.fixture(scope="session")
def cloud(sandbox: Sandbox) -> Cloud:
    """The sandbox, as its root."""
    variables = sandbox.environment()
    return Cloud(sandbox.endpoint_url, variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])


@pytest.fixture(scope="session")
def stock() -> Iterator[Cloud]:
    """moto's own server, uncorrected."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', sys.argv[1]])"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _wait_for(port, process)
        yield Cloud(f"http://127.0.0.1:{port}", "AKIAIOSFODNN7EXAMPLE", "stock")
    finally:
        process.kill()
        process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert process.poll() is None, "stock moto ended at start"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail("stock moto did not answer")


@pytest.fixture
def differs(cloud: Cloud, stock: Cloud) -> Callable[[Callable[[Cloud], None]], None]:
    """Runs one assertion function twice: it must hold on the sandbox, and must fail on stock moto."""

    def run(check: Callable[[Cloud], None]) -> None:
        check(cloud)
        try:
            check(stock)
        except (AssertionError, pytest.fail.Exception, ClientError, BotoCoreError):
            return
        pytest.fail(f"{check.__name__} holds on stock moto too: it shows no correction")

    return run


@pytest.fixture
def error_of() -> Callable[..., tuple[str, str]]:
    """Calls, and gives back the code and the message of the AWS error that must come."""

    def run(call: Callable[..., Any], **arguments: Any) -> tuple[str, str]:
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        error = caught.value.response["Error"]
        return error["Code"], error["Message"]

    return run


@pytest.fixture
def secret_hash() -> Callable[[dict[str, Any], str], str]:
    """SECRET_HASH of a client and a username."""

    def run(client: dict[str, Any], username: str) -> str:
        message = (username + client["ClientId"]).encode()
        return base64.b64encode(hmac.new(client["ClientSecret"].encode(), message, hashlib.sha256).digest()).decode()

    return run


@pytest.fixture
def zipped() -> Callable[..., bytes]:
    return zip_of


@pytest.fixture
def account() -> str:
    return f"{REGION}:{ACCOUNT_ID}"
