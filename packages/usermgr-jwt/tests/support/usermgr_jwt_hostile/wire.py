"""Hostile headers, signatures and shapes: refused before the payload is looked at."""

import hmac
import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from usermgr_jwt import TokenError
from usermgr_jwt.errors import TokenAlgorithmError, TokenFormatError, TokenSignatureError, UnknownKeyError

Case = tuple[Any, type[TokenError]]


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def algorithms(pool, stranger) -> Iterator[Case]:
    """Algorithm confusion: the header never chooses the algorithm."""
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
    """`crit` asks for an extension; none is known here, and an empty list is not allowed either."""
    for value in [[], ["exp"], ["b64"], ["alg"], "exp", None, {}, 0, False, ["http://example.com/unknown"]]:
        yield pool.token(header={"crit": value}), TokenFormatError
    yield pool.token(header={"crit": ["b64"], "b64": False}), TokenFormatError
    for member in ({"b64": False}, {"b64": True}, {"zip": "DEF"}, {"enc": "A256GCM"}, {"cty": "JWT"}, {"cty": 5}):
        yield pool.token(header=member), TokenFormatError
    for typ in ["at+jwt", "JOSE", "JWE", "logout+jwt", "", None, 5, ["JWT"], "JWT "]:
        yield pool.token(header={"typ": typ}), TokenFormatError


def key_ids(pool, stranger) -> Iterator[Case]:
    """Key ids that are not key ids, that aim at files or databases, or that are not ours."""
    for value in [None, 5, True, [], ["access-key"], {"kid": "access-key"}, "", "x" * 257, "x" * 40_000]:
        yield pool.token(header={"kid": value}), TokenFormatError
    yield pool.token(header={"kid": ...}), TokenFormatError
    for value in ["../../dev/null", "/etc/passwd", "' OR 1=1 --", "access-key ", "ACCESS-KEY", "access-key\x00", "*"]:
        yield pool.token(header={"kid": value}), UnknownKeyError
    yield pool.token(header=b'{"kid":"\\ud800","alg":"RS256"}'), TokenFormatError
    yield pool.token(header={"kid": "id-key"}), TokenSignatureError


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
    """What is not a compact JWS at all."""
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
