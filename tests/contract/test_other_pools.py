"""Pools of other kinds than the contract's: names by e-mail, aliases, names in their case, federation, MFA.

Each test runs directly on Cognito and through the wire protocol.
"""

from __future__ import annotations

import json
import os

import boto3
import pytest

from tests.contract.conftest import Make, totp
from usermgr import Challenge, ChallengeName, Tokens, UserManager, UserStatus, where, wire
from usermgr.errors import (
    AliasExistsError,
    InvalidCodeError,
    InvalidStateError,
    UserExistsError,
    UserNotFoundError,
)
from usermgr_lambda_client import LambdaUserManager
from usermgr_sandbox import Sandbox

PASSWORD = "a-Long-passw0rd"


def test_name_by_email_is_an_identifier(make: Make) -> None:
    """In a pool whose names are addresses, the real name is an identifier, and the address leads to it."""
    users = make(UsernameAttributes=["email"], UsernameConfiguration={"CaseSensitive": False})
    added = users.add_user("alice@example.org", PASSWORD, {"name": "Alice"})
    assert added.username != "alice@example.org"
    assert added.attributes["email"] == "alice@example.org"
    assert users.get_user("Alice@Example.ORG").username == added.username
    assert [user.username for user in users.get_users_by_email("alice@example.org")] == [added.username]
    with pytest.raises(UserExistsError):
        users.add_user("alice@example.org", PASSWORD)


def test_sign_in_by_email_and_refresh(make: Make) -> None:
    """Sign-in takes the address; the tokens name the real user, whose name the refresh is hashed with."""
    users = make(UsernameAttributes=["email"])
    added = users.add_user("alice@example.org", PASSWORD)
    tokens = users.authenticate("alice@example.org", PASSWORD)
    assert isinstance(tokens, Tokens)
    assert tokens.username == added.username
    assert users.refresh(tokens).username == added.username


def test_temporary_password_by_email(make: Make) -> None:
    """A challenge that began with an address carries the real name, with which its answer is hashed."""
    users = make(UsernameAttributes=["email"])
    added = users.add_user("alice@example.org", PASSWORD, temporary=True)

    challenge = users.authenticate("alice@example.org", PASSWORD)

    assert isinstance(challenge, Challenge)
    assert challenge.username == added.username
    assert isinstance(users.answer_challenge(challenge, "An0ther-password"), Tokens)


def test_verified_alias_leads_to_its_user_alone(make: Make) -> None:
    """In a pool with aliases a verified address is a name, and nobody else's."""
    users = make(AliasAttributes=["email"])
    verified = {"email": "alice@example.org", "email_verified": "true"}
    users.add_user("alice", PASSWORD, verified)
    assert users.get_user("alice@example.org").username == "alice"
    with pytest.raises(AliasExistsError):
        users.add_user("mallory", PASSWORD, verified)
    assert users.user_exists("mallory") is False


def test_case_matters_where_the_pool_says_so(make: Make) -> None:
    """In a case-sensitive pool, the API's default, two cases of a name are two users."""
    users = make(UsernameConfiguration={"CaseSensitive": True})
    alice = users.add_user("alice", PASSWORD)
    assert users.user_exists("ALICE") is False
    assert users.add_user("ALICE", PASSWORD).sub != alice.sub


def test_federated_user_is_not_converted(make: Make, usermgr_sandbox: Sandbox) -> None:
    """A password for a user of an external provider is refused, and the user stays federated."""
    users = make()
    assert usermgr_sandbox.federate_user(os.environ["USERPOOL_ID"], "Google", "1234") == "Google_1234"
    with pytest.raises(InvalidStateError) as caught:
        users.set_password("Google_1234", PASSWORD)
    assert caught.value.username == "Google_1234"
    assert users.get_user("Google_1234").status == UserStatus.EXTERNAL_PROVIDER


def with_mfa(make: Make) -> UserManager:
    """A pool with optional MFA, and alice in it."""
    users = make(MfaConfiguration="OPTIONAL")
    attributes = {"phone_number": "+81312345678", "phone_number_verified": "true"}
    users.add_user("alice", PASSWORD, attributes)
    return users


def test_software_token_is_asked_for_and_checked(make: Make) -> None:
    """A user with an authenticator gets a challenge; a wrong code is refused, the right one signs in."""
    users, cognito = with_mfa(make), boto3.client("cognito-idp")
    tokens = users.authenticate("alice", PASSWORD)
    assert isinstance(tokens, Tokens)
    secret = cognito.associate_software_token(AccessToken=tokens.access_token)["SecretCode"]
    cognito.verify_software_token(AccessToken=tokens.access_token, UserCode=totp(secret))
    preference = {"Enabled": True, "PreferredMfa": True}
    cognito.admin_set_user_mfa_preference(
        UserPoolId=os.environ["USERPOOL_ID"], Username="alice", SoftwareTokenMfaSettings=preference
    )
    challenge = users.authenticate("alice", PASSWORD)
    assert isinstance(challenge, Challenge)
    assert challenge.name is ChallengeName.SOFTWARE_TOKEN_MFA
    right = totp(secret)
    with pytest.raises(InvalidCodeError):
        users.answer_challenge(challenge, f"{(int(right) + 1) % 10**6:06d}")
    assert isinstance(users.answer_challenge(challenge, right), Tokens)


def test_sms_code_is_asked_for_and_checked(make: Make, usermgr_sandbox: Sandbox) -> None:
    """A user with SMS codes gets a challenge; a wrong code is refused, the one that was sent signs in."""
    users, cognito = with_mfa(make), boto3.client("cognito-idp")
    preference = {"Enabled": True, "PreferredMfa": True}
    cognito.admin_set_user_mfa_preference(
        UserPoolId=os.environ["USERPOOL_ID"], Username="alice", SMSMfaSettings=preference
    )
    challenge = users.authenticate("alice", PASSWORD)
    assert isinstance(challenge, Challenge)
    assert challenge.name is ChallengeName.SMS_MFA
    code = usermgr_sandbox.sms_code(os.environ["USERPOOL_ID"], "alice")
    assert code is not None
    with pytest.raises(InvalidCodeError):
        users.answer_challenge(challenge, f"{(int(code) + 1) % 10**6:06d}")
    assert isinstance(users.answer_challenge(challenge, code), Tokens)


def test_listing_that_lags_behind(make: Make, usermgr_sandbox: Sandbox) -> None:
    """Where the listing lags, the consistent look-ups already know the user, and only the cheap one does not."""
    users = make()
    usermgr_sandbox.delay_listing(60)
    try:
        users.add_user("alice", PASSWORD)
        assert users.user_exists("alice") is True
        assert users.user_exists("alice", eventually_consistent=True) is False
        assert users.ensure_user("alice", password=PASSWORD).created is False
        with pytest.raises(UserNotFoundError):
            users.get_user_by_sub(users.get_user("alice").sub)
    finally:
        usermgr_sandbox.delay_listing(0)


def test_page_of_very_large_users_arrives_in_parts(make: Make) -> None:
    """Sixty users of a hundred kilobytes each, more than a reply of Lambda's may hold, arrive over several pages."""
    names = [f"a{number}" for number in range(50)]
    schema = [{"Name": name, "AttributeDataType": "String", "Mutable": True} for name in names]
    users = make(Schema=schema)
    heavy = {f"custom:{name}": "x" * 2048 for name in names}
    for number in range(60):
        users.add_user(f"user{number:02}", None, heavy)
    page = users.list_users()
    if isinstance(users, LambdaUserManager):
        assert len(page.items) < 60
        assert len(json.dumps([dict(user.attributes) for user in page.items])) < wire.MAX_REPLY_BYTES
    assert sorted(user.username for user in users.iter_users()) == [f"user{number:02}" for number in range(60)]


def test_plan_on_cognito(make: Make) -> None:
    """Cognito answers an equality on a standard attribute, or the group; the rest is done here, as plain words are."""
    users = make(Schema=[{"Name": "x", "AttributeDataType": "String", "Mutable": True}])
    users.add_group("admins")
    by_email, by_custom, by_group = (
        where("email").equals("a"),
        where("custom:x").equals("y"),
        where("group").equals("admins"),
    )
    assert users.plan_search(by_custom, by_email).by_service == (by_email,)
    assert users.plan_search(by_email, by_group).by_service == (by_group,)
    word = where("*").mentions("a@example.org")
    assert users.plan_search(word).by_client == (word,)
    assert users.plan_search(word, by_email).by_service == (by_email,)


def test_cheap_look_up_costs_no_billed_read(make: Make, usermgr_sandbox: Sandbox) -> None:
    """user_exists with eventually_consistent=True lists, which is not billed, and never asks AdminGetUser, which is."""
    users = make()
    users.add_user("alice", PASSWORD)
    since = len(usermgr_sandbox.requests())
    assert users.user_exists("alice", eventually_consistent=True) is True
    assert [call.operation for call in usermgr_sandbox.requests(since)] == ["ListUsers"]
