"""Users: creation, attributes, passwords and states.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from moto.cognitoidp.exceptions import InvalidParameterException, UsernameExistsException
from moto.cognitoidp.models import CognitoIdpUser, UserStatus
from moto.cognitoidp.utils import expand_attrs, flatten_attrs
from moto.core.utils import utcnow

from usermgr_sandbox._fidelity.attributes import carry_out, plan_creation, plan_update, take_aliases, take_own_aliases
from usermgr_sandbox._fidelity.base import Base
from usermgr_sandbox._fidelity.errors import cognito_error
from usermgr_sandbox._fidelity.messages import ADDRESSES, new_code
from usermgr_sandbox._fidelity.passwords import check_password, new_password, start_temporary
from usermgr_sandbox._fidelity.pool import find_pool
from usermgr_sandbox._fidelity.schema import check_name
from usermgr_sandbox._fidelity.world import force_alias, mediums

__all__ = ["Users", "federate_user"]

EXTERNAL_PROVIDER = "EXTERNAL_PROVIDER"
"""The status that moto does not know."""

_KINDS = {"EMAIL": "email", "SMS": "phone_number"}


class Users(Base):
    """The operations of users, by name and with an access token."""

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
        given = _flat(attributes)
        for alias in pool.names("UsernameAttributes"):
            if given.get(alias) and pool.find(given[alias]):
                raise UsernameExistsException(f"An account with the given {alias} already exists.")
        change = plan_creation(
            pool, username, given, force_alias=force_alias.get(), complete=not self.world.incomplete_users
        )
        if temporary_password:
            check_password(pool, temporary_password)
        elif message_action != "SUPPRESS":
            temporary_password = new_password(pool)
        made = expand_attrs(change.attributes)
        user = super().admin_create_user(user_pool_id, username, message_action, temporary_password, made)
        if pool.folds_case and not pool.names("UsernameAttributes"):
            # Kept as given: AWS documents that names are compared in any case, but not which case is kept.
            user.username = username
        take_aliases(pool, user, change)
        start_temporary(pool, user, self.world.now())
        if message_action != "SUPPRESS":
            self._invite(user_pool_id, user)
        return user

    def admin_update_user_attributes(self, user_pool_id: str, username: str, attributes: list[dict[str, str]]) -> None:
        pool, user = self._pool(user_pool_id), self.admin_get_user(user_pool_id, username)
        carry_out(self.world.messages, pool, user, plan_update(pool, user, _flat(attributes)))

    def admin_delete_user_attributes(self, user_pool_id: str, username: str, attributes: list[str]) -> None:
        pool, user = self._pool(user_pool_id), self.admin_get_user(user_pool_id, username)
        carry_out(self.world.messages, pool, user, plan_update(pool, user, dict.fromkeys(attributes, "")))

    def update_user_attributes(self, access_token: str, attributes: list[dict[str, str]]) -> None:
        """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html"""
        pool, user = self._owner_of(access_token)
        given = _flat(attributes)
        check_own(given)
        carry_out(self.world.messages, pool, user, plan_update(pool, user, given))

    def sign_up(
        self, client_id: str, username: str, password: str, attributes: list[dict[str, str]]
    ) -> tuple[CognitoIdpUser, Any]:
        """moto's, with the attributes checked: https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html"""
        pool = next((self._pool(pool.id) for pool in self.user_pools.values() if client_id in pool.clients), None)
        if pool is None:
            return super().sign_up(client_id, username, password, attributes)
        check_name(pool, username)
        given = _flat(attributes)
        check_own(given)
        change = plan_creation(pool, username, given, force_alias=False, complete=True)
        return super().sign_up(client_id, username, password, expand_attrs(change.attributes))

    def admin_set_user_password(self, user_pool_id: str, username: str, password: str, permanent: bool) -> None:
        pool, user = self._pool(user_pool_id), self.admin_get_user(user_pool_id, username)
        check_password(pool, password)
        user.password = password
        user.status = UserStatus.CONFIRMED if permanent else UserStatus.FORCE_CHANGE_PASSWORD
        start_temporary(pool, user, self.world.now())
        user.last_modified_date = utcnow()

    def admin_reset_user_password(self, user_pool_id: str, username: str) -> None:
        """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html"""
        user = self.admin_get_user(user_pool_id, username)
        if not user.enabled:
            raise cognito_error("NotAuthorizedException", "User is disabled")
        if user.status != UserStatus.CONFIRMED and str(getattr(user.status, "value", user.status)) != "RESET_REQUIRED":
            raise cognito_error("NotAuthorizedException", "User password cannot be reset in the current state.")
        attributes = flatten_attrs(user.attributes)
        verified = [kind for kind in ADDRESSES if attributes.get(f"{kind}_verified") == "true"]
        if not verified:
            raise InvalidParameterException(
                "Cannot reset password for the user as there is no registered/verified email or phone_number"
            )
        user.status = UserStatus.RESET_REQUIRED
        user.last_modified_date = utcnow()
        self.world.messages.send(self._pool(user_pool_id), user, "reset", verified[0], new_code())

    def admin_delete_user(self, user_pool_id: str, username: str) -> None:
        user = self.admin_get_user(user_pool_id, username)
        self._pool(user_pool_id).sign_out(user.username)
        super().admin_delete_user(user_pool_id, user.username)

    def admin_user_global_sign_out(self, user_pool_id: str, username: str) -> None:
        user = self.admin_get_user(user_pool_id, username)
        self._pool(user_pool_id).sign_out(user.username)

    def _invite_again(self, user_pool_id: str, username: str, temporary_password: str) -> CognitoIdpUser:
        """The same user, with a new temporary password; only before they have chosen their own.

        It resets "the temporary-password duration with a new temporary password".
        """
        user = self.admin_get_user(user_pool_id, username)
        if user.status != UserStatus.FORCE_CHANGE_PASSWORD:
            raise cognito_error(
                "UnsupportedUserStateException",
                f"Resend not possible. {username} status is not FORCE_CHANGE_PASSWORD",
            )
        if temporary_password:
            check_password(self._pool(user_pool_id), temporary_password)
        user.password = temporary_password or new_password(self._pool(user_pool_id))
        start_temporary(self._pool(user_pool_id), user, self.world.now())
        user.last_modified_date = utcnow()
        self._invite(user_pool_id, user)
        return user

    def _invite(self, user_pool_id: str, user: CognitoIdpUser) -> None:
        """By the mediums that were asked for; without any, by the phone number or else the e-mail address."""
        attributes = flatten_attrs(user.attributes)
        kinds = [_KINDS[medium] for medium in mediums.get()]
        if not kinds:
            kinds = [kind for kind in reversed(ADDRESSES) if attributes.get(kind)][:1]
        for kind in kinds:
            self.world.messages.send(self._pool(user_pool_id), user, "invitation", kind, user.password or "")

    def admin_confirm_sign_up(self, user_pool_id: str, username: str) -> str:
        """https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminConfirmSignUp.html

        The text is that of reports: https://github.com/aws-amplify/amplify-ui/issues/219
        """
        user = self.admin_get_user(user_pool_id, username)
        status = str(getattr(user.status, "value", user.status))
        if status != "UNCONFIRMED":
            raise cognito_error("NotAuthorizedException", f"User cannot be confirmed. Current status is {status}")
        user.status = UserStatus.CONFIRMED
        user.last_modified_date = utcnow()
        return ""

    def _validate_password(self, user_pool_id: str, password: str) -> None:
        """For the operations that are moto's own."""
        check_password(self._pool(user_pool_id), password)


def check_own(given: Mapping[str, str]) -> None:
    """Users cannot say of themselves that an address is verified."""
    if any(f"{kind}_verified" in given for kind in ADDRESSES):
        raise cognito_error("NotAuthorizedException", "A client attempted to write unauthorized attribute")


def _flat(attributes: list[dict[str, str]]) -> dict[str, str]:
    """By name; the value is optional in AWS's model, and then blank."""
    return {each["Name"]: each.get("Value") or "" for each in attributes or ()}


def federate_user(user_pool_id: str, provider: str, subject: str, attributes: Mapping[str, str]) -> str:
    """Creates a user as the first sign-in through another provider does; returns the username.

    Raises `KeyError` for an unknown pool.

    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html
    """
    pool = find_pool(user_pool_id)
    identity = {"userId": subject, "providerName": provider, "providerType": provider, "primary": True}
    given = {"identities": json.dumps([identity]), **attributes}
    username = f"{provider}_{subject}"
    made = CognitoIdpUser(
        user_pool_id, username, None, EXTERNAL_PROVIDER, [{"Name": name, "Value": given[name]} for name in given]
    )
    user = pool.users[username] = cast("CognitoIdpUser", made)
    take_own_aliases(pool, user)
    return username
