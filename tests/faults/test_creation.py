"""Creation is two calls that must look like one, wherever the process or the wire may break."""

from __future__ import annotations

import boto3
import pytest
from botocore.config import Config

from tests.conftest import Pool
from usermgr import Tokens, UserManager, UserStatus
from usermgr.errors import (
    IncompleteCreationError,
    ServiceTimeoutError,
    ServiceUnavailableError,
    ThrottledError,
    UserExistsError,
    UsermgrError,
)
from usermgr_cognito import CognitoSettings, CognitoUserManager
from usermgr_sandbox import REGION, Sandbox
from usermgr_sandbox.faults import Fault, FaultProxy

PASSWORD = "a-Long-passw0rd"
ATTRIBUTES = {"email": "alice@example.org"}
CALLS = ("AdminCreateUser", "AdminSetUserPassword")


class Killed(BaseException):
    """Stands for SIGKILL: nothing of ours catches it."""


def manager(pool: Pool, endpoint: str, *, attempts: int = 1, kill_after: str | None = None) -> UserManager:
    """The Cognito backend on that endpoint; with `kill_after` the process 'dies' when that call has been answered."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=0.5)
    client = boto3.client("cognito-idp", region_name=REGION, endpoint_url=endpoint, config=config)
    if kill_after is not None:

        def die(**_: object) -> None:
            raise Killed(kill_after)

        client.meta.events.register(f"after-call.cognito-identity-provider.{kill_after}", die)
    settings = CognitoSettings(REGION, pool.id, pool.client_id, pool.client_secret)
    return CognitoUserManager(settings, client)


@pytest.mark.parametrize("call", CALLS)
def test_killed_after_each_call_and_run_again(call: str, pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """A creation killed after any of its calls and run again ends with one whole user, or says that it is there."""
    with pytest.raises(Killed):
        manager(pool, usermgr_sandbox.endpoint_url, kill_after=call).add_user("alice", PASSWORD, ATTRIBUTES)
    users = manager(pool, usermgr_sandbox.endpoint_url)
    if call == "AdminCreateUser":
        users.add_user("alice", PASSWORD, ATTRIBUTES)
    else:  # it was whole when it died
        with pytest.raises(UserExistsError):
            users.add_user("alice", PASSWORD, ATTRIBUTES)
    assert users.get_user("alice").status == UserStatus.CONFIRMED
    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)
    assert len(users.list_users().items) == 1


def test_first_half_with_other_attributes_is_not_taken_over(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """Only the same creation is gone on with: another attribute, and the name is taken."""
    with pytest.raises(Killed):
        manager(pool, usermgr_sandbox.endpoint_url, kill_after=CALLS[0]).add_user("alice", PASSWORD, ATTRIBUTES)
    users = manager(pool, usermgr_sandbox.endpoint_url)
    with pytest.raises(UserExistsError):
        users.add_user("alice", PASSWORD, {"email": "mallory@example.org"})
    assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD


def test_first_half_that_somebody_put_in_a_group_is_not_taken_over(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """A user that somebody has done something with is theirs."""
    users = manager(pool, usermgr_sandbox.endpoint_url)
    users.add_user("alice", None, ATTRIBUTES)
    users.add_group("admins")
    users.add_user_to_group("alice", "admins")
    with pytest.raises(UserExistsError):
        users.add_user("alice", PASSWORD, ATTRIBUTES)


@pytest.mark.parametrize(
    ("call", "fault", "attempts"),
    [
        ("AdminCreateUser", Fault.DROP_AFTER, 3),
        ("AdminCreateUser", Fault.DROP_AFTER, 1),
        ("AdminCreateUser", Fault.TRUNCATE, 3),
        ("AdminSetUserPassword", Fault.DROP_AFTER, 3),
        ("AdminSetUserPassword", Fault.TRUNCATE, 3),
    ],
)
def test_lost_reply(call: str, fault: Fault, attempts: int, pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """A reply that is lost, whether the SDK sends the call again or not, still ends with one whole user."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail(call, fault=fault, times=1)
        users = manager(pool, proxy.endpoint_url, attempts=attempts)
        added = users.add_user("alice", PASSWORD, ATTRIBUTES)
    users = manager(pool, usermgr_sandbox.endpoint_url)
    assert users.get_user("alice").sub == added.sub
    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)


@pytest.mark.parametrize(
    ("call", "fault", "expected"),
    [
        ("AdminCreateUser", Fault.DROP_BEFORE, ServiceTimeoutError),
        ("AdminCreateUser", Fault.HANG, ServiceTimeoutError),
        ("AdminCreateUser", Fault.THROTTLE, ThrottledError),
        ("AdminCreateUser", Fault.ERROR_500, ServiceUnavailableError),
        ("AdminSetUserPassword", Fault.DROP_BEFORE, ServiceTimeoutError),
        ("AdminSetUserPassword", Fault.DROP_AFTER, ServiceTimeoutError),
        ("AdminSetUserPassword", Fault.HANG, ServiceTimeoutError),
        ("AdminSetUserPassword", Fault.THROTTLE, ThrottledError),
        ("AdminSetUserPassword", Fault.ERROR_500, ServiceUnavailableError),
    ],
)
def test_failed_creation_leaves_nothing(
    call: str, fault: Fault, expected: type[UsermgrError], pool: Pool, usermgr_sandbox: Sandbox
) -> None:
    """A creation that fails for good is its own error, may be tried again, and works when it is."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail(call, fault=fault, times=1)
        with pytest.raises(expected) as caught:
            manager(pool, proxy.endpoint_url).add_user("alice", PASSWORD, ATTRIBUTES)
        assert caught.value.retryable is True
    users = manager(pool, usermgr_sandbox.endpoint_url)
    assert users.user_exists("alice") is False  # never made, or taken back
    users.add_user("alice", PASSWORD, ATTRIBUTES)
    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)


def test_creation_that_cannot_be_taken_back_says_so(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """Where the password and the taking back both fail, the error names the user that stays, and the remedy."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminSetUserPassword", fault=Fault.ERROR_500, times=1)
        proxy.fail("AdminDeleteUser", fault=Fault.ERROR_500, times=1)
        with pytest.raises(IncompleteCreationError) as caught:
            manager(pool, proxy.endpoint_url).add_user("alice", PASSWORD, ATTRIBUTES)
    assert caught.value.username == "alice"
    assert manager(pool, usermgr_sandbox.endpoint_url).get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD
