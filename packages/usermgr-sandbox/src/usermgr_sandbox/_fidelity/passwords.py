"""The pool's password policy, and temporary passwords that expire.

https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
"""

from __future__ import annotations

import secrets
from typing import Any

from moto.cognitoidp.exceptions import InvalidPasswordException
from moto.cognitoidp.models import CognitoIdpUser

from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.pool import SandboxUserPool

__all__ = ["check_enabled", "check_password", "has_expired", "new_password", "start_temporary"]

_SYMBOLS = frozenset("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ")
DAY = 86400


def check_password(pool: SandboxUserPool, password: str) -> None:
    """Raises InvalidPasswordException for a password that breaks a rule of the pool."""
    policy = _policy(pool)
    rules = (
        len(password) >= policy.get("MinimumLength", 8),
        len(password) <= 256,
        not policy.get("RequireUppercase", True) or any(c.isupper() for c in password),
        not policy.get("RequireLowercase", True) or any(c.islower() for c in password),
        not policy.get("RequireNumbers", True) or any(c.isdigit() for c in password),
        not policy.get("RequireSymbols", True) or bool(_SYMBOLS & set(password)),
        password == password.strip(" "),
    )
    if not all(rules):
        raise InvalidPasswordException


def new_password(pool: SandboxUserPool) -> str:
    """A temporary password that meets the policy, as Cognito makes one up for an invitation."""
    return "aA1!" + secrets.token_hex(max(8, int(_policy(pool).get("MinimumLength", 8)) // 2))


def check_enabled(user: CognitoIdpUser) -> None:
    """Raises NotAuthorizedException for a disabled user, who cannot sign in, answer a challenge, or refresh."""
    if not user.enabled:
        raise cognito_error("NotAuthorizedException", "User is disabled.")


def start_temporary(pool: SandboxUserPool, user: CognitoIdpUser, now: float) -> None:
    """From now on the user's temporary password is valid for as many days as the pool says; 0 means the default, 7."""
    pool.temporary_until[user.id] = now + DAY * int(_policy(pool).get("TemporaryPasswordValidityDays") or 7)


def has_expired(pool: SandboxUserPool, user: CognitoIdpUser, now: float) -> bool:
    """Whether the user's temporary password can no longer be used."""
    return now >= pool.temporary_until.get(user.id, float("inf"))


def _policy(pool: SandboxUserPool) -> dict[str, Any]:
    policies: dict[str, dict[str, Any]] = pool.extended_config.get("Policies") or {}
    return policies.get("PasswordPolicy") or {}
