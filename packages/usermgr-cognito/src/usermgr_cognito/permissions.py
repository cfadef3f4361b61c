"""The IAM actions that each operation needs on a user pool, and least-privilege policies made of them.

The facts are in `actions.json` beside this module; Terraform reads the same file. What an operation may need is there
too: to say why it was refused, and for `add_user` to undo a creation that fails half-way.

>>> operation_actions()["get_user"]
('cognito-idp:AdminGetUser',)
>>> arn = "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_AbCdEf123"
>>> policy(access="read-only", user_pool_arn=arn)["Statement"][0]["Sid"]
'ReadUsersAndGroups'
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from usermgr.errors import ConfigurationError, InvalidInputError, UsermgrError
from usermgr.policies import Role
from usermgr.settings import Environment, SettingsReader
from usermgr_aws import REGION, USER_POOL_ID, partition

__all__ = ["Role", "operation_actions", "policy", "policy_in_force"]

USER_POOL_ARN = rf"arn:aws[a-z-]*:cognito-idp:{REGION}:\d{{12}}:userpool/{USER_POOL_ID}"


_SIGN_IN = "sign-in"
"""Operations with which users sign in: no role includes them."""

_STATEMENTS = {
    Role.READ_ONLY: "ReadUsersAndGroups",
    Role.OPERATOR: "HelpUsers",
    Role.ADMIN: "DeleteUsersAndManageGroups",
}

CHECKS = ("cognito-idp:DescribeUserPoolClient", "cognito-idp:ListUserPoolReplicas")
"""What only checks need (docs/checks.md), and every role may: both read the pool's own configuration."""

_UNDO = "cognito-idp:AdminDeleteUser"
"""What `add_user` needs to undo a creation that fails half-way, and whoever has it may delete anybody."""


def operation_actions() -> Mapping[str, tuple[str, ...]]:
    """The IAM actions on the pool that each operation of `UserManager` needs, by its name."""
    return MappingProxyType({name: tuple(entry["actions"]) for name, entry in _facts().items()})


def policy(*, access: Role | str, user_pool_arn: str, sign_in: bool = False) -> dict[str, Any]:
    """The identity policy of somebody with this role on one pool, as an object that `json.dumps` takes.

    An operator may not delete users, and so cannot undo an `add_user` that fails half-way either: its error then says
    that the user is left. Whoever may change who is in a group may give people, and themselves, what the group gives.

    Args:
        access: `read-only`, `operator` or `admin`.
        user_pool_arn: The one resource of the policy.
        sign_in: Whether users can be signed in too, which tries passwords.

    Raises:
        InvalidInputError: the role is unknown, or the ARN is not that of a user pool.
    """
    if access not in list(Role):
        raise InvalidInputError(f"access must be one of {', '.join(Role)}", field="access")
    if re.fullmatch(USER_POOL_ARN, user_pool_arn) is None:
        raise InvalidInputError(
            "user_pool_arn must be the ARN of a user pool, such as "
            "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_AbCdEf123",
            field="user_pool_arn",
        )
    roles = list(Role)[: list(Role).index(Role(access)) + 1]
    statements: list[dict[str, Any]] = []
    granted: set[str] = set()
    for role in roles:
        extra = CHECKS if role is Role.READ_ONLY else ()
        kept_back = {_UNDO} if role is Role.OPERATOR else set[str]()
        wanted = ({*_of(role), *extra} - granted) - kept_back
        granted |= wanted
        statements.append(_statement(_STATEMENTS[role], wanted, user_pool_arn))
    if sign_in:
        statements.append(_statement("SignUsersIn", set(_of(_SIGN_IN)) - granted, user_pool_arn))
    return {"Version": "2012-10-17", "Statement": statements}


def policy_in_force(role: Role) -> dict[str, Any]:
    """The policy of that role for the pool of the environment, as `usermgr.policies` asks for it.

    The pool's account is `ACCOUNT_ID`, or else it is asked of Cognito. Raises `ConfigurationError` where neither tells.
    """
    from usermgr_cognito import connect  # noqa: PLC0415 - nothing else here needs the SDK
    from usermgr_cognito._checks import describe  # noqa: PLC0415 - as above

    reader = SettingsReader("the policy", [Environment()])
    account = reader.optional("account_id", "ACCOUNT_ID", pattern=r"\d{12}", example="123456789012")
    reader.finish()
    with connect() as users:
        region, pool = users.settings.region, users.settings.user_pool_id
        if account is not None:
            arn = f"arn:{partition(region)}:cognito-idp:{region}:{account}:userpool/{pool}"
        else:
            try:
                arn = str(describe(users)["Arn"])
            except UsermgrError as error:
                problem = (
                    "ACCOUNT_ID is not set, and Cognito does not tell whose the pool is: set it to the AWS account"
                )
                raise ConfigurationError(f"{problem} ({error.message})", problems=[problem]) from error
    return policy(access=role, user_pool_arn=arn)


def _of(access: str) -> set[str]:
    return {action for entry in _facts().values() if entry["access"] == access for action in entry["actions"]}


def _statement(sid: str, actions: set[str], resource: str) -> dict[str, Any]:
    return {"Sid": sid, "Effect": "Allow", "Action": sorted(actions), "Resource": [resource]}


@cache
def _facts() -> Mapping[str, Mapping[str, Any]]:
    return json.loads(files("usermgr_cognito").joinpath("actions.json").read_text("utf-8"))
