"""The fault proxy: each fault as an SDK meets it, by operation and count."""

from __future__ import annotations

import dataclasses
import http.client
import threading
import time
import urllib.request

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError

from usermgr_sandbox.faults import Fault, FaultProxy


@pytest.fixture
def proxy(sandbox):
    with FaultProxy(sandbox.endpoint_url) as running:
        yield running


@pytest.fixture
def broken(cloud, proxy):
    """The sandbox, through the proxy."""
    return dataclasses.replace(cloud, endpoint_url=proxy.endpoint_url)


def _exists(cloud, pool, name="alice"):
    return name in [user["Username"] for user in cloud.cognito.list_users(UserPoolId=pool)["Users"]]


def test_without_rules_everything_passes(broken, proxy):
    """A proxy without rules changes nothing, and counts."""
    pool = broken.pool()
    broken.cognito.admin_create_user(UserPoolId=pool, Username="alice")
    assert _exists(broken, pool)
    assert (proxy.sent("AdminCreateUser"), proxy.forwarded("AdminCreateUser"), proxy.sent()) == (1, 1, 3)


@pytest.mark.parametrize(("fault", "done"), [(Fault.DROP_BEFORE, False), (Fault.DROP_AFTER, True)])
def test_a_dropped_call_is_done_or_not(cloud, broken, proxy, fault, done):
    """DROP_BEFORE leaves the service untouched; after DROP_AFTER the work is done, and only the answer is lost."""
    pool = cloud.pool()
    proxy.fail("AdminCreateUser", fault=fault)
    with pytest.raises(ConnectionClosedError):
        broken.cognito.admin_create_user(UserPoolId=pool, Username="alice")
    assert _exists(cloud, pool) == done
    assert (proxy.sent("AdminCreateUser"), proxy.forwarded("AdminCreateUser")) == (1, int(done))


@pytest.mark.parametrize(
    ("service", "arguments", "throttled", "failed"),
    [
        ("cognito-idp", {"MaxResults": 1}, (400, "TooManyRequestsException"), "InternalErrorException"),
        ("dynamodb", {}, (400, "ThrottlingException"), "InternalServerError"),
        ("lambda", {"FunctionName": "x"}, (429, "TooManyRequestsException"), "ServiceException"),
    ],
)
def test_a_service_fails_in_its_own_words(broken, proxy, service, arguments, throttled, failed):
    """Throttling and internal errors carry the status and the code of the service that is called."""
    operation = {"cognito-idp": "list_user_pools", "dynamodb": "list_tables", "lambda": "invoke"}[service]
    call = getattr(broken.client(service), operation)
    proxy.fail("*", fault=Fault.THROTTLE)
    proxy.fail("*", fault=Fault.ERROR_500)
    seen = []
    for _ in range(2):
        with pytest.raises(ClientError) as caught:
            call(**arguments)
        response = caught.value.response
        seen.append((response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]))
    assert seen == [throttled, (500, failed)]
    assert proxy.forwarded() == 0


def test_a_hanging_call_ends_by_the_callers_time_out(broken, proxy):
    """HANG answers nothing until the caller gives up, and the service sees nothing."""
    impatient = broken.client("cognito-idp", Config(read_timeout=0.3, retries={"total_max_attempts": 1}))
    proxy.fail("ListUserPools", fault=Fault.HANG)
    with pytest.raises(ReadTimeoutError):
        impatient.list_user_pools(MaxResults=1)
    assert (proxy.sent(), proxy.forwarded()) == (1, 0)
    assert "UserPools" in broken.cognito.list_user_pools(MaxResults=1)


def test_a_truncated_answer_breaks_off_and_the_work_is_done(cloud, proxy):
    """TRUNCATE promises the whole answer and sends half of it, after the service did the work."""
    pool = cloud.pool()
    proxy.fail("GET /" + pool + "/.well-known/jwks.json", fault=Fault.TRUNCATE)
    with (
        pytest.raises(http.client.IncompleteRead) as caught,
        urllib.request.urlopen(f"{proxy.endpoint_url}/{pool}/.well-known/jwks.json", timeout=60) as answer,  # noqa: S310
    ):
        answer.read()
    assert caught.value.expected - len(caught.value.partial) in (0, 1)
    assert proxy.forwarded() == 1


def test_boto3_takes_a_truncated_answer_for_a_success_without_members(cloud, broken, proxy):
    """botocore neither counts bytes nor minds broken JSON: the caller must miss the member by itself."""
    pool = cloud.pool()
    proxy.fail("AdminCreateUser", fault=Fault.TRUNCATE)
    answer = broken.cognito.admin_create_user(UserPoolId=pool, Username="alice")
    assert set(answer) == {"ResponseMetadata"}
    assert _exists(cloud, pool)


def test_rules_count_by_operation(broken, proxy):
    """A rule lets `skip` calls pass, breaks `times`, touches no other operation, and then is over."""
    pool = broken.pool()
    proxy.fail("ListUsers", fault=Fault.THROTTLE, times=2, skip=1)
    outcomes = []
    for _ in range(4):
        broken.cognito.list_groups(UserPoolId=pool)
        try:
            broken.cognito.list_users(UserPoolId=pool)
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "TooManyRequestsException", "TooManyRequestsException", "ok"]


def test_an_sdk_that_retries_is_counted(broken, proxy):
    """`sent` counts what the SDK really sent, retries included."""
    standard = broken.client("cognito-idp", Config(retries={"mode": "standard", "total_max_attempts": 3}))
    proxy.fail("ListUserPools", fault=Fault.DROP_BEFORE, times=2)
    standard.list_user_pools(MaxResults=1)
    assert (proxy.sent("ListUserPools"), proxy.forwarded("ListUserPools")) == (3, 1)


def test_close_ends_a_hanging_call(cloud, sandbox):
    """Closing the proxy frees whoever hangs in it."""
    proxy = FaultProxy(sandbox.endpoint_url)
    proxy.fail("*", fault=Fault.HANG)

    def close_when_it_hangs():
        while proxy.sent() == 0:
            time.sleep(0.01)
        proxy.close()

    closer = threading.Thread(target=close_when_it_hangs)
    closer.start()
    through = dataclasses.replace(cloud, endpoint_url=proxy.endpoint_url)
    with pytest.raises(ConnectionClosedError):
        through.cognito.list_user_pools(MaxResults=1)
    closer.join()
    assert proxy.forwarded() == 0


@pytest.mark.parametrize("wrong", [{"times": 0}, {"skip": -1}])
def test_senseless_counts_are_refused(proxy, wrong):
    """A rule that could never act, or that counts backwards, is an error of its maker."""
    with pytest.raises(ValueError, match="times must be at least 1"):
        proxy.fail("*", fault=Fault.HANG, **wrong)


def test_an_endpoint_of_another_form_is_refused():
    """The proxy speaks plain HTTP to an explicit port, and says so."""
    with pytest.raises(ValueError, match="http://HOST:PORT"):
        FaultProxy("https://cognito-idp.ap-northeast-1.amazonaws.com")
