"""Tokens with the claims that Cognito writes, so that what verifies the one verifies the other.

https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-access-token.html
https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-the-id-token.html
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from usermgr import Tokens, User
from usermgr_local._clock import to_seconds
from usermgr_local._settings import LocalSettings
from usermgr_local._signing import SigningKeys

__all__ = ["LIFETIME_SECONDS", "SignedIn", "TokenIssuer"]

LIFETIME_SECONDS = 3600
"""Cognito's default for access and id tokens."""

SCOPE = "aws.cognito.signin.user.admin"
"""The only scope of a token that comes from an API call instead of a sign-in page."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and how: what the transaction of a sign-in or a refresh passes to the signer."""

    user: User
    groups: Sequence[str]
    origin_jti: str
    auth_time: int
    """Seconds since 1970 of the sign-in, which a refresh does not move."""
    refresh_token: str = field(repr=False)


class TokenIssuer:
    """Signs the tokens of one store."""

    def __init__(self, keys: SigningKeys, settings: LocalSettings, now: Callable[[], datetime]) -> None:
        self._keys = keys
        self._settings = settings
        self._now = now

    def issue(self, signed_in: SignedIn) -> Tokens:
        """Fresh access and id tokens."""
        issued_at = to_seconds(self._now())
        shared: dict[str, Any] = {
            "sub": signed_in.user.sub,
            "iss": self._settings.issuer,
            "origin_jti": signed_in.origin_jti,
            "event_id": str(uuid.uuid4()),
            "auth_time": signed_in.auth_time,
            "iat": issued_at,
            "exp": issued_at + LIFETIME_SECONDS,
        }
        if signed_in.groups:
            shared["cognito:groups"] = list(signed_in.groups)
        access = {
            **shared,
            "token_use": "access",
            "client_id": self._settings.client_id,
            "scope": SCOPE,
            "username": signed_in.user.username,
            "jti": str(uuid.uuid4()),
        }
        identity = {
            **_profile(signed_in.user.attributes),
            **shared,
            "token_use": "id",
            "aud": self._settings.client_id,
            "cognito:username": signed_in.user.username,
            "jti": str(uuid.uuid4()),
        }
        return Tokens(
            username=signed_in.user.username,
            access_token=self._keys.sign("access", access),
            id_token=self._keys.sign("id", identity),
            refresh_token=signed_in.refresh_token,
            expires_in=LIFETIME_SECONDS,
        )


def _profile(attributes: Mapping[str, str]) -> dict[str, Any]:
    """Attributes as claims: the two verifications are booleans and the address is an object, as OpenID Connect
    defines them (https://openid.net/specs/openid-connect-core-1_0.html#StandardClaims); all else is text.
    """
    claims: dict[str, Any] = dict(attributes)
    for name in ("email_verified", "phone_number_verified"):
        if name in claims:
            claims[name] = claims[name] == "true"
    if "address" in claims:
        claims["address"] = {"formatted": claims["address"]}
    return claims
