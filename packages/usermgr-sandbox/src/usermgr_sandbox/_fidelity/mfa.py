"""Second factors: a software token's secret belongs to one user, and its codes are those of RFC 6238.

moto has one secret for all users, and does not check codes:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
"""

from __future__ import annotations

import base64
import secrets
import time

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from moto.cognitoidp.models import CognitoIdpUser

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import is_same

__all__ = ["Mfa", "is_totp"]

STEP = 30
"""Seconds for which a code is valid."""


class Mfa(Base):
    """`AssociateSoftwareToken` and `VerifySoftwareToken`, with an access token."""

    def associate_software_token(self, access_token: str, session: str) -> dict[str, str]:
        user = self._owner(access_token, session)
        user.totp_secret = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=")  # type: ignore[attr-defined]
        user.token_verified = False
        return {"SecretCode": user.totp_secret}  # type: ignore[attr-defined]

    def verify_software_token(
        self,
        access_token: str,
        session: str,
        user_code: str,
        friendly_device_name: str,  # noqa: ARG002 - of the base
    ) -> dict[str, str]:
        user = self._owner(access_token, session)
        if not is_totp(user, user_code):
            raise cognito_error("EnableSoftwareTokenMFAException", "Code mismatch")
        user.token_verified = True
        return {"Status": "SUCCESS"}

    def _owner(self, access_token: str, session: str) -> CognitoIdpUser:
        if session:
            raise cognito_error(
                "InvalidParameterException", "The sandbox associates a software token by access token, not by session."
            )
        return self._owner_of(access_token)[1]


def is_totp(user: CognitoIdpUser, code: str) -> bool:
    """Whether it is the code of this half minute, the one before or the one after (RFC 6238)."""
    secret: str = getattr(user, "totp_secret", "")
    if not secret:
        return False
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    codes = TOTP(key, 6, SHA1(), STEP)  # noqa: S303 - the hash of RFC 6238 and of Cognito
    now = int(time.time())
    return any(is_same(codes.generate(now + drift).decode(), code) for drift in (-STEP, 0, STEP))
