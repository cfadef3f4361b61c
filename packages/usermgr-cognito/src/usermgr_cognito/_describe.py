"""What a pool can do and demands, from Cognito's own description of it.

https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UserPoolType.html
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SchemaAttributeType.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from usermgr import (
    AttributeDescription,
    AttributeType,
    Capability,
    MfaMode,
    PasswordPolicy,
    StoreDescription,
    UsernameKind,
    UsernameRules,
    Writer,
)
from usermgr_aws import REGION, region_of_pool
from usermgr_cognito._descriptions import AttributeRule, Pool, SecondFactors
from usermgr_cognito._quotas import COSTS, RATES

__all__ = ["describe"]

CAPABILITIES = frozenset({
    Capability.SIGN_IN, Capability.TEMPORARY_PASSWORDS, Capability.PASSWORD_RESET, Capability.SIGN_OUT,
    Capability.INVITATIONS, Capability.GROUP_DESCRIPTIONS, Capability.GROUP_PRECEDENCE, Capability.STATUS,
    Capability.EVENTUAL_LISTING, Capability.CUSTOM_ATTRIBUTES,
})  # fmt: skip
"""What every pool can do."""

SECOND_FACTORS = frozenset({Capability.MFA, Capability.MFA_RESET})
"""What a pool can do whose second factors are not switched off."""

OWN = frozenset({"sub", "identities"})
"""The attributes that Cognito alone writes:
https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
"""

MAX_PASSWORD = 256
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html"""

TEMPORARY_DAYS = 7
"""What a policy of 0 days means:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_PasswordPolicyType.html
"""

_TYPES = {"Number": AttributeType.NUMBER, "Boolean": AttributeType.BOOLEAN, "DateTime": AttributeType.DATETIME}


def describe(user_pool_id: str, pool: Pool, factors: SecondFactors) -> StoreDescription:
    """The description of a pool by what Cognito says of it.

    Cognito makes a group for each identity provider, `[user pool ID]_[IdP name]`, and adds its people to it:
    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-user-groups.html
    """
    return StoreDescription(
        service="cognito",
        store=user_pool_id,
        capabilities=CAPABILITIES if factors.mode is MfaMode.OFF else CAPABILITIES | SECOND_FACTORS,
        attributes=tuple(_attribute(name, rule) for name, rule in sorted(pool.attributes.items())),
        password_policy=_password_policy(pool.password_policy),
        usernames=UsernameRules(
            kinds=tuple(UsernameKind(name) for name in sorted(pool.username_attributes)) or (UsernameKind.PLAIN,),
            aliases=tuple(sorted(pool.alias_attributes)),
            case_sensitive=pool.case_sensitive,
        ),
        mfa=factors.mode,
        mfa_methods=factors.methods,
        confirmed_before_change=tuple(sorted(pool.confirmed_before_change)),
        service_groups=(f"{user_pool_id}_*",),
        estimated_users=pool.estimated_users,
        read_only=_is_replica(user_pool_id, pool.arn),
        rates=RATES,
        costs=COSTS,
    )


def _attribute(name: str, rule: AttributeRule) -> AttributeDescription:
    is_text, is_number = rule.kind == "String", rule.kind == "Number"
    return AttributeDescription(
        name=name,
        type=_TYPES.get(rule.kind, AttributeType.STRING),
        required=rule.required and name not in OWN,  # Cognito's schema requires `sub`, which nobody can give
        mutable=rule.mutable,
        min_length=_whole(rule.low) if is_text else None,
        max_length=_whole(rule.high) if is_text else None,
        minimum=rule.low if is_number else None,
        maximum=rule.high if is_number else None,
        writers=tuple(_writers(name, rule)),
    )


def _writers(name: str, rule: AttributeRule) -> Iterable[Writer]:
    """An app client's WriteAttributes may keep its users from more.

    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-settings-attributes.html
    """
    if name in OWN:
        return
    yield Writer.ADMINISTRATOR
    if not rule.administrators_only and not name.endswith("_verified"):
        yield Writer.USER


def _whole(bound: float | None) -> int | None:
    return None if bound is None else int(bound)


def _password_policy(policy: Mapping[str, Any]) -> PasswordPolicy:
    return PasswordPolicy(
        min_length=policy.get("MinimumLength", 1),
        max_length=MAX_PASSWORD,
        needs_uppercase=policy.get("RequireUppercase", False),
        needs_lowercase=policy.get("RequireLowercase", False),
        needs_number=policy.get("RequireNumbers", False),
        needs_symbol=policy.get("RequireSymbols", False),
        temporary_days=policy.get("TemporaryPasswordValidityDays") or TEMPORARY_DAYS,
        history=policy.get("PasswordHistorySize", 0),
    )


def _is_replica(user_pool_id: str, arn: str) -> bool:
    """Whether the pool is a replica, which takes no change: one in another Region than that which its id names.

    DescribeUserPool does not tell. A replica shares the id of its primary, which begins with the primary's Region:
    https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-multi-region.html. That a primary stays in the
    Region in which it was created is assumed. An emulator's id may name no Region, and then nothing is known.
    """
    parts = arn.split(":")
    regions = (region_of_pool(user_pool_id), parts[3] if len(parts) > 3 else "")
    return all(re.fullmatch(REGION, region) for region in regions) and regions[0] != regions[1]
