"""Creation is two calls that must look like one, wherever the process or the wire may break."""

from __future__ import annotations

import time
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.conftest import Pool
from usermgr import Tokens, UserManager, UserStatus
from usermgr.errors import (
    IncompleteCreationError,
    InvalidPasswordError,
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


def manager(
    pool: Pool, endpoint: str, *, attempts: int = 1, kill_after: str | None = None, patience: float = 60
) -> UserManager:
    """The Cognito backend on that endpoint; with `kill_after` the process 'dies' when that call has been answered."""
    config = Config(retries={"mode": "standard", "total_max_attempts": attempts}, read_timeout=patience)
    client = boto3.client("cognito-idp", region_name=REGION, endpoint_url=endpoint, config=config)
    if kill_after is not None:

        def die(**_: object) -> None:
            raise Killed(kill_after)

        client.meta.events.register(f"after-call.cognito-identity-provider.{kill_after}", die)
    settings = CognitoSettings(REGION, pool.id, pool.client_id, pool.client_secret)
    return CognitoUserManager(settings, client)


@pytest.mark.parametrize("call", CALLS)
def test_killed_after_each_call_and_run_again(call: str, pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """A creation that is killed after any of its calls and run again, as ensure_user, ends with one whole user."""
    dying = manager(pool, usermgr_sandbox.endpoint_url, kill_after=call)
    with pytest.raises(Killed):
        dying.ensure_user("alice", ATTRIBUTES, password=PASSWORD)
    users = manager(pool, usermgr_sandbox.endpoint_url)
    ensured = users.ensure_user("alice", ATTRIBUTES, password=PASSWORD)
    assert ensured.changed == (("password",) if call == "AdminCreateUser" else ())
    assert ensured.user.status == UserStatus.CONFIRMED
    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)
    assert len(users.list_users().items) == 1


@pytest.mark.parametrize("call", CALLS)
def test_killed_add_user_says_that_the_name_is_taken(call: str, pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """add_user never takes over a user who exists already, not even what it began itself in another life."""
    with pytest.raises(Killed):
        manager(pool, usermgr_sandbox.endpoint_url, kill_after=call).add_user("alice", PASSWORD, ATTRIBUTES)
    users = manager(pool, usermgr_sandbox.endpoint_url)
    with pytest.raises(UserExistsError):
        users.add_user("alice", PASSWORD, ATTRIBUTES)
    users.ensure_user("alice", password=PASSWORD)
    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)


def test_killed_while_it_takes_back(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """A creation that is killed after its taking back has left nobody, and can be run again."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminSetUserPassword", fault=Fault.ERROR_500, times=1)
        with pytest.raises(Killed):
            manager(pool, proxy.endpoint_url, kill_after="AdminDeleteUser").add_user("alice", PASSWORD, ATTRIBUTES)
    users = manager(pool, usermgr_sandbox.endpoint_url)
    assert users.user_exists("alice") is False
    users.add_user("alice", PASSWORD, ATTRIBUTES)


def test_weak_password_after_a_lost_reply_leaves_nobody(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """Two things that go wrong at once, a lost reply and a weak password, leave nobody behind either."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminCreateUser", fault=Fault.DROP_AFTER, times=1)
        with pytest.raises(InvalidPasswordError):
            manager(pool, proxy.endpoint_url, attempts=3).add_user("alice", "weak", ATTRIBUTES)
    assert manager(pool, usermgr_sandbox.endpoint_url).user_exists("alice") is False


@pytest.mark.parametrize("arguments", [{"password": None}, {"password": PASSWORD, "temporary": True}])
@pytest.mark.parametrize("attempts", [1, 3])
def test_lost_reply_to_an_invitation(
    arguments: dict[str, Any], attempts: int, pool: Pool, usermgr_sandbox: Sandbox
) -> None:
    """A creation without a permanent password survives a lost reply as well."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminCreateUser", fault=Fault.DROP_AFTER, times=1)
        added = manager(pool, proxy.endpoint_url, attempts=attempts).add_user(
            "alice", attributes=ATTRIBUTES, **arguments
        )
    assert manager(pool, usermgr_sandbox.endpoint_url).get_user("alice").sub == added.sub


@pytest.mark.parametrize(
    ("fault", "attempts", "expected"),
    [
        pytest.param(Fault.DROP_BEFORE, 1, ServiceTimeoutError, id="the request was lost"),
        pytest.param(Fault.DROP_BEFORE, 3, UserExistsError, id="and was sent again"),
    ],
)
def test_user_from_before_the_call_is_not_adopted(
    fault: Fault, attempts: int, expected: type[UsermgrError], pool: Pool, usermgr_sandbox: Sandbox
) -> None:
    """A waiting user with the very same attributes, invited seconds before, is not taken for this call's own."""
    users = manager(pool, usermgr_sandbox.endpoint_url)
    invited = users.add_user("alice", None, ATTRIBUTES)
    time.sleep(2.5)  # longer than the grain of the service's clock

    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminCreateUser", fault=fault, times=1)
        with pytest.raises(expected):
            manager(pool, proxy.endpoint_url, attempts=attempts).add_user("alice", PASSWORD, ATTRIBUTES)

    found = users.get_user("alice")
    assert (found.sub, found.status) == (invited.sub, UserStatus.FORCE_CHANGE_PASSWORD)


@pytest.mark.parametrize(
    "theirs",
    [
        pytest.param({"email": "mallory@example.org"}, id="another value"),
        pytest.param({**ATTRIBUTES, "name": "Mallory"}, id="one more"),
        pytest.param({}, id="one less"),
    ],
)
def test_user_with_other_attributes_is_not_adopted(
    theirs: dict[str, str], pool: Pool, usermgr_sandbox: Sandbox
) -> None:
    """A user that somebody else creates in the same moment, with other attributes, is not taken for this call's own."""
    users = manager(pool, usermgr_sandbox.endpoint_url)
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminCreateUser", fault=Fault.DROP_BEFORE, times=1)
        ours = manager(pool, proxy.endpoint_url)
        users.add_user("alice", None, theirs)

        with pytest.raises(ServiceTimeoutError):
            ours.add_user("alice", PASSWORD, ATTRIBUTES)

    assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD


def test_user_that_somebody_made_whole_meanwhile_is_not_deleted(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """Taking back stops where somebody has given the user a password since."""
    users = manager(pool, usermgr_sandbox.endpoint_url)
    client = boto3.client("cognito-idp", region_name=REGION, endpoint_url=usermgr_sandbox.endpoint_url)

    def somebody_else(**_: object) -> None:
        users.set_password("alice", "An0ther-password")

    client.meta.events.register_first("before-call.cognito-identity-provider.AdminSetUserPassword", somebody_else)
    settings = CognitoSettings(REGION, pool.id, pool.client_id, pool.client_secret)
    with pytest.raises(InvalidPasswordError):
        CognitoUserManager(settings, client).add_user("alice", "weak", ATTRIBUTES)
    assert isinstance(users.authenticate("alice", "An0ther-password"), Tokens)


@pytest.mark.parametrize(
    ("call", "fault", "attempts"),
    [
        ("AdminCreateUser", Fault.DROP_AFTER, 3),
        ("AdminCreateUser", Fault.DROP_AFTER, 1),
        ("AdminCreateUser", Fault.TRUNCATE, 3),
        ("AdminSetUserPassword", Fault.DROP_AFTER, 3),
        ("AdminSetUserPassword", Fault.DROP_AFTER, 1),
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
        broken = manager(pool, proxy.endpoint_url, patience=1 if fault is Fault.HANG else 60)
        with pytest.raises(expected) as caught:
            broken.add_user("alice", PASSWORD, ATTRIBUTES)
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
