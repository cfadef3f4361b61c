"""The verifier: what is accepted, what is refused, and with which error and evidence."""

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from usermgr_jwt import CognitoVerifier, JwksFile
from usermgr_jwt.errors import (
    KeysNotFoundError,
    TokenClaimError,
    TokenClientError,
    TokenExpiredError,
    TokenGroupError,
    TokenIssuerError,
    TokenNotYetValidError,
    TokenScopeError,
    TokenSignatureError,
    TokenUseError,
    UnknownKeyError,
)


def test_an_access_token_gives_its_claims(verifier, pool):
    """A good access token comes back as claims with typed attributes."""
    expected = pool.access_claims(username="ünï")

    claims = verifier.verify(pool.token(expected))

    assert claims.to_dict() == expected
    assert claims.sub == expected["sub"]
    assert claims.username == "ünï"
    assert claims.client_id == pool.client_id
    assert claims.token_use == "access"
    assert claims.issuer == pool.issuer
    assert claims.groups == ("admins", "support")
    assert claims.scopes == ("aws.cognito.signin.user.admin", "orders/read")
    assert claims.expires_at == datetime.fromtimestamp(expected["exp"], UTC)
    assert claims.issued_at == datetime.fromtimestamp(expected["iat"], UTC)


def test_an_id_token_gives_its_claims(settings, pool):
    """An id token's client is its `aud`, its name `cognito:username`, and it has no scopes."""
    claims = CognitoVerifier(**settings | {"token_use": "id"}).verify(pool.token(pool.id_claims(), key_id="id-key"))

    assert (claims.client_id, claims.username, claims.scopes) == (pool.client_id, "alice", ())


def test_a_machines_token_has_no_user(verifier, pool):
    """A client credentials token has neither user name nor groups."""
    claims = verifier.verify(pool.token(pool.access_claims(username=..., **{"cognito:groups": ..., "sub": CLIENT})))

    assert (claims.sub, claims.username, claims.groups) == (CLIENT, None, ())


CLIENT = "1h57kf5cpq17m0eml12example"


@pytest.mark.parametrize("host", ["cognito-idp", "issuer-cognito-idp"])
def test_both_issuer_forms_are_accepted(verifier, pool, host):
    """Cognito has two forms of a pool's issuer, and a pool may use either."""
    issuer = f"https://{host}.ap-northeast-1.amazonaws.com/{pool.pool_id}"

    assert verifier.verify(pool.token(pool.access_claims(iss=issuer))).issuer == issuer


@pytest.mark.parametrize("token_use", ["access", "id"])
def test_an_explicit_none_accepts_any(settings, pool, token_use):
    """client_id=None accepts every client of the pool, token_use=None both kinds of token."""
    verifier = CognitoVerifier(**settings | {"client_id": None, "token_use": None})
    claims = pool.access_claims(client_id="x") if token_use == "access" else pool.id_claims(aud="x")

    assert verifier.verify(pool.token(claims)).client_id == "x"


def test_client_id_and_token_use_have_no_default(settings):
    """Accepting any client or use is never an accident: both must be given."""
    for name in ("client_id", "token_use"):
        with pytest.raises(TypeError, match=name):
            CognitoVerifier(**{key: value for key, value in settings.items() if key != name})


def test_several_clients(settings, pool):
    """client_id takes a collection."""
    verifier = CognitoVerifier(**settings | {"client_id": ["one", "two"]})

    assert verifier.verify(pool.token(pool.access_claims(client_id="two"))).client_id == "two"
    with pytest.raises(TokenClientError) as caught:
        verifier.verify(pool.token(pool.access_claims(client_id="three")))
    assert (caught.value.client_id, caught.value.expected) == ("three", {"one", "two"})


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"user_pool_id": "AbCdEf123"}, "user_pool_id"),
        ({"user_pool_id": "ap-northeast-1_AbC/../x"}, "user_pool_id"),
        ({"user_pool_id": "ap-northeast-1_AbC\n"}, "user_pool_id"),
        ({"client_id": ""}, "client_id"),
        ({"client_id": []}, "client_id"),
        ({"client_id": [""]}, "client_id"),
        ({"client_id": [None]}, "client_id"),
        ({"token_use": "refresh"}, "token_use"),
        ({"groups": []}, "groups"),
        ({"scopes": ()}, "scopes"),
        ({"token_use": "id", "scopes": "a"}, "scopes"),
        ({"leeway": -1}, "leeway"),
        ({"leeway": float("nan")}, "leeway"),
        ({"leeway": True}, "leeway"),
        ({"leeway": "5"}, "leeway"),
    ],
)
def test_a_senseless_setting_is_named_at_once(settings, change, problem):
    """A setting that could never work, or would accept too much, fails when the verifier is built."""
    with pytest.raises(ValueError, match=problem):
        CognitoVerifier(**settings | change)


def test_expiry(settings, pool):
    """A token is good until just before `exp`, plus leeway, and the error says when it ended."""
    token = pool.token(pool.access_claims(exp=1000))

    for now, leeway in ((999.9, 0), (1000, 1), (1004.9, 5)):
        CognitoVerifier(**settings, now=lambda now=now: now, leeway=leeway).verify(token)
    for now, leeway in ((1000, 0), (1001, 1)):
        with pytest.raises(TokenExpiredError) as caught:
            CognitoVerifier(**settings, now=lambda now=now: now, leeway=leeway).verify(token)
        assert caught.value.expired_at == datetime.fromtimestamp(1000, UTC)


def test_not_before(settings, pool):
    """A token is good from `nbf`, minus leeway, and the error says from when."""
    token = pool.token(pool.access_claims(nbf=1000))

    for now, leeway in ((1000, 0), (999, 1)):
        CognitoVerifier(**settings, now=lambda now=now: now, leeway=leeway).verify(token)
    with pytest.raises(TokenNotYetValidError) as caught:
        CognitoVerifier(**settings, now=lambda: 999.9).verify(token)
    assert caught.value.valid_from == datetime.fromtimestamp(1000, UTC)


def test_each_claim_has_its_error_and_evidence(verifier, pool):
    """A wrong issuer, client and use are told apart, with the value that was there."""
    for changes, error, name, value in [
        ({"iss": "https://example.com"}, TokenIssuerError, "issuer", "https://example.com"),
        ({"iss": 5}, TokenIssuerError, "issuer", None),
        ({"iss": ...}, TokenIssuerError, "issuer", None),
        ({"client_id": "other"}, TokenClientError, "client_id", "other"),
        ({"client_id": [pool.client_id]}, TokenClientError, "client_id", None),
        ({"client_id": ..., "aud": pool.client_id}, TokenClientError, "client_id", None),
        ({"token_use": "id", "aud": pool.client_id}, TokenUseError, "token_use", "id"),
        ({"token_use": ...}, TokenUseError, "token_use", None),
        ({"token_use": ["access"]}, TokenUseError, "token_use", None),
        ({"exp": ...}, TokenClaimError, "claim", "exp"),
        ({"sub": ...}, TokenClaimError, "claim", "sub"),
        ({"sub": ""}, TokenClaimError, "claim", "sub"),
        ({"scope": ["a"]}, TokenClaimError, "claim", "scope"),
        ({"cognito:groups": "admins"}, TokenClaimError, "claim", "cognito:groups"),
        ({"cognito:groups": [1]}, TokenClaimError, "claim", "cognito:groups"),
    ]:
        with pytest.raises(error) as caught:
            verifier.verify(pool.token(pool.access_claims(**changes)))
        assert type(caught.value) is error
        assert getattr(caught.value, name) == value


def test_groups_and_scopes(settings, pool):
    """One of the groups, and one of the scopes, must be there; the error says what was."""
    token = pool.token()

    CognitoVerifier(**settings, groups=["admins", "root"], scopes="orders/read").verify(token)
    with pytest.raises(TokenGroupError) as caught:
        CognitoVerifier(**settings, groups=["root", "admin"]).verify(token)
    assert (caught.value.groups, caught.value.required) == (("admins", "support"), {"root", "admin"})
    with pytest.raises(TokenScopeError) as caught:
        CognitoVerifier(**settings, scopes=["orders/write", "orders"]).verify(token)
    assert caught.value.scopes == ("aws.cognito.signin.user.admin", "orders/read")
    with pytest.raises(TokenGroupError):
        CognitoVerifier(**settings, groups="admins").verify(pool.token(pool.access_claims(**{"cognito:groups": ...})))


def test_unknown_key_and_bad_signature_are_told_apart(verifier, pool, stranger):
    """A key id that the file lacks is another error than a signature by a wrong key."""
    with pytest.raises(UnknownKeyError) as unknown:
        verifier.verify(pool.token(header={"kid": "rotated"}))
    assert unknown.value.key_id == "rotated"
    with pytest.raises(TokenSignatureError) as forged:
        verifier.verify(pool.token(key=stranger))
    assert forged.value.key_id == "access-key"


def test_iat_is_not_a_reason_to_refuse(settings, pool):
    """A verifier whose clock is a second behind Cognito's accepts a fresh token: only nbf and exp bound it."""
    now = time.time()

    CognitoVerifier(**settings, now=lambda: now - 1).verify(pool.token(pool.access_claims(iat=int(now) + 1)))


class TestAnyOf:
    """Several pools, or several clients with different rights."""

    @pytest.fixture
    def other(self, tmp_path, other_pool) -> dict[str, Any]:
        path = tmp_path / "other.json"
        path.write_text(json.dumps(other_pool.jwks()))
        return {
            "user_pool_id": other_pool.pool_id,
            "client_id": other_pool.client_id,
            "token_use": "access",
            "keys": JwksFile(path),
        }

    def test_each_pool_is_verified_with_its_own_keys(self, settings, other, pool, other_pool):
        """Both pools use the same key ids here, and a token of each is accepted by its own verifier only."""
        both = CognitoVerifier.any_of(CognitoVerifier(**settings), CognitoVerifier(**other))

        assert both.verify(pool.token()).issuer == pool.issuer
        assert both.verify(other_pool.token()).issuer == other_pool.issuer
        with pytest.raises(TokenIssuerError):
            both.verify(pool.token(pool.access_claims(iss=other_pool.issuer, client_id=other_pool.client_id)))

    def test_the_error_is_of_the_verifier_that_got_furthest(self, settings, other, pool):
        """An expired token of one pool is called expired, not badly signed for the other."""
        both = CognitoVerifier.any_of(CognitoVerifier(**other), CognitoVerifier(**settings))

        with pytest.raises(TokenExpiredError):
            both.verify(pool.token(pool.access_claims(exp=1)))

    def test_a_pool_without_keys_does_not_stop_the_others(self, settings, other, pool, other_pool, tmp_path):
        """A missing file answers 503 only for tokens that might have been good."""
        missing = CognitoVerifier(**other | {"keys": JwksFile(tmp_path / "none.json")})
        both = CognitoVerifier.any_of(missing, CognitoVerifier(**settings))

        assert both.verify(pool.token()).issuer == pool.issuer
        with pytest.raises(KeysNotFoundError):
            both.verify(other_pool.token())

    @pytest.mark.parametrize("missing_first", [True, False])
    @pytest.mark.parametrize(
        ("header", "claims", "error"),
        [
            pytest.param({}, {}, KeysNotFoundError, id="a signature that might be the other pool's"),
            pytest.param({"kid": "x"}, {}, KeysNotFoundError, id="a key id that might be the other pool's"),
            pytest.param(None, {"exp": 1}, TokenExpiredError, id="a token of the pool that has keys"),
        ],
    )
    def test_missing_keys_count_where_the_token_might_be_theirs(
        self, settings, other, pool, other_pool, tmp_path, missing_first, header, claims, error
    ):
        """Without a pool's keys the answer is 503, in either order, unless another pool's keys prove the token bad."""
        missing = CognitoVerifier(**other | {"keys": JwksFile(tmp_path / "none.json")})
        verifiers = [CognitoVerifier(**settings), missing]
        both = CognitoVerifier.any_of(*(reversed(verifiers) if missing_first else verifiers))
        signer = pool if header is None else other_pool

        with pytest.raises(error):
            both.verify(signer.token(signer.access_claims(**claims), header=header))
        with pytest.raises(KeysNotFoundError):
            CognitoVerifier.any_of(missing, missing).verify(signer.token())

    def test_it_needs_one(self):
        """No verifier at all would accept nothing, silently."""
        with pytest.raises(ValueError, match="at least one"):
            CognitoVerifier.any_of()
