"""The signature of a token: from text to a payload that a key of ours has signed (RFC 7515)."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from usermgr_jwt._codec import b64url_decode, json_object
from usermgr_jwt._keys import MAX_KEY_ID
from usermgr_jwt.errors import TokenAlgorithmError, TokenFormatError, TokenSignatureError, UnknownKeyError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from usermgr_jwt._keys import KeySet

__all__ = ["MAX_TOKEN", "read_header", "signed_payload", "split"]

MAX_TOKEN = 1 << 16  # characters: more than HTTP servers accept as a header, and still cheap to refuse
# `crit` requires an extension, and none is known here (RFC 7515, 4.1.11). The others carry or point at a key, while
# only the JWKS file decides which keys count (RFC 8725, 3.10), or declare a payload that is not a plain claims set.
# Cognito sends none of them.
_REFUSED_HEADERS = frozenset({"crit", "jwk", "jku", "x5c", "x5u", "x5t", "x5t#S256", "b64", "zip", "enc", "cty"})
_PADDING = PKCS1v15()
# What RSASSA-PKCS1-v1_5 signs is this, which names SHA-256, and the hash (RFC 8017, 9.2, note 1).
_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")


def split(token: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Signing input, header, payload and signature segments of a compact JWS, none of them decoded."""
    if not isinstance(token, str):  # pyright: ignore[reportUnnecessaryIsInstance] - callers without types
        raise TokenFormatError("it is not a str")
    if len(token) > MAX_TOKEN:
        raise TokenFormatError(f"it is longer than {MAX_TOKEN} characters")
    try:
        signing_input, _, signature = token.encode("ascii").rpartition(b".")
    except UnicodeEncodeError:
        raise TokenFormatError("it is not ASCII") from None
    header, _, payload = signing_input.partition(b".")
    if not header or not payload or not signature or b"." in payload:
        raise TokenFormatError("it does not have three parts")
    return signing_input, header, payload, signature


def signed_payload(token: str, keys: KeySet) -> bytes:
    """Verify the signature and return the payload segment, still encoded.

    Nothing of the payload is decoded before the signature is known to be good.
    """
    signing_input, header, payload, signature = split(token)
    known = keys.known_header(header)
    key_id, key = known or _key_for(header, keys)
    try:
        decoded = b64url_decode(signature)
    except ValueError:
        raise TokenFormatError("its signature is not canonical base64url") from None
    if not _is_signature(decoded, signing_input, key):
        raise TokenSignatureError(key_id)
    if known is None:
        keys.remember_header(header, key_id)
    return payload


def _is_signature(signature: bytes, signing_input: bytes, key: RSAPublicKey) -> bool:
    """Whether this is the RSASSA-PKCS1-v1_5 signature of `signing_input`.

    The steps of OpenSSL's RSA_verify (RFC 8017, 8.2.2): the length, the padding (which `recover_data_from_signature`
    removes, and refuses when it is not exactly right), and all of what was signed, compared as a whole and never
    parsed. `key.verify` takes the same steps and the same decision, and prepares more before them: this way a token
    costs about a twentieth less. A test compares both on signatures that are wrong in every part.
    """
    if len(signature) != (key.key_size + 7) // 8:
        return False
    try:
        signed = key.recover_data_from_signature(signature, _PADDING, None)
    except InvalidSignature:
        return False
    return signed == _DIGEST_INFO + sha256(signing_input).digest()


def _key_for(header: bytes, keys: KeySet) -> tuple[str, RSAPublicKey]:
    key_id = read_header(header)
    try:
        return key_id, keys.by_id[key_id]
    except KeyError:
        raise UnknownKeyError(key_id) from None


def read_header(segment: bytes) -> str:
    """Check a header segment and return its key id."""
    try:
        header = json_object(b64url_decode(segment))
    except ValueError:
        raise TokenFormatError("its header is not a strict JSON object in canonical base64url") from None
    algorithm = header.get("alg")
    if algorithm != "RS256":
        raise TokenAlgorithmError(algorithm if isinstance(algorithm, str) else None)
    refused = _REFUSED_HEADERS.intersection(header)
    if refused:
        raise TokenFormatError(f"its header has {min(refused)!r}, which Cognito never sends")
    typ = header.get("typ", "JWT")
    if not isinstance(typ, str) or typ.upper() != "JWT":
        raise TokenFormatError("its header has a `typ` other than JWT")
    key_id = header.get("kid")
    if not isinstance(key_id, str) or not 0 < len(key_id) <= MAX_KEY_ID:
        raise TokenFormatError(f"its header has no `kid` of 1 to {MAX_KEY_ID} characters")
    return key_id
