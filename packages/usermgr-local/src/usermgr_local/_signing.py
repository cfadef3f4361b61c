"""The store's own signing keys: two, as in a user pool; one signs access tokens and one id tokens."""

from __future__ import annotations

import base64
import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

__all__ = ["SigningKeys", "new_signing_key"]

BITS = 2048


def new_signing_key() -> tuple[str, str, bytes]:
    """A new RSA key: its id (the thumbprint of RFC 7638), its public JWK, and the private key as PKCS #8 in DER."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    required = json.dumps({name: public[name] for name in ("e", "kty", "n")}, separators=(",", ":"))
    key_id = base64.urlsafe_b64encode(hashlib.sha256(required.encode()).digest()).rstrip(b"=").decode()
    jwk = {"alg": "RS256", "e": public["e"], "kid": key_id, "kty": "RSA", "n": public["n"], "use": "sig"}
    private = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key_id, json.dumps(jwk), private


class SigningKeys:
    """The keys of one store. The private parts never appear in a repr, and are loaded only for signing."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        rows = connection.execute("SELECT * FROM signing_keys ORDER BY token_use").fetchall()
        self._public = [json.loads(row["public_jwk"]) for row in rows]
        self._private = {row["token_use"]: (row["key_id"], row["private_key"]) for row in rows}
        self._loaded: dict[str, rsa.RSAPrivateKey] = {}

    def sign(self, token_use: str, claims: Mapping[str, Any]) -> str:
        """The claims as a compact JWS under RS256, with the header that Cognito writes: `kid` and `alg`."""
        key_id, private = self._private[token_use]
        key = self._loaded.get(token_use)
        if key is None:  # two threads may both load it, which is harmless
            key = self._loaded[token_use] = _load(private)
        return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": key_id, "typ": None})

    def jwks(self) -> bytes:
        """The public parts, as the JWKS document that a user pool publishes."""
        return json.dumps({"keys": self._public}, indent=1).encode()


def _load(private: bytes) -> rsa.RSAPrivateKey:
    key = serialization.load_der_private_key(private, password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the store's signing key is not an RSA key")
    return key
