"""Strict base64url and JSON: one text, one meaning.

The standard library's decoders are fast and lenient. This module also refuses: non-canonical base64url
(GHSA-hxm8-2xgr-2p9m: several texts for one signature), duplicate JSON members, NaN and numbers that overflow to
infinity, lone surrogates, and deep nesting. Each raises ValueError.
"""

from __future__ import annotations

import json
from binascii import a2b_base64
from math import isfinite
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["MAX_DEPTH", "b64url_decode", "is_flat", "json_object", "to_base64"]

MAX_DEPTH = 32

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
# base64url to base64. "+" and "/" are not base64url, so they become a byte that every strict decoder refuses.
_TO_BASE64 = bytes.maketrans(b"-_+/", b"+/\x00\x00")
_PADDING = (b"", b"", b"==", b"=")  # by length modulo 4
# A last character that carries unused bits is canonical only when these are zero (RFC 4648, 3.5).
# No base64url has length 1 modulo 4.
_MINUS, _UNDERSCORE, _PLUS, _SLASH = b"-_+/"
_BACKSLASH = ord("\\")
_CANONICAL_LAST = (frozenset(_ALPHABET), frozenset[int](), frozenset(_ALPHABET[::16]), frozenset(_ALPHABET[::4]))


def to_base64(segment: bytes) -> bytes:
    """Rewrite canonical base64url as padded base64, for a decoder that refuses every other character."""
    remainder = len(segment) % 4
    if not segment or segment[-1] not in _CANONICAL_LAST[remainder]:
        raise ValueError("base64url is not canonical")
    # The base64url of ASCII text seldom contains any of these, and looking is cheaper than rewriting. (Numbers, because
    # looking for a byte is three times as fast as looking for bytes of length 1.)
    if _MINUS in segment or _UNDERSCORE in segment or _PLUS in segment or _SLASH in segment:
        segment = segment.translate(_TO_BASE64)
    return segment + _PADDING[remainder]


def b64url_decode(segment: bytes) -> bytes:
    """Decode unpadded, canonical base64url (RFC 7515, 2) that is not empty; ValueError for anything else."""
    return a2b_base64(to_base64(segment), strict_mode=True)


def _unique_members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member occurs twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


# What `JSONDecoder.raw_decode` calls; the standard library's type stubs lack the attribute.
_decoder: Any = json.JSONDecoder(object_pairs_hook=_unique_members, parse_float=_finite, parse_constant=_no_constant)
_scan: Callable[[str, int], tuple[Any, int]] = _decoder.scan_once


def is_flat(data: bytes) -> bool:
    """Whether a JSON object has no escape, no object inside it and at most one list: then `_inspect` is not needed.

    It looks at bytes, not at structure, so a bracket inside a string counts; Cognito's access tokens are flat.
    """
    return _BACKSLASH not in data and data.find(b"{", 1) < 0 and data.find(b"[") == data.rfind(b"[")


def _inspect(value: object, depth: int = 0) -> None:
    """Refuse what the decoder accepts: deep nesting, and strings that UTF-8 cannot encode."""
    if depth > MAX_DEPTH:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, str):
        value.encode()  # UnicodeEncodeError, a ValueError, for a lone surrogate
    elif isinstance(value, dict):
        for name, member in cast("dict[str, object]", value).items():
            _inspect(name, depth)
            _inspect(member, depth + 1)
    elif isinstance(value, list):
        for item in cast("list[object]", value):
            _inspect(item, depth + 1)


def json_object(data: bytes) -> dict[str, Any]:
    """Parse UTF-8 JSON whose root is an object; ValueError for anything else."""
    text = data.decode().strip(" \t\r\n")
    value: Any
    end: int
    try:
        value, end = _scan(text, 0)
    except StopIteration:  # the scanner's way to report that nothing it knows begins here
        raise ValueError("it is not JSON") from None
    except RecursionError:
        raise ValueError(f"nested deeper than {MAX_DEPTH}") from None
    if end != len(text):
        raise ValueError("there is text after the JSON")
    if type(value) is not dict:
        raise ValueError("it is not a JSON object")
    if not is_flat(data):
        _inspect(cast("object", value))
    members: dict[str, Any] = value  # pyright: ignore[reportUnknownVariableType]
    return members
