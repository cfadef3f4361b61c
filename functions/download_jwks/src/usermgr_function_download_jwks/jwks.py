"""Reads a JWKS document (RFC 7517) by the verifier's rule, so that both judge one document alike.

The function carries, and the verifier judges: what the verifier would accept is passed on as it came. Refused here is
what cannot be carried without changing its meaning (JSON that is not strict), what must never be carried (a private or
symmetric key), and what is of no use to any verifier (no key for RS256, or a malformed one).
"""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, cast

from usermgr.errors import ProtocolError

__all__ = ["read_jwks"]

_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
"""The private members of RSA and EC keys, and the value of a symmetric one: RFC 7518, 6.2.2, 6.3.2 and 6.4.1."""

_MAX_DEPTH = 32
_MAX_KEY_ID = 256


def read_jwks(document: bytes) -> dict[str, Any]:
    """`{"keys": [...]}`, each key as it came; other members of the document are left out.

    A key of another kind or for another use than RS256 signatures is passed over, that is, not looked at any closer
    (RFC 7517, 5). Raises `ProtocolError`, which never quotes the document.
    """
    keys = _strict_object(document).get("keys")
    if not isinstance(keys, list) or not keys:
        raise ProtocolError("the answer is not a JWKS: it has no list of keys")
    entries = cast("list[Any]", keys)
    _inspect(entries)
    usable = [entry for entry in entries if _is_for_rs256(_object(entry))]
    if not usable:
        raise ProtocolError("the answer has no RSA key for RS256 signatures")
    if not all(_is_well_formed(key) for key in usable):
        raise ProtocolError("an RSA key of the answer does not have kid, n and e as non-empty strings")
    return {"keys": entries}


def _object(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise ProtocolError("a key of the answer is not a JSON object")
    key = cast("dict[str, Any]", entry)
    if key.get("kty") == "oct":
        raise ProtocolError("a key of the answer is symmetric: a JWKS holds public keys only")
    return key


def _is_for_rs256(key: dict[str, Any]) -> bool:
    operations = key.get("key_ops", ["verify"])
    return (
        key.get("kty") == "RSA"
        and key.get("use", "sig") == "sig"
        and key.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _is_well_formed(key: dict[str, Any]) -> bool:
    return all(isinstance(key.get(name), str) and key[name] for name in ("kid", "n", "e")) and (
        len(key["kid"]) <= _MAX_KEY_ID
    )


def _inspect(value: Any, depth: int = 0) -> None:
    """Refuses private members at any depth, deep nesting, and strings that UTF-8 cannot carry."""
    if depth > _MAX_DEPTH:
        raise ProtocolError(f"the answer is nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, str):
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ProtocolError("the answer has a string that is not Unicode")
    elif isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        if not _PRIVATE.isdisjoint(members):
            raise ProtocolError("a key of the answer is private: treat it as lost, and publish its public part only")
        for name, member in members.items():
            _inspect(name, depth)
            _inspect(member, depth + 1)
    elif isinstance(value, list):
        for item in cast("list[Any]", value):
            _inspect(item, depth + 1)


# --- Strict JSON --------------------------------------------------------------------------------------


def _strict_object(document: bytes) -> dict[str, Any]:
    """The JSON object in UTF-8 that the document is; no member twice, no number that JSON does not have."""
    try:
        value: Any = json.loads(
            document.decode(), object_pairs_hook=_unique, parse_float=_finite, parse_constant=_not_json
        )
    except (ValueError, RecursionError) as error:
        raise ProtocolError("the answer is not strict JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise ProtocolError("the answer is not a JSON object")
    return cast("dict[str, Any]", value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is there twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if not isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _not_json(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
