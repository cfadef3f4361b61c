"""Tokens: who signs them, what they claim, how long they live."""

from __future__ import annotations

import json

import jwt
import pytest

REGION = "ap-northeast-1"


def _signed_in(cloud, pool, client, name="alice"):
    return cloud.sign_in(pool, client["ClientId"], name)["AuthenticationResult"]


def _verified(cloud, pool, token, **options):
    """The claims, by a verifier that is not the sandbox's."""
    wanted = jwt.get_unverified_header(token)["kid"]
    key = next(jwt.PyJWK(key) for key in cloud.jwks(pool)["keys"] if key["kid"] == wanted)
    return jwt.decode(token, key.key, algorithms=["RS256"], options={"verify_aud": False, **options})


def test_tokens_are_signed_with_the_pools_own_two_keys(differs):
    """One published key signs access tokens, the other id tokens."""

    def check(cloud):
        pool = cloud.pool()
        client = cloud.app(pool)
        cloud.user(pool)
        result = _signed_in(cloud, pool, client)
        kids = [jwt.get_unverified_header(result[name])["kid"] for name in ("AccessToken", "IdToken")]
        assert sorted(kids) == sorted(key["kid"] for key in cloud.jwks(pool)["keys"])
        assert len(set(kids)) == 2
        for name in ("AccessToken", "IdToken"):
            _verified(cloud, pool, result[name])

    differs(check)


def test_tokens_claim_what_cognito_claims(cloud):
    """Both tokens have the members of AWS's documentation, with AWS's types."""
    pool = cloud.pool(Schema=[{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}])
    client = cloud.app(pool, ReadAttributes=["email", "email_verified", "custom:extra_info"])
    attributes = {"email": "a@example.com", "email_verified": "true", "custom:extra_info": "x", "name": "Alice"}
    user = cloud.user(pool, "alice", **attributes)
    result = _signed_in(cloud, pool, client)
    access, identity = (_verified(cloud, pool, result[name]) for name in ("AccessToken", "IdToken"))
    common = {"sub", "iss", "origin_jti", "event_id", "token_use", "auth_time", "exp", "iat", "jti"}
    assert set(access) == common | {"client_id", "scope", "username"}
    assert set(identity) == common | {"aud", "cognito:username", "email", "email_verified", "custom:extra_info"}
    issuer = f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"
    assert [(each["iss"], each["sub"]) for each in (access, identity)] == [(issuer, user["sub"])] * 2
    assert (access["client_id"], access["token_use"], access["username"]) == (client["ClientId"], "access", "alice")
    assert (identity["aud"], identity["token_use"], identity["cognito:username"]) == (client["ClientId"], "id", "alice")
    assert (identity["email_verified"], identity["custom:extra_info"]) == (True, "x")
    assert (access["exp"] - access["iat"], result["ExpiresIn"]) == (3600, 3600)


def test_groups_are_claimed_by_precedence(cloud):
    """cognito:groups lists the user's groups, the lowest precedence first."""
    pool, cognito = cloud.pool(), cloud.cognito
    client = cloud.app(pool)
    cloud.user(pool)
    for name, precedence in (("late", 9), ("early", 1), ("middle", 5)):
        cognito.create_group(UserPoolId=pool, GroupName=name, Precedence=precedence)
        cognito.admin_add_user_to_group(UserPoolId=pool, Username="alice", GroupName=name)
    result = _signed_in(cloud, pool, client)
    for name in ("AccessToken", "IdToken"):
        assert _verified(cloud, pool, result[name])["cognito:groups"] == ["early", "middle", "late"]


@pytest.mark.parametrize(
    ("validity", "unit", "seconds"), [(5, "minutes", 300), (2, "hours", 7200), (1, "days", 86400), (2, None, 7200)]
)
def test_the_client_decides_how_long_tokens_live(differs, validity, unit, seconds):
    """AccessTokenValidity and IdTokenValidity count in TokenValidityUnits, in hours without."""

    def check(cloud):
        pool = cloud.pool()
        units = {"TokenValidityUnits": {"AccessToken": unit, "IdToken": unit}} if unit else {}
        client = cloud.app(pool, AccessTokenValidity=validity, IdTokenValidity=validity, **units)
        cloud.user(pool)
        result = _signed_in(cloud, pool, client)
        for name in ("AccessToken", "IdToken"):
            claims = jwt.decode(result[name], options={"verify_signature": False})
            assert claims["exp"] - claims["iat"] == seconds

    differs(check)


def test_a_refresh_keeps_the_time_of_the_sign_in(sandbox, cloud):
    """auth_time and origin_jti stay; iat and jti are new."""
    pool = cloud.pool()
    client = cloud.app(pool)
    cloud.user(pool)
    first = _signed_in(cloud, pool, client)
    try:
        sandbox.shift_clock(600)
        again = cloud.cognito.admin_initiate_auth(
            UserPoolId=pool,
            ClientId=client["ClientId"],
            AuthFlow="REFRESH_TOKEN_AUTH",
            AuthParameters={"REFRESH_TOKEN": first["RefreshToken"]},
        )["AuthenticationResult"]
    finally:
        sandbox.shift_clock(0)
    assert "RefreshToken" not in again
    before = _verified(cloud, pool, first["AccessToken"])
    after = _verified(cloud, pool, again["AccessToken"], verify_iat=False)
    assert (after["auth_time"], after["origin_jti"]) == (before["auth_time"], before["origin_jti"])
    assert after["jti"] != before["jti"]
    assert after["iat"] - before["iat"] >= 600


def test_an_expired_token_has_really_expired(sandbox, cloud):
    """With the clock behind, the sandbox issues tokens whose exp is past."""
    pool = cloud.pool()
    client = cloud.app(pool)
    cloud.user(pool)
    try:
        sandbox.shift_clock(-7200)
        token = _signed_in(cloud, pool, client)["AccessToken"]
    finally:
        sandbox.shift_clock(0)
    with pytest.raises(jwt.ExpiredSignatureError):
        _verified(cloud, pool, token)


def test_new_keys_sign_after_a_rotation(sandbox, cloud):
    """A token of after the rotation verifies with the published set; one of before finds no key."""
    pool = cloud.pool()
    client = cloud.app(pool)
    cloud.user(pool)
    before = _signed_in(cloud, pool, client)["AccessToken"]
    sandbox.rotate_keys(pool)
    _verified(cloud, pool, _signed_in(cloud, pool, client)["AccessToken"])
    assert jwt.get_unverified_header(before)["kid"] not in json.dumps(cloud.jwks(pool))
