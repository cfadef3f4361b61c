"""Users: passwords and attributes are checked at creation, RESEND keeps the user, sub cannot be changed.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from moto.cognitoidp.exceptions import (
    AliasExistsException,
    InvalidParameterException,
    InvalidPasswordException,
    UsernameExistsException,
)
from moto.cognitoidp.models import CognitoIdpGroup, CognitoIdpUser, UserStatus, cognitoidp_backends
from moto.cognitoidp.utils import flatten_attrs
from moto.core.utils import utcnow

from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.pools import SandboxUserPool
from usermgr_sandbox._fidelity.schema import check_declared, check_mutable, check_name, check_required, check_values

__all__ = ["Users", "federate_user"]

MAX_GROUPS_OF_A_USER = 100
EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"
"""The status that moto does not know."""


class Users(Base):
    """Creation, attributes, passwords, states."""

    def admin_create_user(
        self,
        user_pool_id: str,
        username: str,
        message_action: str,
        temporary_password: str,
        attributes: list[dict[str, str]],
    ) -> CognitoIdpUser:
        pool = self._pool(user_pool_id)
        if message_action == "RESEND":
            return self._invite_again(user_pool_id, username, temporary_password)
        if pool.find(username):
            raise UsernameExistsException("User account already exists")
        check_name(pool, username)
        flat = flatten_attrs(attributes or [])
        check_declared(pool, flat)
        check_values(pool, flat)
        addressed = dict.fromkeys(pool.extended_config.get("UsernameAttributes") or (), username)
        check_required(pool, addressed | flat)
        for alias in pool.extended_config.get("UsernameAttributes") or ():
            if alias in flat and pool.find(flat[alias]):
                raise UsernameExistsException(f"An account with the given {alias} already exists.")
        for alias in pool.extended_config.get("AliasAttributes") or ():
            if flat.get(f"{alias}_verified") == "true" and pool.find(flat.get(alias, "")):
                raise AliasExistsException
        if temporary_password:
            self._validate_password(user_pool_id, temporary_password)
        user = super().admin_create_user(user_pool_id, username, message_action, temporary_password, attributes)
        if pool.folds_case and not pool.extended_config.get("UsernameAttributes"):
            # Kept as given: AWS documents that names are compared in any case, but not which case is kept.
            user.username = username
        return user

    def admin_update_user_attributes(self, user_pool_id: str, username: str, attributes: list[dict[str, str]]) -> None:
        pool = self._pool(user_pool_id)
        user = self.admin_get_user(user_pool_id, username)
        flat = flatten_attrs(attributes)
        check_declared(pool, flat)
        check_mutable(pool, flat)
        check_values(pool, flat)
        for alias in ("email", "phone_number"):
            other = pool.find(flat[alias]) if alias in flat and _is_alias(pool, alias) else None
            if other is not None and other is not user:
                raise AliasExistsException
        user.update_attributes(attributes)

    def admin_delete_user_attributes(self, user_pool_id: str, username: str, attributes: list[str]) -> None:
        pool = self._pool(user_pool_id)
        user = self.admin_get_user(user_pool_id, username)
        check_declared(pool, attributes)
        check_mutable(pool, attributes)
        present = flatten_attrs(user.attributes)
        user.delete_attributes([name for name in attributes if name in present])

    def admin_set_user_password(self, user_pool_id: str, username: str, password: str, permanent: bool) -> None:
        user = self.admin_get_user(user_pool_id, username)
        self._validate_password(user_pool_id, password)
        user.password = password
        user.status = UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD
        user.last_modified_date = utcnow()

    def admin_reset_user_password(self, user_pool_id: str, username: str) -> None:
        user = self.admin_get_user(user_pool_id, username)
        if not user.enabled:
            raise cognito_error("NotAuthorizedException", "User is disabled.")
        if user.status != UserStatus.CONFIRMED and str(getattr(user.status, "value", user.status)) != "RESET_REQUIRED":
            raise cognito_error("NotAuthorizedException", "User password cannot be reset in the current state.")
        attributes = flatten_attrs(user.attributes)
        if not any(attributes.get(f"{kind}_verified") == "true" for kind in ("email", "phone_number")):
            raise InvalidParameterException(
                "Cannot reset password for the user as there is no registered/verified email or phone_number"
            )
        user.status = UserStatus.RESET_REQUIRED
        user.last_modified_date = utcnow()

    def admin_delete_user(self, user_pool_id: str, username: str) -> None:
        user = self.admin_get_user(user_pool_id, username)
        self._pool(user_pool_id).sign_out(user.username)
        super().admin_delete_user(user_pool_id, user.username)

    def admin_user_global_sign_out(self, user_pool_id: str, username: str) -> None:
        user = self.admin_get_user(user_pool_id, username)
        self._pool(user_pool_id).sign_out(user.username)

    def admin_add_user_to_group(self, user_pool_id: str, group_name: str, username: str) -> None:
        """https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html: a user is in 100 groups at most."""
        group, user = self.get_group(user_pool_id, group_name), self.admin_get_user(user_pool_id, username)
        if group not in user.groups and len(user.groups) >= MAX_GROUPS_OF_A_USER:
            raise cognito_error("LimitExceededException", "The user is in the maximum number of groups.")
        super().admin_add_user_to_group(user_pool_id, group_name, username)

    def admin_list_groups_for_user(  # type: ignore[override] - moto pages with a decorator of its own
        self, user_pool_id: str, username: str, limit: int | None = None, next_token: str | None = None
    ) -> tuple[list[CognitoIdpGroup], str | None]:
        """moto keeps a set: without an order of its own its pages would overlap."""
        groups = sorted(self.admin_get_user(user_pool_id, username).groups, key=lambda group: group.group_name)
        start = int(next_token) if next_token and next_token.isdecimal() else 0
        end = start + (limit or 60)
        return groups[start:end], str(end) if end < len(groups) else None

    def _invite_again(self, user_pool_id: str, username: str, temporary_password: str) -> CognitoIdpUser:
        """The same user, with a new temporary password if one is given; only before they have chosen their own."""
        user = self.admin_get_user(user_pool_id, username)
        if user.status != UserStatus.FORCE_CHANGE_PASSWORD:
            raise cognito_error(
                "UnsupportedUserStateException",
                f"Resend not possible. {username} status is not FORCE_CHANGE_PASSWORD",
            )
        if temporary_password:
            self._validate_password(user_pool_id, temporary_password)
            user.password = temporary_password
        user.last_modified_date = utcnow()
        return user

    def _pool(self, user_pool_id: str) -> SandboxUserPool:
        pool = self.describe_user_pool(user_pool_id)
        if not isinstance(pool, SandboxUserPool):
            raise TypeError("the pool was not created by the sandbox")
        return pool

    def _validate_password(self, user_pool_id: str, password: str) -> None:
        """https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html"""
        policies: dict[str, dict[str, Any]] = (
            self.describe_user_pool(user_pool_id).extended_config.get("Policies") or {}
        )
        policy = policies.get("PasswordPolicy", {})
        symbols = set("^$*.[]{}()?-\"!@#%&/\\,><':;|_~`+= ")
        rules = (
            len(password) >= policy.get("MinimumLength", 8),
            len(password) <= 256,
            not policy.get("RequireUppercase", True) or any(c.isupper() for c in password),
            not policy.get("RequireLowercase", True) or any(c.islower() for c in password),
            not policy.get("RequireNumbers", True) or any(c.isdigit() for c in password),
            not policy.get("RequireSymbols", True) or bool(symbols & set(password)),
            password == password.strip(" "),
        )
        if not all(rules):
            raise InvalidPasswordException


def _is_alias(pool: SandboxUserPool, name: str) -> bool:
    config = pool.extended_config
    return name in (*(config.get("UsernameAttributes") or ()), *(config.get("AliasAttributes") or ()))


def federate_user(user_pool_id: str, provider: str, subject: str, attributes: Mapping[str, str]) -> str:
    """Creates a user as the first sign-in through another provider does; returns the username.

    Raises `KeyError` for an unknown pool.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html
    """
    pools = {
        name: pool
        for regions in cognitoidp_backends.values()
        for backend in regions.values()
        for name, pool in backend.user_pools.items()
    }
    pool = pools[user_pool_id]
    identity = {"userId": subject, "providerName": provider, "providerType": provider, "primary": True}
    given = {"identities": json.dumps([identity]), **attributes}
    username = f"{provider}_{subject}"
    made = CognitoIdpUser(
        user_pool_id, username, None, EXTERNAL_PROVIDER, [{"Name": name, "Value": given[name]} for name in given]
    )
    pool.users[username] = cast("CognitoIdpUser", made)
    return username
