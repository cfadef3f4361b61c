"""Tokens that a Cognito signed which is not of our making: the sandbox, over real HTTP."""

import boto3
import pytest

from usermgr_jwt import CognitoVerifier, HttpsSource, JwksFile, pull
from usermgr_jwt.errors import KeysReplacementError, TokenUseError, UnknownKeyError


@pytest.fixture
def cognito(usermgr_sandbox_env):
    client = boto3.client("cognito-idp")
    yield client
    client.close()


@pytest.fixture
def client_of_pool(cognito):
    """A pool with one user, and an app client that may sign that user in."""
    pool_id = cognito.create_user_pool(PoolName="jwt")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool_id, ClientName="app", ExplicitAuthFlows=flows)
    cognito.admin_create_user(UserPoolId=pool_id, Username="alice", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool_id, Username="alice", Password="a-Long-passw0rd", Permanent=True)
    return pool_id, client["UserPoolClient"]["ClientId"]


def sign_in(cognito, pool_id: str, client_id: str) -> dict[str, str]:
    return cognito.admin_initiate_auth(
        UserPoolId=pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "alice", "PASSWORD": "a-Long-passw0rd"},
    )["AuthenticationResult"]


def test_pull_sign_in_verify_rotate(usermgr_sandbox_env, cognito, client_of_pool, tmp_path):
    """The file is pulled, both tokens verify, and after a complete rotation the pull must be meant."""
    pool_id, client_id = client_of_pool
    path = tmp_path / "jwks.json"
    source = HttpsSource(usermgr_sandbox_env.jwks_url(pool_id))
    now = [0.0]
    keys = JwksFile(path, now=lambda: now[0])
    access = CognitoVerifier(user_pool_id=pool_id, client_id=client_id, token_use="access", keys=keys)
    identity = CognitoVerifier(user_pool_id=pool_id, client_id=client_id, token_use="id", keys=keys)

    assert len(pull(source, path).added) == 2
    tokens = sign_in(cognito, pool_id, client_id)
    assert access.verify(tokens["AccessToken"]).username == "alice"
    assert identity.verify(tokens["IdToken"]).username == "alice"
    with pytest.raises(TokenUseError):
        access.verify(tokens["IdToken"])

    usermgr_sandbox_env.rotate_keys(pool_id)
    rotated = sign_in(cognito, pool_id, client_id)["AccessToken"]
    with pytest.raises(UnknownKeyError):
        access.verify(rotated)
    with pytest.raises(KeysReplacementError):
        pull(source, path)
    pull(source, path, replace_all=True)
    now[0] += 1
    assert access.verify(rotated).username == "alice"
