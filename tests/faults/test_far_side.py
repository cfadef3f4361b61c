"""What the far side of the Lambda client can do wrong, for real, and what of it is sent twice: nothing."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from tests.conftest import Pool
from usermgr import Factory, UserManager
from usermgr.errors import (
    AccessDeniedError,
    NoCredentialsError,
    ProtocolError,
    RemoteCrashedError,
    RemoteNotFoundError,
    RemoteTimeoutError,
    ServiceTimeoutError,
    ServiceUnavailableError,
    ThrottledError,
    UsermgrError,
)
from usermgr_cognito._errors import CODES, SIGN_IN_CODES
from usermgr_sandbox import Sandbox
from usermgr_sandbox.faults import Fault, FaultProxy

BAD_FUNCTIONS: dict[str, tuple[str, type[UsermgrError]]] = {
    "sleeps": ("import time\ndef handler(e, c): time.sleep(5)\n", RemoteTimeoutError),
    "exits": ("import os\ndef handler(e, c): os._exit(3)\n", RemoteCrashedError),
    "raises": ("def handler(e, c): raise ValueError('S3cret-planted ' + str(e))\n", RemoteCrashedError),
    "misses-a-module": ("import no_such_module\n", RemoteCrashedError),
    "talks-nonsense": ("def handler(e, c): return 'S3cret-planted'\n", ProtocolError),
}


@pytest.fixture(scope="session")
def bad_function(aws: boto3.session.Session, usermgr_sandbox: Sandbox) -> Callable[[str], str]:
    """Makes a function of a kind, once."""
    client = aws.client("lambda", endpoint_url=usermgr_sandbox.endpoint_url)
    iam = aws.client("iam", endpoint_url=usermgr_sandbox.endpoint_url)
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="nobody", AssumeRolePolicyDocument=trust)["Role"]["Arn"]

    def make(kind: str) -> str:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("bad.py", BAD_FUNCTIONS[kind][0])
        client.create_function(
            FunctionName=kind, Runtime="python3.13", Role=role, Handler="bad.handler",
            Timeout=1 if kind == "sleeps" else 30, Code={"ZipFile": packed.getvalue()},
        )  # fmt: skip
        return kind

    return make


@pytest.mark.parametrize("kind", BAD_FUNCTIONS)
def test_bad_function_is_an_error_of_its_own(
    kind: str, bad_function: Callable[[str], str], usermgr_sandbox_env: Sandbox
) -> None:
    """A function that runs out of time, crashes, cannot start or talks nonsense has its class, and none of its text."""
    users = Factory.create(Factory.AWS_LAMBDA, function_name=bad_function(kind))
    with pytest.raises(BAD_FUNCTIONS[kind][1]) as caught:
        users.set_password("alice", "S3cret-planted")
    assert "S3cret" not in str(caught.value) + repr(caught.value.details)


def test_missing_function_is_named(usermgr_sandbox_env: Sandbox) -> None:
    """A function that is not there is named, with the setting to look at."""
    with pytest.raises(RemoteNotFoundError, match="LAMBDA_NAME_USERMGR") as caught:
        Factory.create(Factory.AWS_LAMBDA, function_name="nowhere").get_user("alice")
    assert caught.value.function == "nowhere"


def managers(pool: Pool, deployed: str) -> list[UserManager]:
    """Both ways to Cognito."""
    return [Factory.create(Factory.AWS_COGNITO), Factory.create(Factory.AWS_LAMBDA, function_name=deployed)]


@pytest.mark.parametrize("index", [0, 1], ids=["cognito", "lambda"])
def test_identity_without_rights_is_denied_the_same(
    index: int, pool: Pool, deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A role that may do nothing gets AccessDeniedError, directly and through Lambda."""
    sts, iam, name = boto3.client("sts"), boto3.client("iam"), f"powerless-{index}"
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="powerless")["Credentials"]
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", assumed["AccessKeyId"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", assumed["SecretAccessKey"])
    monkeypatch.setenv("AWS_SESSION_TOKEN", assumed["SessionToken"])
    with pytest.raises(AccessDeniedError) as caught:
        managers(pool, deployed)[index].get_user("alice")
    assert not isinstance(caught.value, NoCredentialsError)


@pytest.mark.parametrize("index", [0, 1], ids=["cognito", "lambda"])
@pytest.mark.parametrize("known", [True, False], ids=["unknown key", "no key"])
def test_no_credentials_are_told_the_same(
    known: bool, index: int, pool: Pool, deployed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Credentials that are missing or that AWS does not know raise NoCredentialsError, directly and through Lambda."""
    if known:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIANOBODYKNOWSTHIS1")
    else:
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            monkeypatch.delenv(name)
        monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
        monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
    with pytest.raises(NoCredentialsError):
        managers(pool, deployed)[index].get_user("alice")


@pytest.mark.parametrize("index", [0, 1], ids=["cognito", "lambda"])
@pytest.mark.parametrize(
    ("fault", "expected"), [(Fault.THROTTLE, ThrottledError), (Fault.ERROR_500, ServiceUnavailableError)]
)
def test_throttling_and_failure_are_told_the_same(
    fault: Fault, expected: type[UsermgrError], index: int, pool: Pool, deployed: str,
    usermgr_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """A service that throttles or fails to the end is the same class, directly and through Lambda, and may pass."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("*", fault=fault, times=3)
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint_url)
        with pytest.raises(expected) as caught:
            managers(pool, deployed)[index].get_user("alice")
        assert proxy.sent() == (3, 1)[index]  # Cognito's reads are tried three times, a call of the function once
    assert caught.value.retryable is True


@pytest.fixture(scope="module")
def between(
    aws: boto3.session.Session, deployed: str, contract_pool: Pool, usermgr_sandbox: Sandbox
) -> Iterator[FaultProxy]:
    """A proxy between the function and Cognito, for the rest of this module."""
    client = aws.client("lambda", endpoint_url=usermgr_sandbox.endpoint_url)
    settings = client.get_function_configuration(FunctionName=deployed)["Environment"]["Variables"]
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        leading = {**settings, "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": proxy.endpoint_url}
        client.update_function_configuration(FunctionName=deployed, Environment={"Variables": leading})
        yield proxy
        client.update_function_configuration(FunctionName=deployed, Environment={"Variables": settings})


@pytest.fixture
def behind(between: FaultProxy) -> Iterator[FaultProxy]:
    """The same proxy, without the rules of another test."""
    yield between
    between.heal()


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.THROTTLE, ThrottledError),
        (Fault.ERROR_500, ServiceUnavailableError),
        (Fault.HANG, ServiceTimeoutError),
        (Fault.DROP_BEFORE, ServiceTimeoutError),
    ],
)
def test_fault_behind_the_function_is_told_as_directly(
    fault: Fault, expected: type[UsermgrError], pool: Pool, deployed: str, behind: FaultProxy
) -> None:
    """What Cognito does to the function arrives at its caller as the same class, with the operation as evidence."""
    behind.fail("AdminGetUser", fault=fault, times=9)
    with pytest.raises(expected) as caught:
        Factory.create(Factory.AWS_LAMBDA, function_name=deployed).get_user("alice")
    assert type(caught.value) is expected
    assert caught.value.retryable is True
    assert caught.value.details["operation"].replace("_", "").lower() == "admingetuser"


@pytest.mark.parametrize(
    ("operation", "code"),
    [("AdminGetUser", code) for code in sorted(CODES)]
    + [("AdminInitiateAuth", code) for code in sorted(SIGN_IN_CODES)],
)
def test_every_code_is_told_the_same(
    operation: str, code: str, pool: Pool, deployed: str, behind: FaultProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each error code of Cognito is one class, with the same evidence, directly and on the far side of the function."""
    behind.fail(operation, fault=Fault.REFUSE, code=code, times=9)
    far = Factory.create(Factory.AWS_LAMBDA, function_name=deployed)
    monkeypatch.setenv("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", behind.endpoint_url)
    told: list[UsermgrError] = []
    for users in (Factory.create(Factory.AWS_COGNITO), far):
        with pytest.raises(UsermgrError) as caught:
            users.get_user("alice") if operation == "AdminGetUser" else users.authenticate("alice", "a-Long-passw0rd")
        told.append(caught.value)
    direct, through = told
    special = SIGN_IN_CODES if operation == "AdminInitiateAuth" else {}
    assert type(direct) is type(through) is special.get(code, CODES[code])
    unlike = {"retries"}  # the function is more impatient
    assert {k: v for k, v in direct.details.items() if k not in unlike} == {
        k: v for k, v in through.details.items() if k not in unlike
    }
    assert (str(direct), direct.retryable) == (str(through), through.retryable)


def test_creation_behind_the_function_is_taken_back_in_time(pool: Pool, deployed: str, behind: FaultProxy) -> None:
    """Where the second call of a creation hangs, the function takes the user back before its own time is up."""
    behind.fail("AdminSetUserPassword", fault=Fault.HANG, times=9)
    users = Factory.create(Factory.AWS_LAMBDA, function_name=deployed)
    with pytest.raises(ServiceTimeoutError):
        users.add_user("alice", "a-Long-passw0rd")
    assert users.user_exists("alice") is False


@pytest.mark.parametrize("fault", [Fault.DROP_BEFORE, Fault.DROP_AFTER, Fault.HANG, Fault.TRUNCATE, Fault.THROTTLE])
def test_mutating_call_is_sent_once(
    fault: Fault, pool: Pool, deployed: str, usermgr_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the wire does, a mutating call through Lambda is sent exactly once, and its failure is an error."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("Invoke", fault=fault, times=5)
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint_url)
        users: Any = Factory.create(Factory.AWS_LAMBDA, function_name=deployed, read_timeout=1)
        with pytest.raises(UsermgrError):
            users.add_user("alice", "a-Long-passw0rd")
        assert proxy.sent("Invoke") == 1
