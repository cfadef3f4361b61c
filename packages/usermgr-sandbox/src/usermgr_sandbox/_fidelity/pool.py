"""A user pool: its schema, its names and aliases, and the refresh tokens that it gave out.

Names are compared in any case where the pool says so; addresses can be used as names where it says so:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-case-sensitivity.html
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moto.cognitoidp.models import (
    DEFAULT_USER_POOL_CONFIG,
    CognitoIdpUser,
    CognitoIdpUserPool,
    CognitoIdpUserPoolAttribute,
    cognitoidp_backends,
)
from moto.cognitoidp.utils import flatten_attrs

__all__ = ["RefreshGrant", "SandboxUserPool", "all_pools", "find_pool"]


@dataclass(slots=True)
class RefreshGrant:
    """What a refresh token stands for. Times are in seconds since 1970."""

    client_id: str
    sub: str
    origin_jti: str
    signed_in_at: int
    usable_until: float | None = None
    """Set when the token was rotated out: from then on it is refused as used."""


class SandboxUserPool(CognitoIdpUserPool):
    """A pool with the standard attributes as well as its custom ones, and with AWS's rules for names."""

    def __init__(self, account_id: str, region: str, name: str, extended_config: dict[str, Any]) -> None:
        super().__init__(account_id, region, name, extended_config)
        for standard, schema in CognitoIdpUserPoolAttribute.STANDARD_SCHEMA.items():
            if standard not in self.schema_attributes:
                self.schema_attributes[standard] = CognitoIdpUserPoolAttribute(standard, False, schema)
        self.email_mfa_config: dict[str, str] | None = None
        self.refresh_grants: dict[str, RefreshGrant] = {}
        """By refresh token."""
        self.temporary_until: dict[str, float] = {}
        """When each user's temporary password expires, by sub, in seconds since 1970."""
        self._places: dict[str, int] = {}
        self._next_place = 0

    def names(self, setting: str) -> tuple[str, ...]:
        """The attributes that a setting of the pool lists, such as `AliasAttributes`; none where it is not set."""
        return tuple(self.extended_config.get(setting) or ())

    def update_extended_config(self, extended_config: dict[str, Any]) -> None:
        """A password policy that names some rules only is described with the defaults of the others, which apply."""
        super().update_extended_config(extended_config)
        policies: dict[str, dict[str, Any]] = self.extended_config.get("Policies") or {}
        default: dict[str, Any] = DEFAULT_USER_POOL_CONFIG["Policies"]["PasswordPolicy"]
        self.extended_config["Policies"] = {
            **policies,
            "PasswordPolicy": {**default, **(policies.get("PasswordPolicy") or {})},
        }

    @property
    def verified_before_update(self) -> tuple[str, ...]:
        """The addresses that keep their value until a new one is verified."""
        settings: dict[str, list[str]] = self.extended_config.get("UserAttributeUpdateSettings") or {}
        return tuple(settings.get("AttributesRequireVerificationBeforeUpdate") or ())

    def places(self) -> dict[str, int]:
        """Each user's place in listings, by sub: a number that no later user gets, even after deletions."""
        for user in list(self.users.values()):
            if user.id not in self._places:
                self._places[user.id] = self._next_place
                self._next_place += 1
        return self._places

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
        if any(self.same(attributes.get(kind), name) for kind in self.names("UsernameAttributes")):
            return True
        return any(self.owns(user, alias, name) for alias in self.names("AliasAttributes"))

    def owns(self, user: CognitoIdpUser, alias: str, value: str | None) -> bool:
        """Whether the value is the user's alias: an address must be verified for that."""
        attributes = flatten_attrs(user.attributes)
        verified = alias == "preferred_username" or attributes.get(f"{alias}_verified") == "true"
        return verified and self.same(attributes.get(alias), value)

    def empty(self) -> None:
        """Deletes all users and groups, and the tokens that were issued."""
        self.users.clear()
        self.groups.clear()
        self.refresh_grants = {}
        self.access_tokens = {}
        self.temporary_until = {}

    def sign_out(self, username: str) -> None:
        """Revokes every token of the user."""
        user = self.find(username)
        if user is None:
            return
        self.refresh_grants = {token: grant for token, grant in self.refresh_grants.items() if grant.sub != user.id}
        self.access_tokens = {t: owner for t, owner in self.access_tokens.items() if owner[1] != user.username}


def all_pools() -> list[SandboxUserPool]:
    """The pools of every Region."""
    return [
        pool
        for regions in cognitoidp_backends.values()
        for backend in regions.values()
        for pool in backend.user_pools.values()
        if isinstance(pool, SandboxUserPool)
    ]


def find_pool(user_pool_id: str) -> SandboxUserPool:
    """The pool, in whatever Region. Raises `KeyError`."""
    return {pool.id: pool for pool in all_pools()}[user_pool_id]
