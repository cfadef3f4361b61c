"""The pre token generation trigger: its events, what its answers change, and how its failures fail a sign-in."""

from __future__ import annotations

import json
import time
import uuid

import jwt
import pytest

ECHO = """
import json
def handler(event, context):
    print(json.dumps(event))
    return event
"""
ANSWER = """
import json, os
def handler(event, context):
    event["response"] = json.loads(os.environ["ANSWER"])
    return event
"""
RAISE = """
def handler(event, context):
    raise ValueError("no entry")
"""
NOTHING = """
def handler(event, context):
    return None
"""
CRASH = """
import os
def handler(event, context):
    print("tried")
    os._exit(3)
"""
SLOW = """
import time
def handler(event, context):
    print("tried")
    time.sleep(30)
"""


def _attach(cloud, pool, source, *, version=None, permit=True, **settings):
    """A function with `source` as the pool's trigger; its name."""
    name = cloud.function(source, **settings)
    functions = cloud.client("lambda")
    arn = functions.get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    if permit:
        functions.add_permission(
            FunctionName=name,
            StatementId=uuid.uuid4().hex,
            Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com",
            SourceArn=cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["Arn"],
            SourceAccount="123456789012",
        )
    config = {"PreTokenGeneration": arn}
    if version:
        config["PreTokenGenerationConfig"] = {"LambdaArn": arn, "LambdaVersion": version}
    cloud.cognito.update_user_pool(UserPoolId=pool, LambdaConfig=config)
    return name


def _claims(result):
    return [
        jwt.decode(result["AuthenticationResult"][name], options={"verify_signature": False})
        for name in ("AccessToken", "IdToken")
    ]


@pytest.mark.parametrize(("version", "number"), [(None, "1"), ("V1_0", "1"), ("V2_0", "2"), ("V3_0", "3")])
def test_the_event_is_as_documented(sandbox, cloud, version, number):
    """The event of each version has the documented members, and the answer's place is empty."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    user = cloud.user(pool, "alice", email="a@example.com", email_verified="true")
    cloud.cognito.create_group(UserPoolId=pool, GroupName="staff")
    cloud.cognito.admin_add_user_to_group(UserPoolId=pool, Username="alice", GroupName="staff")
    name = _attach(cloud, pool, ECHO, version=version)
    cloud.sign_in(pool, client)
    [event] = [json.loads(line) for line in sandbox.function_logs(name)]
    details = "claimsOverrideDetails" if number == "1" else "claimsAndScopeOverrideDetails"
    scopes = {} if number == "1" else {"scopes": ["aws.cognito.signin.user.admin"]}
    assert event == {
        "version": number,
        "triggerSource": "TokenGeneration_Authentication",
        "region": "ap-northeast-1",
        "userPoolId": pool,
        "userName": "alice",
        "callerContext": {"awsSdkVersion": "aws-sdk-unknown-unknown", "clientId": client},
        "request": {
            "userAttributes": {
                "sub": user["sub"],
                "cognito:user_status": "CONFIRMED",
                "email": "a@example.com",
                "email_verified": "true",
            },
            "groupConfiguration": {
                "groupsToOverride": ["staff"],
                "iamRolesToOverride": [],
                "preferredRole": None,
            },
            **scopes,
        },
        "response": {details: None},
    }


def _choose_password(cloud, pool, client, **more):
    """The first sign-in of a new user alice, who replaces the temporary password."""
    cloud.cognito.admin_create_user(UserPoolId=pool, Username="alice", TemporaryPassword="a-Long-passw0rd")
    cloud.cognito.admin_respond_to_auth_challenge(
        UserPoolId=pool,
        ClientId=client,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=cloud.sign_in(pool, client)["Session"],
        ChallengeResponses={"USERNAME": "alice", "NEW_PASSWORD": "another-Passw0rd"},
        **more,
    )


def test_the_source_tells_how_the_tokens_came_about(sandbox, cloud):
    """A first password, a sign-in and a refresh each have a source of their own."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    name = _attach(cloud, pool, ECHO)
    _choose_password(cloud, pool, client)
    token = cloud.sign_in(pool, client, password="another-Passw0rd")["AuthenticationResult"]["RefreshToken"]
    cognito.admin_initiate_auth(
        UserPoolId=pool, ClientId=client, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token}
    )
    sources = [json.loads(line)["triggerSource"] for line in sandbox.function_logs(name)]
    expected = ["NewPasswordChallenge", "Authentication", "RefreshTokens"]
    assert sources == [f"TokenGeneration_{source}" for source in expected]


def test_client_metadata_reaches_the_trigger_from_a_challenge(sandbox, cloud):
    """ClientMetadata of RespondToAuthChallenge is in the request; that of a sign-in is not, as AWS says."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    name = _attach(cloud, pool, ECHO)
    _choose_password(cloud, pool, client, ClientMetadata={"from": "a test"})
    assert json.loads(sandbox.function_logs(name)[-1])["request"]["clientMetadata"] == {"from": "a test"}


def test_v1_changes_the_id_token_and_the_groups(differs):
    """Claims of a V1 answer are added to and taken from the id token only; groups are replaced in both."""
    details = {
        "claimsToAddOrOverride": {"tenant": "blue", "sub": "forged"},
        "claimsToSuppress": ["email"],
        "groupOverrideDetails": {"groupsToOverride": ["seen"]},
    }

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool)["ClientId"]
        user = cloud.user(pool, "alice", email="a@example.com")
        answer = json.dumps({"claimsOverrideDetails": details})
        _attach(cloud, pool, ANSWER, Environment={"Variables": {"ANSWER": answer}})
        access, identity = _claims(cloud.sign_in(pool, client))
        assert (identity.get("tenant"), identity["sub"]) == ("blue", user["sub"])
        assert {"tenant"}.isdisjoint(access)
        assert "email" not in identity
        assert (access["cognito:groups"], identity["cognito:groups"]) == (["seen"], ["seen"])

    differs(check)


def test_v2_changes_both_tokens_and_the_scopes(cloud):
    """A V2 answer speaks about each token, and about the access token's scopes."""
    details = {
        "idTokenGeneration": {"claimsToAddOrOverride": {"a": 1}},
        "accessTokenGeneration": {
            "claimsToAddOrOverride": {"b": {"c": [True]}},
            "scopesToAdd": ["orders.read"],
            "scopesToSuppress": ["aws.cognito.signin.user.admin"],
        },
    }
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    answer = json.dumps({"claimsAndScopeOverrideDetails": details})
    _attach(cloud, pool, ANSWER, version="V2_0", Environment={"Variables": {"ANSWER": answer}})
    access, identity = _claims(cloud.sign_in(pool, client))
    assert (identity["a"], access["b"], access["scope"]) == (1, {"c": [True]}, "orders.read")
    assert ("b" in identity, "a" in access) == (False, False)


@pytest.mark.parametrize(("groups", "left"), [(None, ["staff"]), ({}, None)])
def test_an_empty_group_override_takes_the_groups_away(cloud, groups, left):
    """No groupOverrideDetails leaves the groups; an empty object removes them."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    cognito.create_group(UserPoolId=pool, GroupName="staff")
    cognito.admin_add_user_to_group(UserPoolId=pool, Username="alice", GroupName="staff")
    answer = json.dumps({"claimsOverrideDetails": {"groupOverrideDetails": groups}})
    _attach(cloud, pool, ANSWER, Environment={"Variables": {"ANSWER": answer}})
    assert [claims.get("cognito:groups") for claims in _claims(cloud.sign_in(pool, client))] == [left, left]


def test_an_error_of_the_handler_fails_the_sign_in_with_its_text(cloud, error_of):
    """The end user gets the handler's message, after one try."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    _attach(cloud, pool, RAISE)
    assert error_of(cloud.sign_in, pool=pool, client=client) == (
        "UserLambdaValidationException",
        "PreTokenGeneration failed with error no entry.",
    )


def test_a_missing_return_fails_the_sign_in(cloud, error_of):
    """A trigger that returns nothing is InvalidLambdaResponseException."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    _attach(cloud, pool, NOTHING)
    assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "InvalidLambdaResponseException"


@pytest.mark.parametrize(("source", "settings"), [(CRASH, {}), (SLOW, {"Timeout": 1})])
def test_a_trigger_that_does_not_answer_is_tried_three_times(sandbox, cloud, error_of, source, settings):
    """A crash and a time-out are tried again, three times in all, and then fail the sign-in."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    name = _attach(cloud, pool, source, **settings)
    assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "UnexpectedLambdaException"
    assert sandbox.function_logs(name) == ["tried"] * 3


def test_the_limit_is_five_seconds_whatever_the_function_allows(cloud, error_of):
    """A function with a long time-out still has five seconds a try."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    _attach(cloud, pool, SLOW, Timeout=60)
    started = time.monotonic()
    assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "UnexpectedLambdaException"
    assert 14 < time.monotonic() - started < 50  # by its own time-out it would be 90


def test_without_a_permission_the_trigger_is_not_called(sandbox, cloud, error_of):
    """The function's own policy must let this pool call it."""
    pool, other = cloud.pool(), cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    name = _attach(cloud, pool, ECHO, permit=False)
    code, message = error_of(cloud.sign_in, pool=pool, client=client)
    assert (code, "AccessDeniedException" in message) == ("UnexpectedLambdaException", True)
    cloud.client("lambda").add_permission(
        FunctionName=name,
        StatementId="other",
        Action="lambda:InvokeFunction",
        Principal="cognito-idp.amazonaws.com",
        SourceArn=cloud.cognito.describe_user_pool(UserPoolId=other)["UserPool"]["Arn"],
    )
    assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "UnexpectedLambdaException"
    assert sandbox.function_logs(name) == []


def test_a_deleted_trigger_breaks_every_sign_in(cloud, error_of):
    """A function that is gone but still attached fails the sign-in."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    name = _attach(cloud, pool, ECHO)
    cloud.client("lambda").delete_function(FunctionName=name)
    assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "UnexpectedLambdaException"


def test_another_teams_trigger_is_kept_and_not_called(sandbox, cloud):
    """A post-confirmation trigger is stored; a user whom an administrator made never fires it."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    name = cloud.function(ECHO)
    arn = cloud.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionArn"]
    cloud.cognito.update_user_pool(UserPoolId=pool, LambdaConfig={"PostConfirmation": arn})
    cloud.user(pool)
    cloud.sign_in(pool, client)
    assert sandbox.function_logs(name) == []
    config = cloud.cognito.describe_user_pool(UserPoolId=pool)["UserPool"]["LambdaConfig"]
    assert config == {"PostConfirmation": arn}


def test_two_different_pre_token_triggers_are_refused(differs, error_of):
    """PreTokenGeneration and PreTokenGenerationConfig.LambdaArn must be the same."""

    def check(cloud):
        arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:"
        config = {
            "PreTokenGeneration": arn + "one",
            "PreTokenGenerationConfig": {"LambdaArn": arn + "two", "LambdaVersion": "V1_0"},
        }
        call = cloud.cognito.update_user_pool
        assert error_of(call, UserPoolId=cloud.pool(), LambdaConfig=config)[0] == "InvalidParameterException"

    differs(check)
