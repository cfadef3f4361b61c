"""Invitations on Cognito: the message, its password, and what is lost on the way; sign-ups; what operations cost."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.conftest import Pool
from tests.contract.conftest import Make
from usermgr import Capability, Challenge, Medium, MfaMethod, Tokens, UserManager, UserStatus
from usermgr.errors import (
    AccessDeniedError,
    DeliveryError,
    InvalidCredentialsError,
    InvalidInputError,
    ServiceError,
    ServiceTimeoutError,
    ServiceUnavailableError,
)
from usermgr_cognito import CognitoSettings, CognitoUserManager
from usermgr_sandbox import REGION, Sandbox
from usermgr_sandbox.faults import Fault, FaultProxy

PASSWORD, NEW_PASSWORD = "a-Long-passw0rd", "An0ther-password"
ADDRESSES = {"email": "alice@example.org", "phone_number": "+81312345678"}


def sent(sandbox: Sandbox, username: str = "alice") -> list[tuple[str, str]]:
    """The kinds of address that invitations went to, and the passwords in them."""
    messages = sandbox.messages(os.environ["USERPOOL_ID"], username)
    return [(each.kind, each.code) for each in messages if each.reason == "invitation"]


def test_invitation_has_a_password_and_the_next_replaces_it(make: Make, usermgr_sandbox: Sandbox) -> None:
    """The message goes by the wanted medium, with a password for choosing another; the one before stops working."""
    users = make()
    users.invite_user("alice", ADDRESSES)
    users.resend_invitation("alice", medium=Medium.SMS)

    (first_kind, first), (second_kind, second) = sent(usermgr_sandbox)

    assert (first_kind, second_kind) == ("email", "phone_number")
    with pytest.raises(InvalidCredentialsError):
        users.authenticate("alice", first)
    challenge = users.authenticate("alice", second)
    assert isinstance(challenge, Challenge)
    assert isinstance(users.answer_challenge(challenge, NEW_PASSWORD), Tokens)


def test_user_who_is_named_by_an_address_is_invited_there(make: Make, usermgr_sandbox: Sandbox) -> None:
    """Where names are addresses, the name is the address of the invitation; another medium needs its own."""
    users = make(UsernameAttributes=["email"])
    invited = users.invite_user("alice@example.org", {"name": "Alice"})
    assert invited.email == "alice@example.org"
    assert [kind for kind, _ in sent(usermgr_sandbox, invited.username)] == ["email"]
    with pytest.raises(InvalidInputError) as caught:
        users.invite_user("bob@example.org", medium=Medium.SMS)
    assert caught.value.field == "phone_number"


def test_message_that_cannot_be_sent_is_told_after_the_fact(make: Make, usermgr_sandbox: Sandbox) -> None:
    """DeliveryError says that the user is there; the invitation can be sent again, and that can fail alike."""
    users = make()
    usermgr_sandbox.lose_messages()
    try:
        with pytest.raises(DeliveryError, match="use resend_invitation") as caught:
            users.invite_user("alice", ADDRESSES)
        assert caught.value.username == "alice"
        assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD
        with pytest.raises(DeliveryError):
            users.resend_invitation("alice")
    finally:
        usermgr_sandbox.lose_messages(lost=False)
    users.resend_invitation("alice")
    assert [kind for kind, _ in sent(usermgr_sandbox)] == ["email"]


def test_who_signed_up_is_confirmed(make: Make) -> None:
    """A user who signed up and never entered the code can sign in after confirm_user."""
    users, cognito = make(), boto3.client("cognito-idp")
    client = cognito.create_user_pool_client(UserPoolId=os.environ["USERPOOL_ID"], ClientName="sign-up")
    cognito.sign_up(ClientId=client["UserPoolClient"]["ClientId"], Username="alice", Password=PASSWORD)
    assert users.get_user("alice").status == UserStatus.UNCONFIRMED

    users.confirm_user("alice")

    assert isinstance(users.authenticate("alice", PASSWORD), Tokens)


def client_of(endpoint: str) -> Any:
    """A client that sends what is lost three times."""
    config = Config(retries={"mode": "standard", "total_max_attempts": 3})
    return boto3.client("cognito-idp", region_name=REGION, endpoint_url=endpoint, config=config)


def manager(pool: Pool, client: Any) -> UserManager:
    """The Cognito backend with that client."""
    return CognitoUserManager(CognitoSettings(REGION, pool.id, pool.client_id, pool.client_secret), client)


def test_lost_reply_to_an_invitation_sends_one_message(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """An invitation that the SDK sends again is refused as taken, and is recognised as this call's own."""
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("AdminCreateUser", fault=Fault.DROP_AFTER, times=1)
        invited = manager(pool, client_of(proxy.endpoint_url)).invite_user("alice", ADDRESSES)
        assert proxy.sent("AdminCreateUser") == 2
    assert invited.username == "alice"
    assert len(sent(usermgr_sandbox)) == 1


@pytest.mark.parametrize(
    ("fault", "error", "sendings", "messages"),
    [
        pytest.param(Fault.DROP_AFTER, ServiceTimeoutError, 1, 1, id="the reply was lost"),
        pytest.param(Fault.ERROR_500, ServiceUnavailableError, 1, 0, id="Cognito failed inside"),
        pytest.param(Fault.THROTTLE, None, 2, 1, id="nothing was done"),
    ],
)
def test_invitation_is_sent_again_once(
    fault: Fault, error: type[ServiceError] | None, sendings: int, messages: int, pool: Pool, usermgr_sandbox: Sandbox
) -> None:
    """resend_invitation is not repeated by the SDK, which would replace the password in the first message; but for a
    request that was throttled. Other calls are repeated as before."""
    manager(pool, client_of(usermgr_sandbox.endpoint_url)).add_user("alice", None, ADDRESSES)
    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        users = manager(pool, client_of(proxy.endpoint_url))
        proxy.fail("AdminCreateUser", fault=fault, times=1)
        if error is None:
            users.resend_invitation("alice")
        else:
            with pytest.raises(error):
                users.resend_invitation("alice")
        assert proxy.sent("AdminCreateUser") == sendings
        assert len(sent(usermgr_sandbox)) == messages
        proxy.fail("AdminCreateUser", fault=Fault.DROP_AFTER, times=1)
        assert users.add_user("bob").username == "bob"


def test_description_that_may_not_be_read_names_the_action(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """A refused read of the configuration is AccessDeniedError, with the permission that is missing."""
    for action in ("DescribeUserPool", "GetUserPoolMfaConfig"):
        with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
            proxy.fail(action, fault=Fault.REFUSE, code="AccessDeniedException")
            with pytest.raises(AccessDeniedError, match=f"cognito-idp:{action}"):
                manager(pool, client_of(proxy.endpoint_url)).describe()


def sign_in(users: UserManager) -> Tokens:
    """Alice's tokens."""
    tokens = users.authenticate("alice", PASSWORD)
    assert isinstance(tokens, Tokens)
    return tokens


CALLS: dict[str, Callable[[UserManager], object]] = {
    "add_user": lambda users: users.add_user("carol"),
    "add_user.password": lambda users: users.add_user("dave", PASSWORD),
    "invite_user": lambda users: users.invite_user("erin", ADDRESSES),
    "resend_invitation": lambda users: users.resend_invitation("erin"),
    "get_user": lambda users: users.get_user("alice"),
    "find_users": lambda users: users.find_users(),
    "update_user": lambda users: users.update_user("alice", {"name": "A"}),
    "set_password": lambda users: users.set_password("alice", PASSWORD),
    "get_mfa": lambda users: users.get_mfa("alice"),
    "set_mfa": lambda users: users.set_mfa("alice", [MfaMethod.EMAIL]),
    "reset_mfa": lambda users: users.reset_mfa("alice"),
    "enable_user": lambda users: users.enable_user("alice"),
    "disable_user": lambda users: users.disable_user("dave"),
    "sign_out_user": lambda users: users.sign_out_user("dave"),
    "delete_user": lambda users: users.delete_user("dave"),
    "add_group": lambda users: users.add_group("a"),
    "get_group": lambda users: users.get_group("a"),
    "update_group": lambda users: users.update_group("a", description="x"),
    "list_groups": lambda users: users.list_groups(),
    "add_user_to_group": lambda users: users.add_user_to_group("alice", "a"),
    "list_groups_for_user": lambda users: users.list_groups_for_user("alice"),
    "remove_user_from_group": lambda users: users.remove_user_from_group("alice", "a"),
    "delete_group": lambda users: users.delete_group("a"),
    "authenticate": sign_in,
    "reset_password": lambda users: users.reset_password("alice"),
    "describe": lambda users: users.describe(),
}
"""Calls that succeed, in this order, by what they cost."""


def test_described_costs_are_the_requests_that_are_made(pool: Pool, usermgr_sandbox: Sandbox) -> None:
    """Each operation makes the requests that its cost says, counted at the service."""
    from usermgr_cognito._quotas import CATEGORIES, COSTS  # noqa: PLC0415 - what is tested is inside

    client = client_of(usermgr_sandbox.endpoint_url)
    users = manager(pool, client)
    users.add_user("alice", PASSWORD, {**ADDRESSES, "email_verified": "true"})
    wrong: dict[str, object] = {}
    for name, call in CALLS.items():
        since = len(usermgr_sandbox.requests())
        call(manager(pool, client))  # one that has not read the pool's configuration yet
        made = Counter(CATEGORIES[each.operation] for each in usermgr_sandbox.requests(since))
        operation, _, argument = name.partition(".")
        if made != users.describe().cost(operation, argument):
            wrong[name] = (dict(made), COSTS[operation])
    assert wrong == {}
    assert users.describe().can(Capability.MFA)
