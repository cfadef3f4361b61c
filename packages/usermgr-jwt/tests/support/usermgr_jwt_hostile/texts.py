"""Texts that some parser accepts as JSON or base64url, and a strict one does not."""

import json
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from typing import Any

from usermgr_jwt import TokenError
from usermgr_jwt.errors import TokenFormatError

Case = tuple[Any, type[TokenError]]


RS256_HEADER = b'{"kid":"access-key","alg":"RS256"}'


def b64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def broken_json(good: bytes) -> list[bytes]:
    """Texts that some JSON parser accepts, made from a good object."""
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
    """Other texts for the same bytes, each signed as it is: only canonical base64url is a token."""
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
    # The standard alphabet, where it makes a difference and the bytes are good.
    for text, mark, standard in ((b"~~~", "-", "+"), (b"???", "_", "/"), (b"~~~>>>", "-", "+")):
        marked = b64url(good[:-1] + b',"x":"' + text + b'"}')
        assert mark in marked
        yield pool.sign(f"{header}.{marked.replace(mark, standard)}", pool.keys["access-key"]), TokenFormatError
    plain = b64encode(b"\xfb\xff\xbf" + good).decode()
    yield pool.sign(f"{header}.{plain}", pool.keys["access-key"]), TokenFormatError
