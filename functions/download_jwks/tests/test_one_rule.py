"""The function and the verifier read a JWKS by one rule."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import usermgr_jwt as jwt
from usermgr.errors import ProtocolError, UsermgrError
from usermgr_function_download_jwks.jwks import read_jwks


def number(value: int) -> str:
    return base64.urlsafe_b64encode(value.to_bytes(256, "big")).rstrip(b"=").decode()


# Odd numbers of 2048 bits: whether they are products of two primes is of no concern to whoever reads a JWKS.
KEY = {"kid": "one", "kty": "RSA", "alg": "RS256", "use": "sig", "n": number((1 << 2047) + 1), "e": "AQAB"}
TWO = {**KEY, "kid": "two", "n": number((1 << 2047) + 3)}
ANYTHING: list[Any] = [
    None,
    True,
    0,
    -1,
    1.5,
    "",
    "x",
    "\u00e9",
    [],
    ["x"],
    {},
    {"x": 1},
    [[[]]],
    "RSA",
    "sig",
    "RS256",
]


class Given:
    """A source that has this document."""

    name = "the test"

    def __init__(self, fetch: Callable[[], bytes]) -> None:
        self.fetch = fetch


def key_ids(document: bytes, path: Path) -> list[str] | None:
    """The ids of the keys that the verifier takes from the document; None where it refuses it."""
    path.unlink(missing_ok=True)
    try:
        return jwt.pull(Given(lambda: document), path).key_ids
    except jwt.KeysError:
        return None


def carried(document: bytes) -> bytes | None:
    """What the function answers, as Lambda writes it; None where it refuses the document."""
    try:
        return json.dumps(read_jwks(document)).encode()
    except UsermgrError:
        return None


def with_keys(*keys: Any, **more: Any) -> bytes:
    return json.dumps({"keys": [*keys], **more}).encode()


OTHER_KINDS = [
    {"kty": "EC", "kid": "e", "crv": "P-256", "x": "AA", "y": "AA", "alg": "ES256"},
    {"kty": "OKP", "crv": "Ed25519", "x": "AA"},
    {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-65", "pub": "AAAA"},
    {"kty": "RSA", "use": "enc", "n": "AAAA", "e": "AQAB"},
    {"kty": "RSA", "alg": "RS512", "n": "AAAA", "e": "AQAB"},
    {"kty": "RSA", "key_ops": ["encrypt"], "n": "AAAA"},
    {"kty": "RSA", "key_ops": "verify"},
    {"kty": "x"},
    {},
]
TAKEN = {
    "one key": with_keys(KEY),
    "two keys": with_keys(KEY, TWO),
    "no use, no alg": with_keys({name: KEY[name] for name in ("kid", "kty", "n", "e")}),
    "members that nobody knows": with_keys({**KEY, "x5c": ["AA"], "new": {"a": [1, None, 1.5]}}, more=[1], other=None),
    **{f"another kind {index}": with_keys(KEY, kind, TWO) for index, kind in enumerate(OTHER_KINDS)},
    **{f"{name} {value!r} of a key that is not looked at": with_keys(KEY, {"kty": "RSA", name: value}, TWO)
       for name in ("kty", "use", "alg", "key_ops") for value in ANYTHING if value not in ("RSA", "sig", "RS256")},
    **{f"{name} {value!r} of another key": with_keys(KEY, {**TWO, name: value})
       for name in ("kty", "use", "alg", "key_ops") for value in ANYTHING if value != KEY.get(name)},
}  # fmt: skip
REFUSED = {
    "nothing": b"",
    "a list": b"[]",
    "no keys": b"{}",
    "an empty list": with_keys(),
    "no key for RS256": with_keys(*OTHER_KINDS),
    "keys twice": b'{"keys":[],' + with_keys(KEY)[1:],
    "a member twice": with_keys(KEY).replace(b'"kid"', b'"kid":"x","kid"', 1),
    "NaN": with_keys({**KEY, "x": float("nan")}),
    "infinite": with_keys(KEY).replace(b'"kid"', b'"x":1e999,"kid"', 1),
    "a number of 5,000 digits": with_keys(KEY).replace(b'"kid"', b'"x":%s,"kid"' % (b"1" * 5000), 1),
    "a lone surrogate": with_keys({**KEY, "x": "\ud800"}),
    "UTF-16": with_keys(KEY).decode().encode("utf-16"),
    "a byte order mark": b"\xef\xbb\xbf" + with_keys(KEY),
    "not UTF-8": with_keys(KEY).replace(b"one", b"\xff"),
    "more after it": with_keys(KEY) + b"x",
    "too deep for the decoder": b"[" * 60_000,
    "too deep for the verifier": with_keys(KEY).replace(b'"kid"', b'"x":%s1%s,"kid"' % (b"[" * 40, b"]" * 40), 1),
    "symmetric": with_keys(KEY, {"kty": "oct", "kid": "x"}),
    "a key that is not an object": with_keys(KEY, None),
    **{f"private member {name}": with_keys(KEY, {"kty": kind, name: "AA"})
       for kind in ("RSA", "EC", "x") for name in ("d", "p", "q", "dp", "dq", "qi", "oth", "k")},
    **{f"keys are {value!r}": json.dumps({"keys": value}).encode() for value in ANYTHING},
    **{f"{name} is {value!r}": with_keys(KEY, {**TWO, name: value})
       for name in ("kid", "n", "e") for value in ANYTHING
       if not (isinstance(value, str) and value)},
}  # fmt: skip


@pytest.mark.parametrize("document", TAKEN.values(), ids=TAKEN)
def test_what_the_verifier_takes_is_carried_unchanged(document: bytes, tmp_path: Path) -> None:
    """The verifier finds the same keys in the function's answer as in the document itself."""
    answer = carried(document)

    assert answer is not None
    assert json.loads(answer)["keys"] == json.loads(document)["keys"]
    assert [key_ids(document, tmp_path / "jwks.json"), key_ids(answer, tmp_path / "jwks.json")] in (
        [["one"], ["one"]], [["one", "two"], ["one", "two"]],
    )  # fmt: skip


@pytest.mark.parametrize("document", REFUSED.values(), ids=REFUSED)
def test_what_is_refused_the_verifier_refuses_too(document: bytes, tmp_path: Path) -> None:
    """What the function does not carry, the verifier would not have taken."""
    with pytest.raises(ProtocolError):
        read_jwks(document)

    assert key_ids(document, tmp_path / "jwks.json") is None


@pytest.mark.parametrize("nested", [{"d": "secret"}, {"x": [{"d": "secret"}]}])
def test_no_private_member_is_carried_from_any_depth(nested: dict[str, Any]) -> None:
    """A private member inside a member is refused too, beside the keys it is left out, and no error quotes it."""
    with pytest.raises(ProtocolError) as caught:
        read_jwks(with_keys({**KEY, "x": nested}))

    assert "secret" not in str(caught.value)
    assert b"secret" not in (carried(with_keys(KEY, **nested)) or b"secret")
