"""Second factors: what a pool offers, what a user has set up and switched on, and codes of RFC 6238.

moto has one TOTP secret for all users, does not check codes, and knows no codes by e-mail:

- https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa.html
- https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-mfa-totp.html
- https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserMFAPreference.html
- https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html
- https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html
"""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from moto.cognitoidp.exceptions import InvalidParameterException, ResourceNotFoundError
from moto.cognitoidp.models import CognitoIdpUser
from moto.cognitoidp.utils import flatten_attrs

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import is_same
from usermgr_sandbox._fidelity.pool import SandboxUserPool

__all__ = ["ADDRESS_OF", "EMAIL", "SMS", "TOKEN", "Mfa", "is_totp", "offered", "switched_on"]

STEP = 30
"""Seconds for which a code is valid."""

SMS, EMAIL, TOKEN = "SMS_MFA", "EMAIL_OTP", "SOFTWARE_TOKEN_MFA"
ADDRESS_OF = {SMS: "phone_number", EMAIL: "email"}
_NOT_SET_UP = "User does not have delivery config set to turn on {}"


class Mfa(Base):
    """The pool's configuration, users' preferences, and software tokens."""

    def set_mfa_config(self, user_pool_id: str, config: Mapping[str, Any]) -> dict[str, Any]:
        """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUserPoolMfaConfig.html"""
        pool, mode = self._pool(user_pool_id), config.get("MfaConfiguration") or "OFF"
        sms, token, email = (config.get(f"{kind}MfaConfiguration") for kind in ("Sms", "SoftwareToken", "Email"))
        if mode != "OFF" and not (sms or email is not None or (token or {}).get("Enabled")):
            raise InvalidParameterException("Invalid MFA configuration given, can't turn on MFA without a factor")
        pool.mfa_config, pool.sms_mfa_config, pool.token_mfa_config = mode, sms, token
        pool.email_mfa_config = email
        return self.get_user_pool_mfa_config(user_pool_id)

    def get_user_pool_mfa_config(self, user_pool_id: str) -> dict[str, Any]:
        pool = self._pool(user_pool_id)
        config = {**super().get_user_pool_mfa_config(user_pool_id), "EmailMfaConfiguration": pool.email_mfa_config}
        return {name: value for name, value in config.items() if value is not None}

    def prefer(self, user_pool_id: str, username: str, settings: Mapping[str, Mapping[str, bool]]) -> None:
        """Switches methods on and off, all or none; a method must have been set up.

        "When you set MFA to required in a user pool, users can't enable or disable any MFA methods. You can only set a
        preferred method."
        """
        pool, user = self._pool(user_pool_id), self.admin_get_user(user_pool_id, username)
        on = switched_on(user)
        preferred = user.preferred_mfa_setting or None
        if sum(bool(setting.get("PreferredMfa")) for setting in settings.values()) > 1:
            raise InvalidParameterException("Only one MFA method can be preferred")
        for method, setting in settings.items():
            if (setting.get("Enabled") or setting.get("PreferredMfa")) and not _is_set_up(user, method):
                raise InvalidParameterException(_NOT_SET_UP.format(method))
            if pool.mfa_config != "ON":
                on = on | {method} if setting.get("Enabled") else on - {method}
            if setting.get("PreferredMfa"):
                preferred = method
            elif preferred == method:
                preferred = None
        user.sms_mfa_enabled, user.software_token_mfa_enabled = SMS in on, TOKEN in on
        user.email_mfa_enabled = EMAIL in on  # type: ignore[attr-defined]
        user.preferred_mfa_setting = preferred

    def admin_delete_software_token(self, user_pool_id: str, username: str) -> None:
        user = self.admin_get_user(user_pool_id, username)
        if not user.token_verified:
            raise ResourceNotFoundError("The user has no software token.")
        user.totp_secret = user.totp_pending = ""  # type: ignore[attr-defined]
        user.token_verified = user.software_token_mfa_enabled = False
        if user.preferred_mfa_setting == TOKEN:
            user.preferred_mfa_setting = None

    def associate_software_token(self, access_token: str, session: str) -> dict[str, str]:
        """The token before stays until the new one is verified."""
        if session:
            known, user = self._setup_of(session)
            answer = {"Session": self._go_on(session, known, "associated")}
        else:
            user, answer = self._owner_of(access_token)[1], {}
        user.totp_pending = base64.b32encode(secrets.token_bytes(32)).decode().rstrip("=")  # type: ignore[attr-defined]
        return {"SecretCode": user.totp_pending, **answer}  # type: ignore[attr-defined]

    def verify_software_token(
        self,
        access_token: str,
        session: str,
        user_code: str,
        friendly_device_name: str,  # noqa: ARG002 - of the base
    ) -> dict[str, str]:
        known, user = self._setup_of(session) if session else ({}, self._owner_of(access_token)[1])
        secret = getattr(user, "totp_pending", "")
        if not _is_code(secret, user_code):
            raise cognito_error("EnableSoftwareTokenMFAException", "Code mismatch")
        user.totp_secret, user.token_verified = secret, True  # type: ignore[attr-defined]
        if not session:
            return {"Status": "SUCCESS"}
        return {"Status": "SUCCESS", "Session": self._go_on(session, known, "verified")}

    def _setup_of(self, session: str) -> tuple[dict[str, Any], CognitoIdpUser]:
        """The session of an MFA_SETUP challenge, and whose it is."""
        known = self.sessions_of_challenges().get(session)
        if known is None or known["until"] < self.world.now() or known["challenge"] != "MFA_SETUP":
            raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
        user = self._pool(known["pool"]).find(known["sub"])
        if user is None:
            raise cognito_error("NotAuthorizedException", "Invalid session for the user.")
        return known, user

    def _go_on(self, session: str, known: dict[str, Any], stage: str) -> str:
        """Another session in the place of this one."""
        sessions, following = self.sessions_of_challenges(), secrets.token_urlsafe(64)
        del sessions[session]
        sessions[following] = {**known, "stage": stage}
        return following

    def sessions_of_challenges(self) -> dict[str, dict[str, Any]]:
        """The challenges that wait for an answer, by session."""
        if not hasattr(self, "challenge_sessions"):
            self.challenge_sessions: dict[str, dict[str, Any]] = {}
        return self.challenge_sessions


def offered(pool: SandboxUserPool) -> list[str]:
    """The methods that the pool is configured for."""
    configured = {
        SMS: bool(pool.sms_mfa_config),
        EMAIL: pool.email_mfa_config is not None,
        TOKEN: bool((pool.token_mfa_config or {}).get("Enabled")),
    }
    return [method for method, is_on in configured.items() if is_on]


def switched_on(user: CognitoIdpUser) -> set[str]:
    """The methods that the user has on."""
    flags = {
        SMS: user.sms_mfa_enabled,
        EMAIL: getattr(user, "email_mfa_enabled", False),
        TOKEN: user.software_token_mfa_enabled,
    }
    return {method for method, is_on in flags.items() if is_on}


def _is_set_up(user: CognitoIdpUser, method: str) -> bool:
    return user.token_verified if method == TOKEN else bool(flatten_attrs(user.attributes).get(ADDRESS_OF[method]))


def is_totp(user: CognitoIdpUser, code: str) -> bool:
    """Whether it is the code of this half minute, the one before or the one after (RFC 6238)."""
    return _is_code(getattr(user, "totp_secret", ""), code)


def _is_code(secret: str, code: str) -> bool:
    if not secret:
        return False
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    codes = TOTP(key, 6, SHA1(), STEP)  # noqa: S303 - the hash of RFC 6238 and of Cognito
    now = int(time.time())
    return any(is_same(codes.generate(now + drift).decode(), code) for drift in (-STEP, 0, STEP))
