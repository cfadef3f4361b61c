"""A pool's description, from what Cognito says of it; what operations cost."""

from __future__ import annotations

from typing import Any

import pytest

from usermgr import (
    AttributeDescription,
    AttributeType,
    Capability,
    MfaMethod,
    MfaMode,
    PasswordPolicy,
    StoreDescription,
    UsernameKind,
    UsernameRules,
    Writer,
)
from usermgr.operations import OPERATIONS
from usermgr_cognito._describe import describe
from usermgr_cognito._descriptions import Pool, SecondFactors
from usermgr_cognito._quotas import CATEGORIES, COSTS, RATES, REQUESTS

ID = "ap-northeast-1_AbCdEf123"
EVERYBODY = (Writer.ADMINISTRATOR, Writer.USER)


def described(mfa: dict[str, Any] | None = None, **pool: Any) -> StoreDescription:
    """The description of a pool with these members."""
    factors = SecondFactors.read(mfa or {"MfaConfiguration": "OFF"})
    return describe(ID, Pool.read(pool), factors)


def attribute(**shape: Any) -> AttributeDescription:
    """The description of one attribute of the schema."""
    name = shape["Name"]
    found = described(SchemaAttributes=[shape]).attribute(name)
    assert found is not None
    return found


def test_pool_that_says_nothing_is_described_by_cognitos_defaults() -> None:
    """Without a UsernameConfiguration names are in their case; a policy of 0 days is one of seven."""
    found = described()
    assert (found.service, found.store, found.read_only) == ("cognito", ID, False)
    assert found.usernames == UsernameRules((UsernameKind.PLAIN,), case_sensitive=True)
    assert found.password_policy == PasswordPolicy(1, 256, temporary_days=7)
    assert (found.mfa, found.mfa_methods) == (MfaMode.OFF, ())
    assert Capability.INVITATIONS in found.capabilities
    assert Capability.BATCHES not in found.capabilities
    assert found.service_groups == (f"{ID}_*",)


def test_pool_is_described_as_it_is() -> None:
    """Names, aliases, the password policy, what waits for a confirmation, and the number of users are taken over."""
    policy = {
        "MinimumLength": 12, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True,
        "RequireSymbols": True, "TemporaryPasswordValidityDays": 3, "PasswordHistorySize": 5,
    }  # fmt: skip
    found = described(
        UsernameAttributes=["phone_number", "email"],
        AliasAttributes=["preferred_username"],
        UsernameConfiguration={"CaseSensitive": False},
        Policies={"PasswordPolicy": policy},
        UserAttributeUpdateSettings={"AttributesRequireVerificationBeforeUpdate": ["email"]},
        EstimatedNumberOfUsers=7,
    )
    kinds = (UsernameKind.EMAIL, UsernameKind.PHONE_NUMBER)
    assert found.usernames == UsernameRules(kinds, ("preferred_username",), case_sensitive=False)
    assert found.password_policy == PasswordPolicy(12, 256, True, True, True, True, 3, 5)
    assert (found.confirmed_before_change, found.estimated_users) == (("email",), 7)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        (
            {"Name": "custom:team", "StringAttributeConstraints": {"MinLength": "2", "MaxLength": "5"}},
            {"min_length": 2, "max_length": 5},
        ),
        (
            {
                "Name": "custom:level",
                "AttributeDataType": "Number",
                "NumberAttributeConstraints": {"MinValue": "-1", "MaxValue": "2.5"},
            },
            {"type": AttributeType.NUMBER, "minimum": -1.0, "maximum": 2.5},
        ),
        (
            {"Name": "custom:born", "AttributeDataType": "DateTime", "Mutable": False, "Required": True},
            {"type": AttributeType.DATETIME, "mutable": False, "required": True},
        ),
        (
            {"Name": "email_verified", "AttributeDataType": "Boolean"},
            {"type": AttributeType.BOOLEAN, "writers": (Writer.ADMINISTRATOR,)},
        ),
        ({"Name": "dev:custom:x", "DeveloperOnlyAttribute": True}, {"writers": (Writer.ADMINISTRATOR,)}),
        ({"Name": "sub", "Mutable": False, "Required": True}, {"mutable": False, "writers": ()}),
        ({"Name": "identities"}, {"writers": ()}),
    ],
)
def test_attribute_is_described_as_the_schema_has_it(shape: dict[str, Any], expected: dict[str, Any]) -> None:
    """Type, bounds, what is required and mutable, and who may write it; nobody can give what Cognito writes."""
    assert attribute(**shape) == AttributeDescription(**{"name": shape["Name"], "writers": EVERYBODY, **expected})


@pytest.mark.parametrize(
    ("config", "mode", "methods"),
    [
        ({"MfaConfiguration": "OFF", "SoftwareTokenMfaConfiguration": {"Enabled": True}}, MfaMode.OFF, ()),
        (
            {"MfaConfiguration": "ON", "SoftwareTokenMfaConfiguration": {"Enabled": True}},
            MfaMode.REQUIRED,
            (MfaMethod.TOTP,),
        ),
        (
            {
                "MfaConfiguration": "OPTIONAL",
                "SmsMfaConfiguration": {"SmsConfiguration": {"SnsCallerArn": "arn"}},
                "EmailMfaConfiguration": {},
                "SoftwareTokenMfaConfiguration": {"Enabled": False},
            },
            MfaMode.OPTIONAL,
            (MfaMethod.SMS, MfaMethod.EMAIL),
        ),
    ],
)
def test_second_factors_are_those_that_the_pool_offers(
    config: dict[str, Any], mode: MfaMode, methods: tuple[MfaMethod, ...]
) -> None:
    """What is configured counts where second factors are on; only there does the pool have the capabilities."""
    found = described(config)
    assert (found.mfa, found.mfa_methods) == (mode, methods)
    assert found.can(Capability.MFA) is found.can(Capability.MFA_RESET) is (mode is not MfaMode.OFF)


@pytest.mark.parametrize(
    ("user_pool_id", "region", "expected"),
    [
        (ID, "ap-northeast-1", False),
        (ID, "us-east-1", True),
        ("local_AbC", "us-east-1", False),
        (ID, "", False),
    ],
)
def test_replica_is_read_only(user_pool_id: str, region: str, expected: bool) -> None:
    """A pool in another Region than its id's is a replica; where one of them is not known, nothing is claimed."""
    arn = f"arn:aws:cognito-idp:{region}:123456789012:userpool/{user_pool_id}"
    pool = Pool.read({"Arn": arn if region else ""})
    assert describe(user_pool_id, pool, SecondFactors(MfaMode.OFF, ())).read_only is expected


def test_every_operation_has_a_cost_in_a_category_with_a_rate() -> None:
    """A new operation without a cost, and a request without a category, are noticed."""
    assert {name for name in REQUESTS if "." not in name} == set(OPERATIONS)
    assert {request for requests in REQUESTS.values() for request in requests} <= set(CATEGORIES)
    assert {category for cost in COSTS.values() for category in cost} <= set(RATES)
    assert described().cost("add_user", "username", "password") == {"UserCreation": 1, "UserAccountRecovery": 1}
