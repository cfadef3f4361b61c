"""Refusals of Cognito say what is wrong and what to do, directly and through the wire protocol."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import boto3
import pytest

from tests.contract.test_contract import InProcess
from usermgr import Challenge, ChallengeName, Factory, Tokens, UserManager, where
from usermgr.errors import (
    ConfigurationError,
    InvalidCredentialsError,
    InvalidInputError,
    UnsupportedOperationError,
    UsermgrError,
)
from usermgr_lambda_client import LambdaUserManager
from usermgr_sandbox import REGION, Sandbox

PASSWORD, NEW_PASSWORD = "a-Long-passw0rd", "An0ther-password"
BOTH = ("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH")

Make = Callable[..., UserManager]


@pytest.fixture(params=["cognito", "wire"])
def make(request: pytest.FixtureRequest, usermgr_sandbox_env: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Make:
    """Makes a pool and an app client, and a manager with the settings that it is told, or else the right ones."""

    def made(
        *, client: dict[str, Any] | None = None, client_secret: str | None = "right", session: Any = None, **pool: Any
    ) -> UserManager:
        cognito = boto3.client("cognito-idp")
        policy = {"PasswordPolicy": {"MinimumLength": 8, "RequireSymbols": False}}
        pool_id = cognito.create_user_pool(PoolName="refusals", Policies=policy, **pool)["UserPool"]["Id"]
        members = {"GenerateSecret": True, "ExplicitAuthFlows": list(BOTH), **(client or {})}
        created = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="refusals", **members)
        app_client = created["UserPoolClient"]
        monkeypatch.setenv("USERPOOL_ID", pool_id)
        direct = Factory.create(
            Factory.AWS_COGNITO,
            region=REGION,
            user_pool_id=pool_id,
            client_id=app_client["ClientId"],
            client_secret=app_client.get("ClientSecret") if client_secret == "right" else client_secret,
            session=session,
        )
        return direct if request.param == "cognito" else LambdaUserManager(InProcess(direct))

    return made


@pytest.mark.parametrize(
    ("client", "client_secret", "words"),
    [
        pytest.param({}, None, "SECRET is not set", id="no secret"),
        pytest.param({}, "wrong", "SECRET is not the secret", id="wrong secret"),
        pytest.param({"GenerateSecret": False}, "needless", "unset it", id="needless secret"),
    ],
)
def test_client_secret_that_is_wrong_is_configuration(
    make: Make, client: dict[str, Any], client_secret: str | None, words: str
) -> None:
    """A missing, wrong or needless client secret is a ConfigurationError, and not a wrong password."""
    users = make(client=client, client_secret=client_secret)
    users.add_user("alice", PASSWORD)

    with pytest.raises(ConfigurationError, match=words):
        users.authenticate("alice", PASSWORD)


def test_wrong_password_stays_a_wrong_password(make: Make) -> None:
    """With the right client secret a wrong password, and an unknown name, are still InvalidCredentialsError."""
    users = make()
    users.add_user("alice", PASSWORD)

    for name in ("alice", "nobody"):
        with pytest.raises(InvalidCredentialsError):
            users.authenticate(name, NEW_PASSWORD)


@pytest.mark.parametrize(
    ("flow", "missing"),
    [
        pytest.param("ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH", id="password"),
        pytest.param("ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", id="refresh"),
    ],
)
def test_flow_that_the_client_lacks_is_named(make: Make, flow: str, missing: str) -> None:
    """A sign-in and a refresh name the flow that the app client does not allow, and no other."""
    users = make(client={"ExplicitAuthFlows": [flow]})
    users.add_user("alice", PASSWORD)

    def sign_in_and_refresh() -> None:
        tokens = users.authenticate("alice", PASSWORD)
        assert isinstance(tokens, Tokens)
        users.refresh(tokens)

    with pytest.raises(ConfigurationError) as caught:
        sign_in_and_refresh()

    assert missing in caught.value.message
    assert flow not in caught.value.message


def test_client_with_rotation_is_refreshed_by_exchange(make: Make, usermgr_sandbox: Sandbox) -> None:
    """A client with refresh token rotation gets a new refresh token each time; what was exchanged is dead."""
    rotation = {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0}
    users = make(client={"ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"], "RefreshTokenRotation": rotation})
    users.add_user("alice", PASSWORD)
    first = users.authenticate("alice", PASSWORD)
    assert isinstance(first, Tokens)

    second = users.refresh(first)
    since = len(usermgr_sandbox.requests())
    third = users.refresh(second)

    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.username == "alice"
    # Once it is known, no refused request goes before.
    assert [call.operation for call in usermgr_sandbox.requests(since)] == ["GetTokensFromRefreshToken"]
    with pytest.raises(InvalidCredentialsError):
        users.refresh(first)


@pytest.mark.parametrize(
    ("given", "words"), [("wrong", "SECRET is not the secret"), (None, "SECRET is not set")], ids=["wrong", "none"]
)
def test_exchange_with_another_secret_is_configuration(make: Make, given: str | None, words: str) -> None:
    """Where a client rotates refresh tokens, a wrong secret is named, and not a flow that such a client cannot have."""
    members = {
        "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
        "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 0},
    }
    users = make(client=members, client_secret=given)

    with pytest.raises(ConfigurationError, match=words):
        users.refresh(Tokens("alice", "a.b.c", "a.b.c", "garbage", 3600))


def test_attribute_that_the_client_cannot_write_is_among_the_causes(make: Make) -> None:
    """A verification cannot be set with an answer; Cognito's refusal looks like a wrong password, so both are named."""
    users = make()
    users.add_user("alice", PASSWORD, {"email": "alice@example.org"}, temporary=True)
    challenge = users.authenticate("alice", PASSWORD)
    assert isinstance(challenge, Challenge)

    with pytest.raises(InvalidCredentialsError, match=r"WriteAttributes"):
        users.answer_challenge(challenge, NEW_PASSWORD, {"email_verified": "true"})


def test_required_attribute_is_asked_for_and_taken_with_the_new_password(make: Make, usermgr_sandbox: Sandbox) -> None:
    """A challenge that lacks a required attribute names it, and carries it when it is passed."""
    usermgr_sandbox.allow_incomplete_users()
    try:
        users = make(Schema=[{"Name": "name", "AttributeDataType": "String", "Required": True, "Mutable": True}])
        users.add_user("alice", PASSWORD, temporary=True)
        challenge = users.authenticate("alice", PASSWORD)
        assert isinstance(challenge, Challenge)

        with pytest.raises(InvalidInputError) as caught:
            users.answer_challenge(challenge, NEW_PASSWORD)
        assert caught.value.field == "name"
        assert "attributes=" in caught.value.message

        challenge = users.authenticate("alice", PASSWORD)
        assert isinstance(challenge, Challenge)
        tokens = users.answer_challenge(challenge, NEW_PASSWORD, {"name": "Alice"})
    finally:
        usermgr_sandbox.allow_incomplete_users(False)

    assert isinstance(tokens, Tokens)
    assert users.get_user("alice").attributes["name"] == "Alice"


def test_address_that_waits_for_confirmation_is_sent_once(make: Make, usermgr_sandbox: Sandbox) -> None:
    """Where a pool changes an address only after confirmation, ensure_user sends one message, however often it runs."""
    required = {"AttributesRequireVerificationBeforeUpdate": ["email"]}
    users = make(UserAttributeUpdateSettings=required, AutoVerifiedAttributes=["email"])
    users.add_user("alice", PASSWORD, {"email": "old@example.org", "email_verified": "true"})
    wanted = {"email": "new@example.org"}

    first = users.ensure_user("alice", wanted)
    again = [users.ensure_user("alice", wanted) for _ in range(3)]

    assert first.changed == ("email",)
    assert [ensured.changed for ensured in again] == [(), (), ()]
    assert users.get_user("alice").attributes["email"] == "old@example.org"
    assert len(usermgr_sandbox.messages(os.environ["USERPOOL_ID"], "alice")) == 1

    verified = {"email": "new@example.org", "email_verified": "true"}
    assert set(users.ensure_user("alice", verified).changed) == {"email", "email_verified"}
    assert users.get_user("alice").attributes["email"] == "new@example.org"
    assert len(usermgr_sandbox.messages(os.environ["USERPOOL_ID"], "alice")) == 1


@pytest.fixture
def without_descriptions(usermgr_sandbox_env: Sandbox) -> Any:
    """A session of a role that may administer pools, and read no description."""
    iam, sts = boto3.client("iam"), boto3.client("sts")
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName="no-descriptions", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    statements = [
        {"Effect": "Allow", "Action": "cognito-idp:*", "Resource": "*"},
        {"Effect": "Deny", "Action": "cognito-idp:Describe*", "Resource": "*"},
    ]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_role_policy(RoleName="no-descriptions", PolicyName="only", PolicyDocument=document)
    assumed = sts.assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    yield boto3.session.Session(
        aws_access_key_id=assumed["AccessKeyId"],
        aws_secret_access_key=assumed["SecretAccessKey"],
        aws_session_token=assumed["SessionToken"],
        region_name=REGION,
    )
    iam.delete_role_policy(RoleName="no-descriptions", PolicyName="only")
    iam.delete_role(RoleName="no-descriptions")


@pytest.mark.parametrize(
    ("call", "error", "permission"),
    [
        pytest.param(
            lambda users: users.update_user("alice", {"custom:unheard_of": "x"}),
            InvalidInputError,
            "cognito-idp:DescribeUserPool",
            id="update",
        ),
        pytest.param(
            lambda users: list(users.search_users(where("custom:unheard_of").is_missing())),
            InvalidInputError,
            "cognito-idp:DescribeUserPool",
            id="lacks",
        ),
        pytest.param(
            lambda users: users.authenticate("alice", NEW_PASSWORD), InvalidCredentialsError, "(SECRET)", id="password"
        ),
        pytest.param(
            lambda users: users.refresh(Tokens("alice", "a.b.c", "a.b.c", "garbage", 3600)),
            InvalidCredentialsError,
            "(SECRET)",
            id="refresh",
        ),
    ],
)
def test_cause_that_cannot_be_known_is_said_so(
    make: Make,
    without_descriptions: Any,
    call: Callable[[UserManager], object],
    error: type[UsermgrError],
    permission: str,
) -> None:
    """Without the right to read descriptions, the message counts the causes and names the permission or the setting."""
    users = make(session=without_descriptions)
    users.add_user("alice", PASSWORD)

    with pytest.raises(error) as caught:
        call(users)

    assert permission in caught.value.message


def test_address_is_compared_as_the_pool_compares_names(make: Make) -> None:
    """In a pool that minds case, an address is found in its own case alone."""
    users = make(UsernameConfiguration={"CaseSensitive": True})
    users.add_user("alice", PASSWORD, {"email": "Alice@example.org"})

    assert [user.username for user in users.get_users_by_email("Alice@example.org")] == ["alice"]
    assert users.get_users_by_email("alice@example.org") == ()


def test_challenge_that_cannot_be_answered_is_named(make: Make) -> None:
    """A challenge that is not known here is refused by its argument's name, as on every backend."""
    with pytest.raises(UnsupportedOperationError) as caught:
        make().answer_challenge(Challenge(ChallengeName("LEVITATE"), "alice", "x" * 40), "123456")
    assert caught.value.field == "challenge"


def test_name_of_a_challenge_may_be_a_plain_text(make: Make) -> None:
    """A challenge that a caller kept in a form of their own, its name as text, is answered like any other."""
    users = make()
    users.add_user("alice", PASSWORD, temporary=True)
    asked = users.authenticate("alice", PASSWORD)
    assert isinstance(asked, Challenge)
    kept = Challenge(asked.name.value, asked.username, asked.session)  # type: ignore[arg-type] - without types
    assert isinstance(users.answer_challenge(kept, NEW_PASSWORD, {"name": "Alice"}), Tokens)


@pytest.mark.parametrize("operation", ["add_user", "invite_user"])
def test_attributes_that_are_no_mapping_are_refused(make: Make, operation: str) -> None:
    """An empty list, which is as false as an empty mapping, is refused by the argument's name."""
    with pytest.raises(InvalidInputError) as caught:
        getattr(make(), operation)("alice", attributes=[])
    assert caught.value.field == "attributes"
