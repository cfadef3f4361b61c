"""The operations of user pools: what UpdateUserPool resets and what it keeps, deletion protection.

- "If you don't provide a value for an attribute, Amazon Cognito sets it to its default value", but what is set at
  creation only is kept:
  https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
- A pool with active deletion protection cannot be deleted:
  https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
"""

from __future__ import annotations

from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.core.utils import utcnow

from usermgr_sandbox._fidelity.base import Base

__all__ = ["Pools", "check_settings"]

CREATE_ONLY = ("UsernameAttributes", "UsernameConfiguration", "AliasAttributes")


class Pools(Base):
    """`UpdateUserPool` and `DeleteUserPool`."""

    def update_user_pool(self, user_pool_id: str, extended_config: dict[str, Any]) -> None:
        pool = self.describe_user_pool(user_pool_id)
        check_settings(extended_config)
        kept = {name: pool.extended_config[name] for name in CREATE_ONLY if name in pool.extended_config}
        given = {name: value for name, value in extended_config.items() if name not in ("UserPoolId", "PoolName")}
        pool.update_extended_config({**given, **kept})
        pool.mfa_config = given.get("MfaConfiguration") or "OFF"
        pool.name = extended_config.get("PoolName") or pool.name
        pool.last_modified_date = utcnow()

    def delete_user_pool(self, user_pool_id: str) -> None:
        pool = self.describe_user_pool(user_pool_id)
        if pool.extended_config.get("DeletionProtection") == "ACTIVE":
            raise InvalidParameterException(
                "The user pool cannot be deleted because deletion protection is activated. "
                "Deletion protection must be inactivated first."
            )
        super().delete_user_pool(user_pool_id)


def check_settings(config: dict[str, Any]) -> None:
    """Raises InvalidParameterException for settings that contradict each other."""
    _check_triggers(config)
    update: dict[str, list[str]] = config.get("UserAttributeUpdateSettings") or {}
    before = set(update.get("AttributesRequireVerificationBeforeUpdate") or ())
    if not before <= set(config.get("AutoVerifiedAttributes") or ()):
        raise InvalidParameterException(
            "All attributes in AttributesRequireVerificationBeforeUpdate must exist in AutoVerifiedAttributes"
        )


def _check_triggers(config: dict[str, Any]) -> None:
    """The two members that name the pre token generation trigger must name one function.

    https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_LambdaConfigType.html
    """
    triggers: dict[str, Any] = config.get("LambdaConfig") or {}
    legacy: str | None = triggers.get("PreTokenGeneration")
    current: dict[str, str] = triggers.get("PreTokenGenerationConfig") or {}
    if legacy and current and legacy != current.get("LambdaArn"):
        raise InvalidParameterException(
            "PreTokenGeneration and PreTokenGenerationConfig.LambdaArn must be the same when both are set."
        )
