"""App clients: what an update resets, and refresh tokens that rotate."""

from __future__ import annotations

import pytest

ROTATING = {
    "ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH"],
    "RefreshTokenRotation": {"Feature": "ENABLED", "RetryGracePeriodSeconds": 60},
    "EnableTokenRevocation": True,
}


def _renew(cloud, client, token, **more):
    return cloud.cognito.get_tokens_from_refresh_token(ClientId=client, RefreshToken=token, **more)


def _signed_in(cloud, **settings):
    """A pool with alice; a client's id, and her refresh token."""
    pool = cloud.pool()
    cloud.user(pool)
    client = cloud.app(pool, **settings)["ClientId"]
    return pool, client, cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]


def test_a_rotating_client_gives_a_new_refresh_token(differs):
    """GetTokensFromRefreshToken answers all three tokens, and the new refresh token works in its turn."""

    def check(cloud):
        _, client, token = _signed_in(cloud, **ROTATING)

        first = _renew(cloud, client, token)["AuthenticationResult"]
        second = _renew(cloud, client, first["RefreshToken"])["AuthenticationResult"]

        assert {"AccessToken", "IdToken", "RefreshToken", "ExpiresIn", "TokenType"} <= set(first)
        assert len({token, first["RefreshToken"], second["RefreshToken"]}) == 3

    differs(check)


def test_a_rotating_client_refuses_the_refresh_flow(differs, error_of):
    """REFRESH_TOKEN_AUTH is InvalidParameterException, even where ExplicitAuthFlows would allow it."""

    def check(cloud):
        flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        pool, client, token = _signed_in(cloud, **{**ROTATING, "ExplicitAuthFlows": flows})
        code, _ = error_of(
            cloud.cognito.admin_initiate_auth,
            UserPoolId=pool,
            ClientId=client,
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": token},
        )
        assert code == "InvalidParameterException"

    differs(check)


def test_a_rotated_token_lives_for_the_grace_period(sandbox, cloud, error_of):
    """Within it the old token still works, which does not prolong it; afterwards it is RefreshTokenReuseException."""
    _, client, token = _signed_in(cloud, **ROTATING)
    try:
        _renew(cloud, client, token)
        sandbox.shift_clock(20)
        _renew(cloud, client, token)
        sandbox.shift_clock(70)
        assert error_of(_renew, cloud=cloud, client=client, token=token)[0] == "RefreshTokenReuseException"
    finally:
        sandbox.shift_clock(0)


def test_without_a_grace_period_a_token_is_used_once(cloud, error_of):
    """RetryGracePeriodSeconds is 0 by default."""
    _, client, token = _signed_in(cloud, **{**ROTATING, "RefreshTokenRotation": {"Feature": "ENABLED"}})
    _renew(cloud, client, token)
    assert error_of(_renew, cloud=cloud, client=client, token=token)[0] == "RefreshTokenReuseException"


def test_a_new_refresh_token_expires_with_the_first_one(sandbox, cloud, error_of):
    """Rotation does not prolong the session."""
    validity = {"RefreshTokenValidity": 60, "TokenValidityUnits": {"RefreshToken": "minutes"}}
    _, client, token = _signed_in(cloud, **ROTATING, **validity)
    try:
        sandbox.shift_clock(3000)
        new = _renew(cloud, client, token)["AuthenticationResult"]["RefreshToken"]
        sandbox.shift_clock(3700)
        assert error_of(_renew, cloud=cloud, client=client, token=new)[0] == "NotAuthorizedException"
    finally:
        sandbox.shift_clock(0)


def test_a_client_that_does_not_rotate_keeps_its_refresh_token(cloud):
    """GetTokensFromRefreshToken then answers access and id token only, as often as it is asked."""
    _, client, token = _signed_in(cloud)
    for _ in range(2):
        assert "RefreshToken" not in _renew(cloud, client, token)["AuthenticationResult"]


@pytest.mark.parametrize("secret", [None, "wrongsecretofsomelength0123"])
def test_a_client_with_a_secret_must_send_it(cloud, error_of, secret_hash, secret):
    """GetTokensFromRefreshToken takes the secret itself; without it, NotAuthorizedException."""
    pool = cloud.pool()
    cloud.user(pool)
    client = cloud.app(pool, **ROTATING, GenerateSecret=True)
    signed_in = cloud.sign_in(pool, client["ClientId"], SECRET_HASH=secret_hash(client, "alice"))
    asked = {"cloud": cloud, "client": client["ClientId"], "token": signed_in["AuthenticationResult"]["RefreshToken"]}
    wrong = {"ClientSecret": secret} if secret else {}

    assert error_of(_renew, **asked, **wrong)[0] == "NotAuthorizedException"

    assert "RefreshToken" in _renew(**asked, ClientSecret=client["ClientSecret"])["AuthenticationResult"]


def test_a_refresh_of_a_stranger_or_a_disabled_user_is_not_authorized(cloud, error_of):
    """Neither a token of another client nor an invented one, nor a disabled user's."""
    pool, client, token = _signed_in(cloud, **ROTATING)
    other = cloud.app(pool, **ROTATING)["ClientId"]
    assert error_of(_renew, cloud=cloud, client=other, token=token)[0] == "NotAuthorizedException"
    assert error_of(_renew, cloud=cloud, client=client, token="invented")[0] == "NotAuthorizedException"
    assert error_of(_renew, cloud=cloud, client="unknown", token=token)[0] == "ResourceNotFoundException"
    cloud.cognito.admin_disable_user(UserPoolId=pool, Username="alice")
    assert error_of(_renew, cloud=cloud, client=client, token=token)[0] == "NotAuthorizedException"


def test_the_settings_of_a_client_are_kept(cloud):
    """RefreshTokenRotation and EnableTokenRevocation come back as they were set."""
    pool = cloud.pool()
    made = cloud.app(pool, **ROTATING)
    described = cloud.cognito.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])["UserPoolClient"]
    for name, value in ROTATING.items():
        assert (made[name], described[name]) == (value, value)


def test_an_update_resets_what_it_does_not_give(differs):
    """UpdateUserPoolClient sets each member that is missing to its default value; the name and the secret stay."""

    def check(cloud):
        pool, cognito = cloud.pool(), cloud.cognito
        made = cloud.app(pool, GenerateSecret=True, PreventUserExistenceErrors="ENABLED", RefreshTokenValidity=5)

        cognito.update_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"], IdTokenValidity=2)

        client = cognito.describe_user_pool_client(UserPoolId=pool, ClientId=made["ClientId"])["UserPoolClient"]
        assert (client["ClientName"], client["ClientSecret"]) == ("app", made["ClientSecret"])
        assert (client["RefreshTokenValidity"], client["IdTokenValidity"]) == (30, 2)
        assert "PreventUserExistenceErrors" not in client

    differs(check)


def test_old_and_new_names_of_flows_are_not_mixed(differs, error_of):
    """ExplicitAuthFlows with and without the prefix ALLOW_ are InvalidParameterException."""

    def check(cloud):
        flows = ["ALLOW_REFRESH_TOKEN_AUTH", "ADMIN_NO_SRP_AUTH"]
        assert error_of(cloud.app, pool=cloud.pool(), ExplicitAuthFlows=flows)[0] == "InvalidParameterException"

    differs(check)
