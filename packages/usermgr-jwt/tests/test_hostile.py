"""Hostile tokens of every kind that we could think of: each is refused with a TokenError, and nothing else happens.

Most are signed with the pool's own key, so that the signature cannot be what saves us.
"""

import hmac
import json
from base64 import b64encode, urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from usermgr_jwt import (
    CognitoVerifier,
    TokenAlgorithmError,
    TokenClaimError,
    TokenClientError,
    TokenError,
    TokenExpiredError,
    TokenFormatError,
    TokenGroupError,
    TokenIssuerError,
    TokenNotYetValidError,
    TokenScopeError,
    TokenSignatureError,
    TokenUseError,
    UnknownKeyError,
)

Case = tuple[Any, type[TokenError]]
RS256_HEADER = b'{"kid":"access-key","alg":"RS256"}'


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def algorithms(pool, stranger) -> Iterator[Case]:
    """Algorithm confusion: the header's wish is never granted."""
    for value in ["none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS384", "RS512", "PS256", "ES256"]:
        yield pool.token(header={"alg": value}), TokenAlgorithmError
        yield pool.token(header={"alg": value}).rpartition(".")[0] + ".", TokenFormatError
    for value in ["rs256", "RS256 ", " RS256", "RS256\x00", "EdDSA", "RSA1_5", "dir", None, 256, True, ["RS256"], {}]:
        yield pool.token(header={"alg": value}), TokenAlgorithmError
    yield pool.token(header={"alg": ...}), TokenAlgorithmError
    yield pool.token(header={"alg": ..., "ALG": "RS256"}), TokenAlgorithmError
    public = pool.keys["access-key"].public_key()
    secrets = [
        public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        pool.jwks()["keys"][0]["n"].encode(),
        json.dumps(pool.jwks()["keys"][0]).encode(),
        b"",
    ]
    for secret in secrets:
        for algorithm, error in (("HS256", TokenAlgorithmError), ("RS256", TokenSignatureError)):
            signing_input = pool.token(header={"alg": algorithm}).rpartition(".")[0]
            digest = hmac.digest(secret, signing_input.encode(), "sha256")
            yield f"{signing_input}.{b64url(digest)}", error


def embedded_keys(pool, stranger) -> Iterator[Case]:
    """A key that comes with the token, or an address of one, is refused even beside a good signature."""
    own = dict(zip(("kty", "n", "e"), ("RSA", *_numbers(stranger)), strict=True))
    for member in [
        {"jwk": own},
        {"jwk": None},
        {"jku": "https://evil.example/jwks.json"},
        {"jku": f"{pool.issuer}/.well-known/jwks.json"},
        {"x5u": "https://evil.example/cert.pem"},
        {"x5c": ["MIIB"]},
        {"x5t": "AAAA"},
        {"x5t#S256": "AAAA"},
    ]:
        yield pool.token(header=member), TokenFormatError
        yield pool.token(header=member, key=stranger), TokenFormatError
        yield pool.token(header=member | {"kid": "evil"}, key=stranger), TokenFormatError
    yield pool.token(key=stranger), TokenSignatureError
    yield pool.token(header={"kid": "evil"}, key=stranger), UnknownKeyError


def _numbers(key) -> tuple[str, str]:
    numbers = key.public_key().public_numbers()
    return b64url(numbers.n.to_bytes(256, "big")), "AQAB"


def critical_headers(pool, stranger) -> Iterator[Case]:
    """`crit` asks for an extension; there is none that we know, and an empty one is not allowed either."""
    for value in [[], ["exp"], ["b64"], ["alg"], "exp", None, {}, 0, False, ["http://example.com/unknown"]]:
        yield pool.token(header={"crit": value}), TokenFormatError
    yield pool.token(header={"crit": ["b64"], "b64": False}), TokenFormatError
    for member in ({"b64": False}, {"b64": True}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"cty": "JWT"}, {"cty": 5}):
        yield pool.token(header=member), TokenFormatError
    for typ in ["at+jwt", "JOSE", "JWE", "logout+jwt", "", None, 5, ["JWT"], "JWT "]:
        yield pool.token(header={"typ": typ}), TokenFormatError


def key_ids(pool, stranger) -> Iterator[Case]:
    """Key ids that are none, that aim at files or databases, or that are not ours."""
    for value in [None, 5, True, [], ["access-key"], {"kid": "access-key"}, "", "x" * 257, "x" * 40_000]:
        yield pool.token(header={"kid": value}), TokenFormatError
    yield pool.token(header={"kid": ...}), TokenFormatError
    for value in ["../../dev/null", "/etc/passwd", "' OR 1=1 --", "access-key ", "ACCESS-KEY", "access-key\x00", "*"]:
        yield pool.token(header={"kid": value}), UnknownKeyError
    yield pool.token(header=b'{"kid":"\\ud800","alg":"RS256"}'), TokenFormatError
    yield pool.token(header={"kid": "id-key"}), TokenSignatureError


def broken_json(good: bytes) -> list[bytes]:
    """Texts that some JSON parser takes, made from a good object."""
    return [
        b"",
        b"{",
        b"}",
        b"null",
        b"true",
        b"0",
        b'""',
        b"[]",
        b"[" + good + b"]",
        good + good,
        good + b",",
        good + b"\x00",
        good + b"//",
        b"\xef\xbb\xbf" + good,
        b"\x00" + good,
        good + b"A",
        b"\x0b" + good,
        good.decode().encode("utf-16"),
        good.decode().encode("utf-16-le"),
        good.decode().encode("utf-32"),
        good[:-1],
        good[:-1] + b",}",
        good[:-1] + b',"x":NaN}',
        good[:-1] + b',"x":Infinity}',
        good[:-1] + b',"x":-Infinity}',
        good[:-1] + b',"x":1e999}',
        good[:-1] + b',"x":-1e999}',
        good[:-1] + b',"x":01}',
        good[:-1] + b',"x":+1}',
        good[:-1] + b',"x":.5}',
        good[:-1] + b',"x":0x10}',
        good[:-1] + b',"x":' + b"9" * 5000 + b"}",
        good[:-1] + b",\"x\":'a'}",
        good[:-1] + b',"x":undefined}',
        good[:-1] + b',"x":"\xff"}',
        good[:-1] + b',"x":"\xc0\xaf"}',
        good[:-1] + b',"x":"\xed\xa0\x80"}',
        good[:-1] + b',"x":"\\ud800"}',
        good[:-1] + b',"x":"\\udc00\\ud800"}',
        good[:-1] + b',"\\ud800":1}',
        good[:-1] + b',"x":["\\ud800"]}',
        good[:-1] + b',"x":{"y":"\\uD800"}}',
        good[:-1] + b',"x":"\n"}',
        good[:-1] + b',"x":"\\x41"}',
        good[:-1] + b',"x":1,"x":1}',
        good[:-1] + b',"x":{"y":1,"y":2}}',
        good[:-1] + b',"x":[{"y":1,"\\u0079":2}]}',
        good[:-1] + b',"x":' + b"[" * 33 + b"]" * 33 + b"}",
        good[:-1] + b',"x":' + b'{"y":' * 33 + b"1" + b"}" * 33 + b"}",
        good[:-1] + b',"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
        good[:-1] + b',"x":' + b"[" * 40_000,
        b'{"a":' * 7000,
    ]


def headers_json(pool, stranger) -> Iterator[Case]:
    """Headers that are not one strict JSON object."""
    for header in broken_json(RS256_HEADER):
        yield pool.token(header=header), TokenFormatError
    for header in [
        b'{"kid":"access-key","alg":"none","alg":"RS256"}',
        b'{"kid":"access-key","alg":"RS256","alg":"none"}',
        b'{"kid":"evil","alg":"RS256","kid":"access-key"}',
        b'{"kid":"access-key","alg":"RS256","\\u0061lg":"none"}',
    ]:
        yield pool.token(header=header), TokenFormatError


def payload_json(pool, stranger) -> Iterator[Case]:
    """Payloads that are not one strict JSON object, signed by the pool."""
    good = json.dumps(pool.access_claims()).encode()
    for payload in broken_json(good):
        yield pool.token(payload), TokenFormatError
    for name in ("exp", "iss", "client_id", "token_use", "sub", "cognito:groups"):
        twice = good[:-1] + f',"{name}":{json.dumps(pool.access_claims()[name])}}}'.encode()
        yield pool.token(twice), TokenFormatError
    yield pool.token(pool.token().encode()), TokenFormatError
    yield pool.token(pool.token().encode(), header={"cty": "JWT"}), TokenFormatError


def base64_forms(pool, stranger) -> Iterator[Case]:
    """Other texts for the same bytes, each signed as it stands: only canonical base64url is a token."""
    header = b64url(RS256_HEADER)
    good = json.dumps(pool.access_claims()).encode()
    for spaces in range(3):  # each remainder of the length modulo 4, so that every kind of last character occurs
        payload = b64url(good + b" " * spaces)
        key = pool.keys["access-key"]
        others = [payload + "=" * n for n in (1, 2, 3, 4)] + [
            payload + "A",
            payload + "AA",
            payload[:-1],
            "=" + payload,
        ]
        others += [
            payload[:40] + mark + payload[40:] for mark in ("\n", " ", "\r\n", "\t", "=", "==", "-_-", "%3D", "\x00")
        ]
        others += [payload[:40] + mark + payload[41:] for mark in ("+", "/", ".", "*", "\x7f", "~")]
        if remainder := len(payload) % 4:
            step = 16 if remainder == 2 else 4
            alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
            start = alphabet.index(payload[-1])
            others += [payload[:-1] + alphabet[start + n] for n in range(1, step)]
        for other in others:
            yield pool.sign(f"{header}.{other}", key), TokenFormatError
    for other in [
        header + "=",
        header + "A",
        header[:-1],
        header[:9] + "\n" + header[9:],
        header[:9] + "+" + header[10:],
    ]:
        yield pool.sign(f"{other}.{b64url(good)}", pool.keys["access-key"]), TokenFormatError
    plain = b64encode(b"\xfb\xff\xbf" + good).decode()
    yield pool.sign(f"{header}.{plain}", pool.keys["access-key"]), TokenFormatError


def signatures(pool, stranger) -> Iterator[Case]:
    """Signatures that are cut, stretched, moved, rewritten, or made in another way."""
    signing_input, _, text = pool.token().rpartition(".")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    start = alphabet.index(text[-1])
    for n in range(1, 16):  # GHSA-hxm8-2xgr-2p9m: sixteen texts for one signature
        yield f"{signing_input}.{text[:-1]}{alphabet[start + n]}", TokenFormatError
    for other in [text + "=", text + "==", text + "B", text + "\n", "\n" + text, text[:9] + "+" + text[10:], text[:-1]]:
        yield f"{signing_input}.{other}", TokenFormatError
    key = pool.keys["access-key"]
    good = key.sign(signing_input.encode(), padding.PKCS1v15(), hashes.SHA256())
    modulus = key.public_key().public_numbers().n
    number = int.from_bytes(good, "big")
    data = signing_input.encode()
    pss = padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    for forged in [
        b"\x00",
        b"\x00" * 256,
        b"\xff" * 256,
        good[:-1],
        good[1:],
        good + b"\x00",
        b"\x00" + good,
        good + b"A",
        good + good,
        good[::-1],
        (number + modulus).to_bytes(257, "big"),
        (modulus - number).to_bytes(256, "big"),
        (1).to_bytes(256, "big"),
        (modulus - 1).to_bytes(256, "big"),
        modulus.to_bytes(256, "big"),
        key.sign(data, pss, hashes.SHA256()),
        key.sign(data, padding.PKCS1v15(), hashes.SHA512()),
        key.sign(data, padding.PKCS1v15(), hashes.SHA384()),
        key.sign(data[:-1], padding.PKCS1v15(), hashes.SHA256()),
        key.sign(data + b".", padding.PKCS1v15(), hashes.SHA256()),
        key.sign(b"", padding.PKCS1v15(), hashes.SHA256()),
        stranger.sign(data, padding.PKCS1v15(), hashes.SHA256()),
        pool.keys["id-key"].sign(data, padding.PKCS1v15(), hashes.SHA256()),
    ]:
        yield f"{signing_input}.{b64url(forged)}", TokenSignatureError
    for bit in range(0, 2048, 64):
        flipped = (number ^ (1 << bit)).to_bytes(256, "big")
        yield f"{signing_input}.{b64url(flipped)}", TokenSignatureError
    other = pool.token(pool.access_claims(sub="somebody else"))
    yield f"{signing_input}.{other.rpartition('.')[2]}", TokenSignatureError
    header, payload, _ = other.split(".")
    yield f"{header}.{payload}.{text}", TokenSignatureError


def structures(pool, stranger) -> Iterator[Case]:
    """What is no compact JWS at all."""
    token = pool.token()
    header, payload, signature = token.split(".")
    for text in [
        "",
        " ",
        ".",
        "..",
        "...",
        "....",
        "a",
        "a.b",
        f"{header}.{payload}",
        f"{header}.{payload}.",
        f".{payload}.{signature}",
        f"{header}..{signature}",
        f"{token}.",
        f".{token}",
        f"{token}.{signature}",
        f"{token}.{header}.{payload}",
        f"{token} ",
        f" {token}",
        f"{token}\n",
        f"Bearer {token}",
        f'"{token}"',
        f"{token},{token}",
        token.replace(".", "。"),
        token.replace(".", "\x00"),
        token[:50] + "é" + token[51:],
        token[:50] + "\ud800" + token[51:],
        "".join(chr(ord(c) + 0xFEE0) if c.isalnum() else c for c in token),
        json.dumps({"payload": payload, "protected": header, "signature": signature}),
        json.dumps({"payload": payload, "signatures": [{"protected": header, "signature": signature}]}),
        "-----BEGIN PUBLIC KEY-----",
        "<xml/>",
        "null",
    ]:
        yield text, TokenFormatError
    for value in [None, 5, 1.5, True, token.encode(), bytearray(token.encode()), [token], {"token": token}, object()]:
        yield value, TokenFormatError


def megabytes(pool, stranger) -> Iterator[Case]:
    """Sizes that only an attacker sends."""
    header, payload, signature = pool.token().split(".")
    yield "A" * (1 << 16) + "." + "A", TokenFormatError
    for size in (1 << 16, 1 << 20, 1 << 23):
        yield "A" * size, TokenFormatError
        yield "." * size, TokenFormatError
        yield f"{'A' * size}.{payload}.{signature}", TokenFormatError
        yield f"{header}.{'A' * size}.{signature}", TokenFormatError
        yield f"{header}.{payload}.{'A' * size}", TokenFormatError
    yield pool.token(pool.access_claims(padding="x" * (1 << 16))), TokenFormatError
    yield f"{header}.{payload}.{'A' * 60_000}", TokenSignatureError


def times(pool, stranger) -> Iterator[Case]:
    """Times that are not, or not now."""
    no_times = ["1", "", None, True, False, [], [9999999999], {}, 1.5, 9999999999.0, -1, 10**12, 10**30, -(10**30)]
    for name in ("exp", "nbf", "iat", "auth_time"):
        for value in no_times:
            yield pool.token(pool.access_claims(**{name: value})), TokenClaimError
    yield pool.token(pool.access_claims(exp=...)), TokenClaimError
    for value in (0, 1, 1_000_000_000):
        yield pool.token(pool.access_claims(exp=value)), TokenExpiredError
    for value in (9_999_999_999, 253_402_300_799):
        yield pool.token(pool.access_claims(nbf=value)), TokenNotYetValidError


def uses_and_clients(pool, stranger) -> Iterator[Case]:
    """Tokens for another purpose or another application."""
    yield pool.token(pool.id_claims(), key_id="id-key"), TokenUseError
    yield pool.token(pool.id_claims()), TokenUseError
    for value in [
        "id",
        "refresh",
        "ACCESS",
        "Access",
        "access ",
        "",
        None,
        True,
        1,
        ["access"],
        {"access": 1},
        "client_id",
    ]:
        yield pool.token(pool.access_claims(token_use=value)), TokenUseError
    yield pool.token(pool.access_claims(token_use=...)), TokenUseError
    client = pool.client_id
    near = [client.upper(), client[:-1], client + "x", client + " ", " " + client, client + "\x00", "", "*", "other"]
    for value in [*near, None, True, 5, [client], {client: 1}, [client, "other"]]:
        yield pool.token(pool.access_claims(client_id=value)), TokenClientError
        yield pool.token(pool.access_claims(client_id=value, aud=client)), TokenClientError
    yield pool.token(pool.access_claims(client_id=...)), TokenClientError
    for value in ["", None, 5, [], ["x"], {}, True, ...]:
        yield pool.token(pool.access_claims(sub=value)), TokenClaimError


def issuers(pool, stranger) -> Iterator[Case]:
    """Issuers that look like the pool's."""
    good = pool.issuer
    pool_id = pool.pool_id
    for value in [
        good + "/",
        good + "x",
        good[:-1],
        good + "?",
        good + "#",
        good + "\x00",
        good + "/.well-known/jwks.json",
        " " + good,
        good + " ",
        good.upper(),
        good.replace(pool_id, pool_id.lower()),
        good.replace("https", "http"),
        good.replace("https", "HTTPS"),
        good.replace("https://", ""),
        good.replace("https://", "https://evil.example/"),
        good.replace("https://", "https://user@"),
        good.replace(".com/", ".com:443/"),
        good.replace(".com/", ".com./"),
        good.replace(".com/", ".com//"),
        good.replace(".com/", ".com.cn/"),
        good.replace(".com/", ".com.evil.example/"),
        good.replace("amazonaws", "am\u0430zonaws"),
        good.replace("ap-northeast-1", "us-east-1"),
        good.replace("_AbCdEf123", "_AbCdEf124"),
        good.replace("_", "%5F"),
        good.replace("cognito-idp", "evil-cognito-idp"),
        good.replace("cognito-idp", "issuer-issuer-cognito-idp"),
        good.replace("cognito-idp", "cognito-identity"),
        good.replace(pool_id, "../" + pool_id),
        pool_id,
        "",
        None,
        True,
        5,
        [good],
        {good: 1},
        ...,
    ]:
        yield pool.token(pool.access_claims(iss=value)), TokenIssuerError


def rights(pool, stranger) -> Iterator[Case]:
    """Groups and scopes that are near, but not there. (The verifier wants group admins and scope orders/read.)"""
    for value in [[], ["Admins"], ["admin"], ["admins "], ["admins,support"], [""], ["*"], ...]:
        yield pool.token(pool.access_claims(**{"cognito:groups": value})), TokenGroupError
    for value in ["admins", None, 5, True, {"admins": 1}, [None], [["admins"]], ["admins", 5], ""]:
        yield pool.token(pool.access_claims(**{"cognito:groups": value})), TokenClaimError
    for value in ["", "orders", "orders/reader", "orders/rea", "ORDERS/READ", "orders/read,x", "*", ...]:
        yield pool.token(pool.access_claims(scope=value)), TokenScopeError
    for value in [None, 5, True, ["orders/read"], {"orders/read": 1}]:
        yield pool.token(pool.access_claims(scope=value)), TokenClaimError


KINDS = [
    algorithms,
    embedded_keys,
    critical_headers,
    key_ids,
    headers_json,
    payload_json,
    base64_forms,
    signatures,
    structures,
    megabytes,
    times,
    uses_and_clients,
    issuers,
    rights,
]


@pytest.fixture(params=[0, 100], ids=["uncached", "cached"])
def strict(settings, request) -> CognitoVerifier:
    return CognitoVerifier(**settings, groups=["admins"], scopes=["orders/read"], cache_size=request.param)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_hostile_tokens_are_refused(kind, strict, pool, stranger):
    """Each is refused with its error, twice in the same way, without the token in text or attributes."""
    assert strict.verify(pool.token()).username == "alice"
    for number, (token, error) in enumerate(kind(pool, stranger)):
        texts = []
        for _ in range(2):
            with pytest.raises(TokenError) as caught:
                strict.verify(token)
            assert isinstance(caught.value, error), f"{kind.__name__} {number}: {caught.value!r}"
            texts.append((str(caught.value), repr(caught.value), repr(vars(caught.value))))
        assert texts[0] == texts[1]
        if isinstance(token, str) and len(token) > 200:
            assert all(token not in text and token[-100:] not in text for text in texts[0])
    assert strict.verify(pool.token()).username == "alice"


def test_the_count(pool, stranger):
    """How many hostile tokens there are, by kind."""
    count = Counter({kind.__name__: sum(1 for _ in kind(pool, stranger)) for kind in KINDS})
    for name, cases in count.items():
        print(f"{name:20}{cases:5}")
    print(f"{'hostile tokens':20}{count.total():5}")
    assert count.total() >= 600
