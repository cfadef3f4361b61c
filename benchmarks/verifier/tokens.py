"""The material of the benchmark: one pool's keys, and distinct access tokens with a payload of about 1 KB."""

from __future__ import annotations

import base64
import json
import time
import uuid
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256

if TYPE_CHECKING:
    from pathlib import Path

POOL_ID = "ap-northeast-1_AbCdEf123"
CLIENT_ID = "1h57kf5cpq17m0eml12example"
ISSUER = f"https://cognito-idp.ap-northeast-1.amazonaws.com/{POOL_ID}"


def b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def payload() -> bytes:
    """The claims of a Cognito access token with a few groups, resource scopes and one custom claim."""
    now = int(time.time())
    scopes = [
        f"https://api.example.com/orders.{right}"
        for right in ("read", "write", "approve", "export", "archive", "cancel")
    ]
    claims = {
        "sub": str(uuid.uuid4()),
        "cognito:groups": ["admins", "support", "finance-emea", f"{POOL_ID}_Google"],
        "iss": ISSUER,
        "version": 2,
        "client_id": CLIENT_ID,
        "origin_jti": str(uuid.uuid4()),
        "event_id": str(uuid.uuid4()),
        "token_use": "access",
        "scope": " ".join(["aws.cognito.signin.user.admin", "openid", "profile", "email", *scopes]),
        "auth_time": now,
        "exp": now + 86_400,
        "iat": now,
        "jti": str(uuid.uuid4()),
        "username": str(uuid.uuid4()),
        "device_key": f"ap-northeast-1_{uuid.uuid4()}",
        "tenant": f"tenant-{uuid.uuid4()}",
        "department": "finance-emea-payables",
    }
    return json.dumps(claims, separators=(",", ":")).encode()


def prepare(folder: Path, count: int) -> int:
    """Write `jwks.json` and `tokens.txt`, and return the size of a payload in bytes."""
    keys = {name: rsa.generate_private_key(public_exponent=65537, key_size=2048) for name in ("access=", "id=")}
    folder.joinpath("jwks.json").write_text(json.dumps({"keys": [jwk(key, name) for name, key in keys.items()]}))
    header = b64url(b'{"kid":"access=","alg":"RS256"}')
    tokens: list[str] = []
    for _ in range(count):
        signing_input = f"{header}.{b64url(payload())}"
        signature = keys["access="].sign(signing_input.encode(), padding.PKCS1v15(), SHA256())
        tokens.append(f"{signing_input}.{b64url(signature)}")
    folder.joinpath("tokens.txt").write_text("\n".join(tokens))
    return len(payload())


def jwk(key: rsa.RSAPrivateKey, key_id: str) -> dict[str, str]:
    numbers = key.public_key().public_numbers()
    modulus = b64url(numbers.n.to_bytes(256, "big"))
    return {"alg": "RS256", "e": "AQAB", "kid": key_id, "kty": "RSA", "n": modulus, "use": "sig"}
