"""Two RSA keys per pool, where moto signs for all pools with one key from its wheel.

"Amazon Cognito generates two pairs of RSA cryptographic keys for each user pool. One pair signs access tokens, the
other ID tokens": https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html
"""

from __future__ import annotations

import base64
import threading
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwt
from joserfc.jwk import RSAKey

__all__ = ["PoolKeys"]

USES = ("id", "access")


@dataclass(frozen=True, slots=True)
class _Key:
    id: str
    key: RSAKey


class PoolKeys:
    """Makes a pool's keys when they are first needed."""

    def __init__(self) -> None:
        self._keys: dict[str, dict[str, _Key]] = {}
        self._lock = threading.Lock()

    def sign(self, pool_id: str, token_use: str, claims: dict[str, Any]) -> str:
        """A compact RS256 token, signed with the pool's key for that use."""
        key = self._of(pool_id)[token_use]
        return jwt.encode({"kid": key.id, "alg": "RS256"}, claims, key.key)

    def published(self, pool_id: str) -> dict[str, Any]:
        """The pool's JWKS document."""
        keys = self._of(pool_id).values()
        return {
            "keys": [{**key.key.as_dict(private=False), "kid": key.id, "alg": "RS256", "use": "sig"} for key in keys]
        }

    def rotate(self, pool_id: str) -> None:
        """Replaces the pool's keys; the old ones are no longer published."""
        made = _make()
        with self._lock:
            self._keys[pool_id] = made

    def forget(self) -> None:
        """Drops all keys."""
        with self._lock:
            self._keys.clear()

    def _of(self, pool_id: str) -> dict[str, _Key]:
        with self._lock:
            if pool_id not in self._keys:
                self._keys[pool_id] = _make()
            return self._keys[pool_id]


def _make() -> dict[str, _Key]:
    made: dict[str, _Key] = {}
    for use in USES:
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        key = RSAKey.import_key(private)  # type: ignore[arg-type]
        made[use] = _Key(base64.b64encode(bytes.fromhex(_thumbprint(key))).decode(), key)
    return made


def _thumbprint(key: RSAKey) -> str:
    return base64.urlsafe_b64decode(key.thumbprint() + "==").hex()
