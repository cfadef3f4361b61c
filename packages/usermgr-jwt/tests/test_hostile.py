"""Hostile tokens: each is refused with its TokenError, and nothing else happens. They are made in tests/support."""

import json
from collections import Counter
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from usermgr_jwt_hostile import KINDS, broken_json

from usermgr_jwt import CognitoVerifier, TokenError, _jws, _strict


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


def test_the_count(pool, stranger, show):
    """How many hostile tokens there are, by kind."""
    count = Counter({kind.__name__: sum(1 for _ in kind(pool, stranger)) for kind in KINDS})
    kinds = ", ".join(f"{name} {cases}" for name, cases in count.items())
    show(f"hostile tokens, each refused with its error: {count.total()} ({kinds})")
    assert count.total() >= 600


def encoded_messages(size: int, digest: bytes) -> dict[str, bytes]:
    """What a signature could hold instead of RSASSA-PKCS1-v1_5's encoding of a SHA-256 digest, and that itself."""
    name = bytes.fromhex("3031300d060960864801650304020105000420")
    without_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20"
    sha384 = bytes.fromhex("3041300d060960864801650304020205000430")
    long_form = bytes.fromhex("308131300d060960864801650304020105000420")

    def padded(content: bytes, start: bytes = b"\x00\x01", fill: bytes = b"\xff", end: bytes = b"\x00") -> bytes:
        return start + fill * (size - len(start + end + content)) + end + content

    good = padded(name + digest)
    return {
        "good": good,
        "garbage after the digest (BERserk, CVE-2006-4339)": good[:2] + good[2 + 20 :] + bytes(20),
        "garbage after a minimal padding": b"\x00\x01" + b"\xff" * 8 + b"\x00" + name + digest + b"A" * (size - 62),
        "parameters without NULL": padded(without_null + digest),
        "a length in long form": padded(long_form + digest),
        "the name of SHA-384": padded(sha384 + digest + bytes(16)),
        "the digest alone": padded(digest),
        "nothing": padded(b""),
        "another digest": padded(name + digest[::-1]),
        "a digest cut short": padded(name + digest[:-1]),
        "a digest with one more byte": padded(name + digest + b"\x00"),
        "block type 2": padded(name + digest, start=b"\x00\x02"),
        "block type 0": padded(name + digest, start=b"\x00\x00"),
        "a first byte of 1": padded(name + digest, start=b"\x01\x01"),
        "a padding of other bytes": padded(name + digest, fill=b"\xfe"),
        "no byte between padding and content": padded(name + digest, end=b""),
        "another byte between padding and content": padded(name + digest, end=b"\x01"),
        "a hole in the padding": good[:20] + b"\x00" + good[21:],
    }


def decisions(public, signature: bytes, message: bytes) -> tuple[bool, bool]:
    """Our decision on a signature, and that of `cryptography`."""
    try:
        public.verify(signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return _jws._is_signature(signature, message, public), False
    return _jws._is_signature(signature, message, public), True


@pytest.mark.parametrize("name", encoded_messages(256, bytes(32)))
def test_the_signature_is_decided_as_by_cryptography(pool, name):
    """Whatever a signature holds, and at whatever length it is sent, the decision is that of cryptography's verify."""
    numbers = pool.keys["access-key"].private_numbers()
    public, modulus = numbers.public_numbers.public_key(), numbers.public_numbers.n
    message = b"header.payload"
    encoded = encoded_messages(256, sha256(message).digest())[name]

    value = pow(int.from_bytes(encoded, "big") % modulus, numbers.d, modulus)
    exact, above = value.to_bytes(256, "big"), (value + modulus).to_bytes(257, "big")

    good = name == "good"
    assert decisions(public, exact, message) == (good, good)
    for other in (b"\x00" + exact, exact + b"\x00", exact[:-1], exact[1:], above, above.lstrip(b"\x00"), b""):
        assert decisions(public, other, message) == (False, False)


def test_a_signature_that_begins_with_zero_is_sent_whole(pool):
    """A leading zero byte is part of a signature: without it, which some implementations accept, it is another text."""
    key = pool.keys["access-key"]
    messages = (f"message {number}".encode() for number in range(5000))
    signed = ((message, key.sign(message, PKCS1v15(), SHA256())) for message in messages)
    message, signature = next((message, signature) for message, signature in signed if signature[0] == 0)

    assert decisions(key.public_key(), signature, message) == (True, True)
    assert decisions(key.public_key(), signature[1:], message) == (False, False)


@pytest.fixture(scope="module")
def fast():
    pytest.importorskip("orjson", reason="the extra `fast` is not installed")
    pytest.importorskip("pybase64", reason="the extra `fast` is not installed")
    from usermgr_jwt import _fast  # noqa: PLC0415 - only importable with the extra

    return _fast


class TestFastDecoders:
    """The optional decoders (orjson, pybase64) give the verdict of the strict ones, on everything."""

    @staticmethod
    def verdict(function: Callable[[bytes], Any], data: bytes) -> tuple[str, str]:
        try:
            value = function(data)
        except ValueError:
            return "refused", ""
        return "accepted", repr(value)

    def compare(self, fast, function: str, data: bytes) -> None:
        strict_verdict = self.verdict(getattr(_strict, function), data)
        assert self.verdict(getattr(fast, function), data) == strict_verdict, data[:200]

    @pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
    def test_on_hostile_tokens(self, fast, kind, pool, stranger):
        """Every segment of every hostile token is decoded to the same, or refused by both."""
        for token, _ in kind(pool, stranger):
            if not isinstance(token, str) or not token.isascii() or len(token) > 1 << 17:
                continue
            for segment in token.encode().split(b"."):
                self.compare(fast, "b64url_decode", segment)
                if self.verdict(_strict.b64url_decode, segment)[0] == "accepted":
                    self.compare(fast, "json_object", _strict.b64url_decode(segment))

    def test_on_broken_json(self, fast):
        """Every near-JSON, compact and spaced, is judged alike."""
        for good in (b'{"a":1}', b'{"a": 1}', b'{"a":[1.0,-0.0,1e5,1E400,12345678901234567890,0.1]}'):
            for data in [good, *broken_json(good)]:
                self.compare(fast, "json_object", data)

    def test_on_anything(self, fast):
        """Arbitrary JSON texts, with a byte changed, and arbitrary segments."""
        values = st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        )
        numbers = st.from_regex(r"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True)

        @hypothesis_settings(max_examples=500)
        @given(st.dictionaries(st.text(), values), st.booleans(), st.data())
        def compare_json(members, compact, data):
            separators = (",", ":") if compact else None
            text = json.dumps(members, separators=separators, ensure_ascii=data.draw(st.booleans()))
            raw = text.encode(errors="surrogatepass")
            where = data.draw(st.integers(0, len(raw)))
            change = data.draw(st.just(b"") | st.binary(max_size=2) | st.sampled_from([b",", b'"', b"\\u0041", b"1"]))
            for each in (raw, raw[:where] + change + raw[where + 1 :]):
                self.compare(fast, "json_object", each)

        @hypothesis_settings(max_examples=300)
        @given(numbers)
        def compare_number(number):
            self.compare(fast, "json_object", f'{{"n":{number}}}'.encode())

        alphabet = b"ABCQgwxyz0189-_+/=. \n\x00\xff"

        @hypothesis_settings(max_examples=500)
        @given(st.lists(st.sampled_from(list(alphabet)), max_size=20).map(bytes) | st.binary(max_size=20))
        def compare_base64(segment):
            self.compare(fast, "b64url_decode", segment)

        compare_json()
        compare_number()
        compare_base64()
