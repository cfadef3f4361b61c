"""Sign-in: secret hash, flows, errors for unknown names, refresh, states of users."""

from __future__ import annotations

import pytest

PASSWORD = "a-Long-passw0rd"


def _refresh(cloud, pool, client, token, **more):
    return cloud.cognito.admin_initiate_auth(
        UserPoolId=pool,
        ClientId=client,
        AuthFlow="REFRESH_TOKEN_AUTH",
        AuthParameters={"REFRESH_TOKEN": token, **more},
    )


def test_the_secret_hash_is_checked_with_a_password(differs, error_of, secret_hash):
    """A client with a secret signs nobody in without the right SECRET_HASH."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool, GenerateSecret=True)
        cloud.user(pool)
        assert error_of(cloud.sign_in, pool=pool, client=client["ClientId"])[0] == "NotAuthorizedException"
        assert error_of(cloud.sign_in, pool=pool, client=client["ClientId"], SECRET_HASH="d3Jvbmc=")[0] == (
            "NotAuthorizedException"
        )
        right = secret_hash(client, "alice")
        assert "AuthenticationResult" in cloud.sign_in(pool, client["ClientId"], SECRET_HASH=right)

    differs(check)


def test_a_refresh_takes_the_hash_of_the_real_username(differs, error_of, secret_hash):
    """In an e-mail pool a refresh with the alias's hash is refused, and with the username's it passes."""

    def check(cloud):
        pool = cloud.pool(UsernameAttributes=["email"])
        client = cloud.app(pool, GenerateSecret=True)
        user = cloud.user(pool, "alice@example.com")
        by_alias, by_name = secret_hash(client, "alice@example.com"), secret_hash(client, user["Username"])
        signed_in = cloud.sign_in(pool, client["ClientId"], "alice@example.com", SECRET_HASH=by_alias)
        token = signed_in["AuthenticationResult"]["RefreshToken"]
        wrong = {"cloud": cloud, "pool": pool, "client": client["ClientId"], "token": token}
        assert error_of(_refresh, **wrong, SECRET_HASH=by_alias)[0] == "NotAuthorizedException"
        assert "AuthenticationResult" in _refresh(cloud, pool, client["ClientId"], token, SECRET_HASH=by_name)

    differs(check)


def test_a_flow_that_the_client_lacks_is_refused(differs, error_of):
    """ExplicitAuthFlows decides which flows a client may use."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool, ExplicitAuthFlows=["ALLOW_REFRESH_TOKEN_AUTH"])["ClientId"]
        cloud.user(pool)
        code, message = error_of(cloud.sign_in, pool=pool, client=client)
        assert (code, message) == ("InvalidParameterException", "Auth flow not enabled for this client")

    differs(check)


def test_an_unknown_name_can_be_told_or_hidden(differs, error_of):
    """PreventUserExistenceErrors=ENABLED answers an unknown name as a wrong password; LEGACY says it."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool)
        hiding = cloud.app(pool, PreventUserExistenceErrors="ENABLED")["ClientId"]
        telling = cloud.app(pool, PreventUserExistenceErrors="LEGACY")["ClientId"]
        wrong = error_of(cloud.sign_in, pool=pool, client=hiding, password="wrong-Passw0rd")
        assert wrong == ("NotAuthorizedException", "Incorrect username or password.")
        assert error_of(cloud.sign_in, pool=pool, client=hiding, name="nobody") == wrong
        assert error_of(cloud.sign_in, pool=pool, client=telling, name="nobody")[0] == "UserNotFoundException"

    differs(check)


def test_a_garbage_refresh_token_is_not_authorized(differs, error_of):
    """A refresh token that nobody issued is a 400, not a 500."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool)["ClientId"]
        assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token="garbage")[0] == "NotAuthorizedException"

    differs(check)


def test_an_old_refresh_token_is_not_authorized(sandbox, cloud, error_of):
    """A refresh token dies after the client's RefreshTokenValidity."""
    pool = cloud.pool()
    validity = {"RefreshTokenValidity": 60, "TokenValidityUnits": {"RefreshToken": "minutes"}}
    client = cloud.app(pool, **validity)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]
    try:
        sandbox.shift_clock(3500)
        assert "AuthenticationResult" in _refresh(cloud, pool, client, token)
        sandbox.shift_clock(3700)
        assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token=token)[0] == "NotAuthorizedException"
    finally:
        sandbox.shift_clock(0)


def test_global_sign_out_kills_refresh_tokens(cloud, error_of):
    """After AdminUserGlobalSignOut no earlier refresh token works."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]
    cloud.cognito.admin_user_global_sign_out(UserPoolId=pool, Username="alice")
    assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token=token)[0] == "NotAuthorizedException"


def test_a_refresh_token_belongs_to_its_client(cloud, error_of):
    """Another client of the pool cannot use it."""
    pool = cloud.pool()
    first, second = cloud.app(pool)["ClientId"], cloud.app(pool)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, first)["AuthenticationResult"]["RefreshToken"]
    assert error_of(_refresh, cloud=cloud, pool=pool, client=second, token=token)[0] == "NotAuthorizedException"


def test_a_reset_password_must_be_changed_first(differs, error_of):
    """After AdminResetUserPassword a sign-in is PasswordResetRequiredException."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool)["ClientId"]
        cloud.user(pool, email="alice@example.com", email_verified="true")
        cloud.cognito.admin_reset_user_password(UserPoolId=pool, Username="alice")
        assert error_of(cloud.sign_in, pool=pool, client=client)[0] == "PasswordResetRequiredException"

    differs(check)


def test_a_disabled_user_cannot_sign_in(cloud, error_of):
    """Neither with a password nor with an earlier refresh token."""
    pool = cloud.pool()
    client = cloud.app(pool)["ClientId"]
    cloud.user(pool)
    token = cloud.sign_in(pool, client)["AuthenticationResult"]["RefreshToken"]
    cloud.cognito.admin_disable_user(UserPoolId=pool, Username="alice")
    assert error_of(cloud.sign_in, pool=pool, client=client) == ("NotAuthorizedException", "User is disabled.")
    assert error_of(_refresh, cloud=cloud, pool=pool, client=client, token=token)[0] == "NotAuthorizedException"


def test_a_federated_user_keeps_its_status_until_a_password_is_set(sandbox, cloud, error_of):
    """A user of another provider is EXTERNAL_PROVIDER, cannot sign in here, and becomes CONFIRMED by a password."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)["ClientId"]
    name = sandbox.federate_user(pool, "Google", "1234", {"email": "alice@example.com"})
    found = cognito.admin_get_user(UserPoolId=pool, Username=name)
    assert (name, found["UserStatus"]) == ("Google_1234", "EXTERNAL_PROVIDER")
    assert "identities" in {each["Name"] for each in found["UserAttributes"]}
    assert error_of(cloud.sign_in, pool=pool, client=client, name=name)[0] == "NotAuthorizedException"
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=PASSWORD, Permanent=True)
    assert cognito.admin_get_user(UserPoolId=pool, Username=name)["UserStatus"] == "CONFIRMED"


@pytest.mark.parametrize("flow", ["USER_SRP_AUTH", "CUSTOM_AUTH"])
def test_a_flow_that_the_sandbox_cannot_speak_is_refused_aloud(cloud, error_of, flow):
    """SRP and custom challenges are refused rather than waved through."""
    pool = cloud.pool()
    client = cloud.app(pool, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"])["ClientId"]
    cloud.user(pool)
    code, message = error_of(
        cloud.cognito.initiate_auth,
        ClientId=client,
        AuthFlow=flow,
        AuthParameters={"USERNAME": "alice", "SRP_A": "ab"},
    )
    assert (code, "sandbox" in message) == ("InvalidParameterException", True)


def test_a_disabled_users_password_cannot_be_reset(cloud, error_of):
    """Whatever state it is in."""
    pool, cognito = cloud.pool(), cloud.cognito
    cloud.user(pool, email="alice@example.com", email_verified="true")
    cognito.admin_disable_user(UserPoolId=pool, Username="alice")
    refused = ("NotAuthorizedException", "User is disabled")
    assert error_of(cognito.admin_reset_user_password, UserPoolId=pool, Username="alice") == refused
    cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=False)
    assert error_of(cognito.admin_reset_user_password, UserPoolId=pool, Username="alice") == refused


def test_a_hash_or_a_password_that_is_not_ascii_is_wrong(cloud, error_of, secret_hash):
    """NotAuthorizedException, as for any other wrong one."""
    pool = cloud.pool()
    client = cloud.app(pool, GenerateSecret=True)
    cloud.user(pool)
    asked = {"pool": pool, "client": client["ClientId"]}
    assert error_of(cloud.sign_in, **asked, SECRET_HASH="é")[0] == "NotAuthorizedException"
    right = secret_hash(client, "alice")
    assert error_of(cloud.sign_in, **asked, password="é", SECRET_HASH=right)[0] == "NotAuthorizedException"


def test_a_client_without_a_secret_takes_no_hash(differs, error_of):
    """A SECRET_HASH for it is InvalidParameterException."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool)
        client = cloud.app(pool)["ClientId"]
        code, _ = error_of(cloud.sign_in, pool=pool, client=client, SECRET_HASH="d3Jvbmc=")
        assert code == "InvalidParameterException"

    differs(check)
