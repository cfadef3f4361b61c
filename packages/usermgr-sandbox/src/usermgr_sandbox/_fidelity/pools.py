"""User pools: what UpdateUserPool resets and what it keeps, deletion protection, names and aliases.

- "If you don't provide a value for an attribute, Amazon Cognito sets it to its default value", but what is set at
  creation only is kept:
  https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPool.html
- A pool with active deletion protection cannot be deleted:
  https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-deletion-protection.html
- Names are compared in any case where the pool says so; addresses can be used as names where it says so:
  https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
"""

from __future__ import annotations

from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPool, CognitoIdpUserPoolAttribute
from moto.cognitoidp.utils import flatten_attrs
from moto.core.utils import utcnow

from usermgr_sandbox._fidelity.base import Base

__all__ = ["Pools", "SandboxUserPool", "check_triggers"]

CREATE_ONLY = ("UsernameAttributes", "UsernameConfiguration", "AliasAttributes")


class SandboxUserPool(CognitoIdpUserPool):
    """A pool with the standard attributes as well as its custom ones, and with AWS's rules for names."""

    def __init__(self, account_id: str, region: str, name: str, extended_config: dict[str, Any]) -> None:
        super().__init__(account_id, region, name, extended_config)
        for standard, schema in CognitoIdpUserPoolAttribute.STANDARD_SCHEMA.items():
            if standard not in self.schema_attributes:
                self.schema_attributes[standard] = CognitoIdpUserPoolAttribute(standard, False, schema)
        self.refresh_grants: dict[str, tuple[str, str, str, int]] = {}
        """Refresh token: client id, sub, origin_jti, time of the sign-in."""

    @property
    def folds_case(self) -> bool:
        """Whether names are the same in any case. The API's default is that they are not."""
        return (self.extended_config.get("UsernameConfiguration") or {}).get("CaseSensitive") is False

    def same(self, left: str | None, right: str | None) -> bool:
        """Whether two names are the same name in this pool."""
        if left is None or right is None:
            return False
        return left.lower() == right.lower() if self.folds_case else left == right

    def _get_user(self, username: str) -> CognitoIdpUser:
        return self.find(username)  # type: ignore[return-value] - moto's signature does not match its code

    def find(self, username: str) -> CognitoIdpUser | None:
        """Finds a user by name, by sub, or by an address that is a name or a verified alias in this pool."""
        exact = self.users.get(username)
        if exact is not None:
            return exact
        for user in self.users.values():
            if self.same(user.username, username) or user.id == username or self._has_alias(user, username):
                return user
        return None

    def _has_alias(self, user: CognitoIdpUser, name: str) -> bool:
        attributes = flatten_attrs(user.attributes)
        if any(self.same(attributes.get(kind), name) for kind in self.extended_config.get("UsernameAttributes") or ()):
            return True
        for alias in self.extended_config.get("AliasAttributes") or ():
            verified = alias == "preferred_username" or attributes.get(f"{alias}_verified") == "true"
            if verified and self.same(attributes.get(alias), name):
                return True
        return False

    def sign_out(self, username: str) -> None:
        """Revokes every token of the user."""
        user = self.find(username)
        if user is None:
            return
        self.refresh_grants = {token: grant for token, grant in self.refresh_grants.items() if grant[1] != user.id}
        self.access_tokens = {t: owner for t, owner in self.access_tokens.items() if owner[1] != user.username}


class Pools(Base):
    """`UpdateUserPool` and `DeleteUserPool`."""

    def update_user_pool(self, user_pool_id: str, extended_config: dict[str, Any]) -> None:
        pool = self.describe_user_pool(user_pool_id)
        check_triggers(extended_config)
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


def check_triggers(config: dict[str, Any]) -> None:
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
