"""A set of public keys, from the bytes of a JWKS document (RFC 7517)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, cast

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from usermgr_jwt._strict import b64url_decode, json_object
from usermgr_jwt.errors import KeysInvalidError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

__all__ = ["KeySet", "Keys", "parse_jwks"]

MAX_DOCUMENT = 1 << 20  # bytes; Cognito's document has about 1,000
MAX_KEY_ID = 256  # characters
MIN_BITS, MAX_BITS = 2048, 8192  # least: RFC 7518, 3.3; above the most, verifying would be a denial of service
MIN_EXPONENT = 65537
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "priv"})  # RSA, EC and OKP; `priv` of newer types (AKP)
_MAX_HEADERS = 64


class KeySet:
    """Public RSA keys by key id. Nothing in it changes, except a small memo of headers that were seen on good tokens.

    Cognito's header is the same text for every token that a key signs, so a header is decoded once per key. Only the
    header of a token with a good signature is added, so that nobody can fill the memo.
    """

    __slots__ = ("_headers", "by_id")

    def __init__(self, by_id: Mapping[str, RSAPublicKey]) -> None:
        self.by_id = by_id
        self._headers: dict[bytes, tuple[str, RSAPublicKey]] = {}

    def known_header(self, segment: bytes) -> tuple[str, RSAPublicKey] | None:
        """Key id and key of a header segment that was passed to `remember_header`."""
        return self._headers.get(segment)

    def remember_header(self, segment: bytes, key_id: str) -> None:
        """Remember a checked header segment. Only call it after a good signature."""
        if len(self._headers) < _MAX_HEADERS:
            self._headers[segment] = (key_id, self.by_id[key_id])

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of all keys."""
        return frozenset(self.by_id)


class Keys(Protocol):
    """Where a verifier gets its keys: `JwksFile`, or any object with these two methods."""

    def current(self) -> KeySet:
        """The keys to verify with now, the same object until they change; KeysError when there are none."""
        ...

    def unknown_key_id(self) -> None:
        """Called when a token named a key id that is not in `current()`. It must return at once."""
        ...


def parse_jwks(document: bytes, where: str) -> KeySet:
    """Parse a JWKS document; refuse it whole when it contains a key that must not be there.

    A private or symmetric key (published by mistake: it must be replaced, not used), a key that is too weak, and a
    duplicate make the whole document invalid. A key for another purpose (`use` other than sig, another `kty` or
    `alg`) is left out, as RFC 7517, 5 recommends, so that a new kind of key does not stop an old verifier.

    Raises KeysInvalidError, whose `where` names the file or source.
    """
    if len(document) > MAX_DOCUMENT:
        raise KeysInvalidError(where, f"more than {MAX_DOCUMENT} bytes")
    try:
        root = json_object(document)
    except ValueError:
        raise KeysInvalidError(where, "it is not a strict JSON object in UTF-8") from None
    entries = root.get("keys")
    if not isinstance(entries, list):
        raise KeysInvalidError(where, "it has no list named `keys`")
    _refuse_secret(root, where)

    by_id: dict[str, RSAPublicKey] = {}
    moduli: set[int] = set()
    for entry in cast("list[object]", entries):
        if not isinstance(entry, dict):
            raise KeysInvalidError(where, "a key is not a JSON object")
        jwk = cast("dict[str, Any]", entry)
        _refuse_secret(jwk, where)
        if not _is_for_rs256(jwk):
            continue
        key_id = jwk.get("kid")
        if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
            raise KeysInvalidError(where, f"a key has no `kid` of 1 to {MAX_KEY_ID} characters")
        modulus, exponent = (_number(jwk.get(name), name, key_id, where) for name in ("n", "e"))
        if key_id in by_id or modulus in moduli:
            raise KeysInvalidError(where, f"key {key_id!r} occurs twice")
        by_id[key_id] = _public_key(modulus, exponent, key_id, where)
        moduli.add(modulus)
    if not by_id:
        raise KeysInvalidError(where, "it has no RSA key for RS256 signatures")
    return KeySet(by_id)


def _refuse_secret(jwk: dict[str, Any], where: str) -> None:
    if jwk.get("kty") == "oct" or "k" in jwk:
        raise KeysInvalidError(where, "a key is symmetric; a JWKS must contain only public keys")
    if not _PRIVATE.isdisjoint(jwk):
        raise KeysInvalidError(
            where, "a key is private; replace it, because it is no longer secret, and publish only public keys"
        )


def _is_for_rs256(jwk: dict[str, Any]) -> bool:
    operations = jwk.get("key_ops", ["verify"])
    return (
        jwk.get("kty") == "RSA"
        and jwk.get("use", "sig") == "sig"
        and jwk.get("alg", "RS256") == "RS256"
        and isinstance(operations, list)
        and "verify" in operations
    )


def _public_key(modulus: int, exponent: int, key_id: str, where: str) -> RSAPublicKey:
    bits = modulus.bit_length()
    if bits < MIN_BITS or exponent < MIN_EXPONENT:
        raise KeysInvalidError(where, f"key {key_id!r} is weak: {bits} bits, exponent {exponent}")
    if bits > MAX_BITS or exponent.bit_length() > 32:
        raise KeysInvalidError(where, f"key {key_id!r} is oversized: more than {MAX_BITS} bits")
    if modulus % 2 == 0 or exponent % 2 == 0:
        raise KeysInvalidError(where, f"key {key_id!r} is not an RSA key: its modulus or exponent is even")
    return RSAPublicNumbers(exponent, modulus).public_key()


def _number(value: object, name: str, key_id: str, where: str) -> int:
    try:
        if isinstance(value, str):
            return int.from_bytes(b64url_decode(value.encode("ascii")), "big")
    except ValueError:
        pass
    raise KeysInvalidError(where, f"`{name}` of key {key_id!r} is not a base64url number")
