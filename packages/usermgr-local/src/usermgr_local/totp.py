"""One-time codes from an authenticator app: RFC 6238 with its defaults, which are the ones that apps know.

SHA-1, 30 seconds, 6 digits. A code of the step before or after is accepted too, because clocks differ; the caller
keeps the step of the last code, so that none is accepted twice:
https://datatracker.ietf.org/doc/html/rfc6238#section-5.2
"""

from __future__ import annotations

import base64
import binascii
import secrets
from datetime import datetime

from cryptography.hazmat.primitives import constant_time
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from usermgr.errors import InvalidInputError
from usermgr_local._clock import to_seconds

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
    """The code of a time step, counted from 1970 in steps of 30 seconds."""
    return _codes(secret).generate(step).decode()


def step_of(secret: bytes, code: str, now: datetime) -> int | None:
    """The time step that the code belongs to, or `None` when the code is wrong or of another time."""
    current = to_seconds(now) // SECONDS
    typed = code.encode("utf-8", "surrogatepass")
    codes = _codes(secret)
    good = (
        step
        for step in range(current - DRIFT, current + DRIFT + 1)
        if constant_time.bytes_eq(codes.generate(step), typed)
    )
    return max(good, default=None)


def _codes(secret: bytes) -> HOTP:
    # SHA-1 is what the apps know; the attacks on it do not reach HMAC (RFC 6238, section 1.2; RFC 6194).
    return HOTP(secret, DIGITS, SHA1(), enforce_key_length=False)  # noqa: S303 - see above; `read_secret` has the length
