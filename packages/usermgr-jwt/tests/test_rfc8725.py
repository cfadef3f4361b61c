"""RFC 8725, JSON Web Token Best Current Practices: one test per section. docs/rfc8725.md is the checklist.

https://www.rfc-editor.org/rfc/rfc8725#section-3
"""

import re
from pathlib import Path

import pytest

from usermgr_jwt import CognitoVerifier, JwksFile
from usermgr_jwt._keys import parse_jwks
from usermgr_jwt.errors import (
    KeysInvalidError,
    TokenAlgorithmError,
    TokenClaimError,
    TokenClientError,
    TokenFormatError,
    TokenIssuerError,
    TokenSignatureError,
    TokenUseError,
    UnknownKeyError,
)


def test_3_1_perform_algorithm_verification(verifier, pool):
    """The algorithm is fixed to RS256, one key is for one algorithm, and the header can change neither."""
    for algorithm in ("none", "HS256", "RS384", "PS256", "ES256", "rs256"):
        with pytest.raises(TokenAlgorithmError):
            verifier.verify(pool.token(header={"alg": algorithm}))


def test_3_2_use_appropriate_algorithms(verifier, pool, compact):
    """`none` is never accepted, and a published key for another algorithm is never used for RS256."""
    with pytest.raises(TokenAlgorithmError):
        verifier.verify(pool.token(header={"alg": "none"}))
    document = {"keys": [pool.jwks()["keys"][0], pool.jwks()["keys"][1] | {"alg": "RS512"}]}
    assert parse_jwks(compact(document), "test").key_ids == {"access-key"}


def test_3_3_validate_all_cryptographic_operations(verifier, pool, stranger):
    """A token whose signature is not good is refused whole, before anything of its payload is read."""
    with pytest.raises(TokenSignatureError):
        verifier.verify(pool.token(b"this is not even JSON", key=stranger))


def test_3_4_validate_cryptographic_inputs(verifier, pool):
    """The signature must be canonical base64url of exactly the key's length, below its modulus."""
    signing_input, _, signature = pool.token().rpartition(".")
    for changed, error in [
        (signature + "==", TokenFormatError),
        (signature[:-1] + chr(ord(signature[-1]) + 1), TokenFormatError),
        (signature[:-4] + "AA", TokenSignatureError),
        ("_" * 341 + "w", TokenSignatureError),
    ]:
        with pytest.raises(error):
            verifier.verify(f"{signing_input}.{changed}")


def test_3_5_sufficient_entropy_of_keys(compact, make_jwk, pool):
    """Keys under 2048 bits, tiny exponents and symmetric keys (such as passwords) are refused with their file."""
    good = pool.jwks()["keys"][0]
    for bad in (make_jwk(1024), good | {"e": "Aw"}, {"kty": "oct", "kid": "password", "k": "cGFzc3dvcmQ"}):
        with pytest.raises(KeysInvalidError):
            parse_jwks(compact({"keys": [bad]}), "test")


def test_3_6_no_compression(verifier, pool):
    """Nothing is ever decompressed: `zip` in the header is refused."""
    with pytest.raises(TokenFormatError):
        verifier.verify(pool.token(header={"zip": "DEF"}))


def test_3_7_use_utf_8(verifier, pool):
    """Header, payload and key file are UTF-8 without exception."""
    text = '{"x": "ü"}'
    for encoding in ("utf-16", "utf-32", "latin-1", "utf-8-sig"):
        with pytest.raises(TokenFormatError):
            verifier.verify(pool.token(text.encode(encoding)))
        with pytest.raises(TokenFormatError):
            verifier.verify(pool.token(header=text.encode(encoding)))
        with pytest.raises(KeysInvalidError):
            parse_jwks(text.encode(encoding), "test")


def test_3_8_validate_issuer_and_subject(verifier, pool, other_pool):
    """The issuer must be the pool whose keys these are, exactly, and the subject a non-empty string."""
    for issuer in (other_pool.issuer, pool.issuer + "/", None):
        with pytest.raises(TokenIssuerError):
            verifier.verify(pool.token(pool.access_claims(iss=issuer)))
    for subject in ("", None, 5, ...):
        with pytest.raises(TokenClaimError):
            verifier.verify(pool.token(pool.access_claims(sub=subject)))


def test_3_9_use_and_validate_audience(settings, pool):
    """The application that a token is for must be named: `client_id` of an access token, `aud` of an id token."""
    for use, claims in (("access", pool.access_claims(client_id="other")), ("id", pool.id_claims(aud="other"))):
        with pytest.raises(TokenClientError):
            CognitoVerifier(**settings | {"token_use": use}).verify(pool.token(claims))
    with pytest.raises(TypeError):
        CognitoVerifier(**{name: value for name, value in settings.items() if name != "client_id"})


def test_3_10_do_not_trust_received_claims(settings, pool, stranger, no_sockets):
    """`kid` is only looked up in memory; keys and addresses in the header are refused, and nothing is fetched."""
    verifier = CognitoVerifier(**settings)
    with no_sockets() as opened:
        for key_id in ("../../../etc/passwd", "' OR '1'='1", "https://evil.example/jwks.json"):
            with pytest.raises(UnknownKeyError):
                verifier.verify(pool.token(header={"kid": key_id}))
        for member in ("jku", "x5u", "jwk", "x5c"):
            with pytest.raises(TokenFormatError):
                verifier.verify(pool.token(header={member: "https://evil.example/"}, key=stranger))
    assert opened == []


def test_3_11_use_explicit_typing(verifier, pool):
    """A JWT of another declared type is refused; Cognito's own type is the claim `token_use`, which must be there."""
    for typ in ("at+jwt", "secevent+jwt", "logout+jwt", "dpop+jwt"):
        with pytest.raises(TokenFormatError):
            verifier.verify(pool.token(header={"typ": typ}))
    with pytest.raises(TokenUseError):
        verifier.verify(pool.token(pool.access_claims(token_use=...)))


def test_3_12_mutually_exclusive_rules(settings, pool, other_pool, jwks_path):
    """An id token is not an access token, nor the reverse, and another pool's token is neither."""
    access = CognitoVerifier(**settings)
    identity = CognitoVerifier(**settings | {"token_use": "id"})
    access_token, id_token = pool.token(), pool.token(pool.id_claims(), key_id="id-key")
    access.verify(access_token)
    identity.verify(id_token)

    for verifier, token in ((access, id_token), (identity, access_token)):
        with pytest.raises(TokenUseError):
            verifier.verify(token)
    elsewhere = {"user_pool_id": other_pool.pool_id, "client_id": pool.client_id, "keys": JwksFile(jwks_path)}
    with pytest.raises(TokenIssuerError):
        CognitoVerifier(**elsewhere, token_use="access").verify(access_token)


def test_the_checklist_names_every_test():
    """docs/rfc8725.md has a row for each section 3.1 to 3.12, and names the test above that shows it."""
    document = Path(__file__).parents[3] / "docs" / "rfc8725.md"
    named = re.findall(r"^\| (3\.\d+) .*`(test_\w+)` \|$", document.read_text(), re.MULTILINE)

    assert [section for section, _ in named] == [f"3.{number}" for number in range(1, 13)]
    assert [test for _, test in named] == [name for name in globals() if name.startswith("test_3_")]
