"""Cognito's request rates, and how many requests of which category each operation makes.

The categories, their operations and their default rates are those of "Quotas in Amazon Cognito":
https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html. They hold for all pools of an account in a
Region; an account that has bought more is not known here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

__all__ = ["CATEGORIES", "COSTS", "RATES", "REQUESTS"]

RATES: Mapping[str, float] = {
    "UserAuthentication": 120,
    "UserCreation": 50,
    "UserAccountRecovery": 30,
    "UserRead": 120,
    "UserUpdate": 25,
    "UserResourceRead": 50,
    "UserResourceUpdate": 25,
    "UserList": 30,
    "UserPoolRead": 15,
    # The categories' own rates are 20 and 15, but no single operation of them may be called more often on one pool.
    "UserPoolResourceRead": 5,
    "UserPoolResourceUpdate": 5,
}
"""Requests a second, by category."""

CATEGORIES: Mapping[str, str] = {
    "AdminInitiateAuth": "UserAuthentication",
    # Answers have a quota of three times the category's, and count in it only beyond that.
    "AdminRespondToAuthChallenge": "UserAuthentication",
    "AdminCreateUser": "UserCreation",
    "AdminConfirmSignUp": "UserCreation",
    "AdminResetUserPassword": "UserAccountRecovery",
    "AdminSetUserPassword": "UserAccountRecovery",
    "AdminGetUser": "UserRead",
    "AdminAddUserToGroup": "UserUpdate",
    "AdminDeleteUser": "UserUpdate",
    "AdminDisableUser": "UserUpdate",
    "AdminEnableUser": "UserUpdate",
    "AdminRemoveUserFromGroup": "UserUpdate",
    "AdminUpdateUserAttributes": "UserUpdate",
    "AdminUserGlobalSignOut": "UserUpdate",
    "AdminListGroupsForUser": "UserResourceRead",
    "AdminSetUserMFAPreference": "UserResourceUpdate",
    # Not in the page's table yet: assumed, as its neighbours for software tokens are here.
    "AdminDeleteSoftwareToken": "UserResourceUpdate",
    "ListUsers": "UserList",
    "ListUsersInGroup": "UserList",
    "DescribeUserPool": "UserPoolRead",
    "GetGroup": "UserPoolResourceRead",
    "GetUserPoolMfaConfig": "UserPoolResourceRead",
    "ListGroups": "UserPoolResourceRead",
    "CreateGroup": "UserPoolResourceUpdate",
    "DeleteGroup": "UserPoolResourceUpdate",
    "UpdateGroup": "UserPoolResourceUpdate",
}
"""The category of each of Cognito's operations that usermgr calls."""

REQUESTS: Mapping[str, tuple[str, ...]] = {
    "describe": ("DescribeUserPool", "GetUserPoolMfaConfig"),
    "add_user": ("AdminCreateUser",),
    "add_user.password": ("AdminSetUserPassword",),  # not for a temporary one, which a cost cannot say
    "invite_user": ("AdminCreateUser",),
    "resend_invitation": ("AdminGetUser", "AdminCreateUser"),
    "confirm_user": ("AdminConfirmSignUp",),
    "get_user": ("AdminGetUser",),
    "find_users": ("ListUsers",),
    "update_user": ("AdminUpdateUserAttributes",),
    "set_password": ("AdminGetUser", "AdminSetUserPassword"),
    "reset_password": ("AdminResetUserPassword",),
    "enable_user": ("AdminEnableUser",),
    "disable_user": ("AdminDisableUser",),
    "sign_out_user": ("AdminUserGlobalSignOut",),
    "delete_user": ("AdminDeleteUser",),
    "get_mfa": ("GetUserPoolMfaConfig", "AdminGetUser"),
    "set_mfa": ("GetUserPoolMfaConfig", "AdminGetUser", "AdminSetUserMFAPreference"),
    "reset_mfa": (
        "GetUserPoolMfaConfig",
        "AdminGetUser",
        "AdminDeleteSoftwareToken",
        "AdminSetUserMFAPreference",
    ),
    "add_group": ("CreateGroup",),
    "get_group": ("GetGroup",),
    "update_group": ("UpdateGroup",),
    "delete_group": ("DeleteGroup",),
    "list_groups": ("ListGroups",),
    "add_user_to_group": ("AdminAddUserToGroup",),
    "remove_user_from_group": ("AdminRemoveUserFromGroup",),
    "list_groups_for_user": ("AdminListGroupsForUser",),
    "authenticate": ("AdminInitiateAuth",),
    "answer_challenge": ("AdminRespondToAuthChallenge",),
    "refresh": ("AdminInitiateAuth",),
}
"""What each operation, or an argument of it, asks of Cognito when nothing is refused, but for what is read once."""

COSTS: Mapping[str, Mapping[str, float]] = {
    name: Counter(CATEGORIES[request] for request in requests) for name, requests in REQUESTS.items()
}
"""How many requests of which category each operation makes."""
