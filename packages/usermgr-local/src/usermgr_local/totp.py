"""One-time codes from an authenticator app: RFC 6238 with its defaults, which are the ones that apps know.

SHA-1, 30 seconds, 6 digits; a code of the step before or after is accepted too, against clocks that differ, and no
code twice: https://datatracker.ietf.org/doc/html/rfc6238#section-5.2
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from datetime import datetime

from usermgr.errors import InvalidInputError
from usermgr_local.clock import to_seconds

__all__ = ["code_at", "new_secret", "read_secret", "step_of"]

SECONDS = 30
DIGITS = 6
DRIFT = 1
MIN_SECRET = 16
"""Bytes: RFC 4226 asks for 128 bits, and recommends 160 (https://datatracker.ietf.org/doc/html/rfc4226#section-4)."""


def new_secret() -> str:
    """A random secret of 160 bits in Base32, as authenticator apps take it."""
    return base64.b32encode(secrets.token_bytes(20)).decode()


def read_secret(secret: str) -> bytes:
    """The bytes of a secret in Base32; case and spaces do not matter. Raises `InvalidInputError`."""
    text = secret.replace(" ", "").upper().rstrip("=")
    try:
        raw = base64.b32decode(text + "=" * (-len(text) % 8))
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) < MIN_SECRET:
        raise InvalidInputError(f"secret must be Base32 of at least {MIN_SECRET} bytes", field="secret")
    return raw


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step: https://datatracker.ietf.org/doc/html/rfc4226#section-5.3"""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFFFFFF
    return str(number % 10**DIGITS).zfill(DIGITS)


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to, or `None` when it is wrong or of another time."""
    current = to_seconds(now) // SECONDS
    typed = code.encode("utf-8", "surrogatepass")
    good = (
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if hmac.compare_digest(code_at(secret, step).encode(), typed)
    )
    return max(good, default=None)
