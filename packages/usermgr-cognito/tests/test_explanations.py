"""A refusal is explained by the pool's own description."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from usermgr.errors import InvalidInputError, InvalidPasswordError
from usermgr_cognito._descriptions import Pool
from usermgr_cognito._explanations import explain_password, explain_user

REFUSAL = InvalidInputError("the pool does not accept a value", service_code="InvalidParameterException")


def attribute(name: str, **more: Any) -> dict[str, Any]:
    """An attribute of a schema, as DescribeUserPool writes it."""
    return {"Name": name, "AttributeDataType": "String", "Mutable": True, "Required": False, **more}


SCHEMA = [
    attribute("sub", Mutable=False, Required=True),
    attribute("email"),
    attribute("email_verified", AttributeDataType="Boolean"),
    attribute("phone_number"),
    attribute("birthdate", StringAttributeConstraints={"MinLength": "10", "MaxLength": "10"}),
    attribute("custom:team", StringAttributeConstraints={"MinLength": "2", "MaxLength": "5"}),
    attribute("custom:tenant", Mutable=False),
    attribute(
        "custom:level", AttributeDataType="Number", NumberAttributeConstraints={"MinValue": "1", "MaxValue": "9"}
    ),
    attribute("custom:staff", AttributeDataType="Boolean"),
]


def explain(
    attributes: Mapping[str, str | None],
    *,
    username: str | None = None,
    present: Mapping[str, str] | None = None,
    **description: Any,
) -> InvalidInputError:
    """The explanation of a refusal in a pool of that description."""
    pool = Pool.read({"SchemaAttributes": SCHEMA, **description})
    return explain_user(pool, REFUSAL, username=username, attributes=attributes, present=present or {})


@pytest.mark.parametrize(
    ("attributes", "field", "words"),
    [
        pytest.param({"team": "red"}, "team", "did you mean custom:team", id="without custom:"),
        pytest.param({"custom:unheard_of": "x"}, "custom:unheard_of", "not in the pool's schema", id="unknown"),
        pytest.param({"sub": "x"}, "sub", "never changes", id="sub"),
        pytest.param({"custom:tenant": "t2"}, "custom:tenant", "not mutable", id="immutable"),
        pytest.param({"custom:tenant": None}, "custom:tenant", "not mutable", id="immutable removed"),
        pytest.param({"email": "nobody"}, "email", "an address such as", id="e-mail"),
        pytest.param({"phone_number": "+1 (555) 010-9999"}, "phone_number", "E.164", id="phone"),
        pytest.param({"birthdate": "1815-2-1"}, "birthdate", "a date such as", id="date"),
        pytest.param({"custom:team": "crimson"}, "custom:team", "at most 5 characters", id="too long"),
        pytest.param({"custom:team": "x"}, "custom:team", "at least 2 characters", id="too short"),
        pytest.param({"custom:level": "high"}, "custom:level", "must be a whole number", id="not a number"),
        pytest.param({"custom:level": "10"}, "custom:level", "at most 9", id="too high"),
        pytest.param({"custom:staff": "yes"}, "custom:staff", "true or false", id="boolean"),
        pytest.param({"email_verified": "true"}, "email_verified", "without a value for email", id="verified nothing"),
    ],
)
def test_attribute_that_does_not_fit_is_named(attributes: dict[str, str | None], field: str, words: str) -> None:
    """The one attribute that the schema does not allow is the field, with what it should be."""
    error = explain({"phone_number": "+81312345678", **attributes})

    assert error.field == field
    assert words in error.message
    assert error.service_code == "InvalidParameterException"


def test_required_attribute_cannot_be_removed_and_is_missed_at_creation() -> None:
    """A required attribute is named, both where it is removed and where a new user lacks it."""
    schema = [*SCHEMA, attribute("name", Required=True)]

    assert explain({"name": None}, SchemaAttributes=schema).field == "name"
    assert explain({}, username="alice", SchemaAttributes=schema).field == "name"


@pytest.mark.parametrize(
    ("description", "username", "words"),
    [
        pytest.param({"UsernameAttributes": ["email"]}, "alice", "an e-mail address", id="names are addresses"),
        pytest.param(
            {"UsernameAttributes": ["phone_number"]}, "a@example.org", "a phone number", id="names are numbers"
        ),
        pytest.param({"AliasAttributes": ["email"]}, "a@example.org", "alias", id="addresses are aliases"),
    ],
)
def test_name_that_the_pool_does_not_take_is_named(description: dict[str, Any], username: str, words: str) -> None:
    """A name of the wrong kind for the pool is the field, not the attributes."""
    error = explain({}, username=username, **description)

    assert error.field == "username"
    assert words in error.message


def test_name_that_is_the_address_counts_as_the_address() -> None:
    """In a pool whose names are addresses, the name itself is what is verified, and what is required."""
    schema = [attribute("email", Required=True), attribute("email_verified")]
    pool = {"UsernameAttributes": ["email"], "SchemaAttributes": schema}

    assert explain({"email_verified": "true"}, username="a@example.org", **pool).field is None


def test_without_the_description_the_error_says_how_to_have_the_field() -> None:
    """Where DescribeUserPool is not allowed, the message names the permission, and no field is guessed."""
    error = explain_user(None, REFUSAL, username="alice", attributes={"x": "y"}, present={})

    assert error.field is None
    assert "cognito-idp:DescribeUserPool" in error.message


def test_refused_password_is_told_what_it_lacks() -> None:
    """The policy's rules that the password breaks are named, and never the password."""
    policy = {"MinimumLength": 12, "RequireUppercase": True, "RequireNumbers": True, "RequireSymbols": True}
    pool = Pool.read({"Policies": {"PasswordPolicy": policy}})

    error = explain_password(pool, InvalidPasswordError(service_code="InvalidPasswordException"), "planted1")

    assert error.field == "password"
    assert error.message.endswith("it needs at least 12 characters, an upper-case letter, a symbol")
    assert "planted1" not in error.message


@pytest.mark.parametrize("pool", [None, Pool.read({"Policies": {"PasswordPolicy": {"MinimumLength": 8}}})])
def test_password_refused_for_another_reason_keeps_its_message(pool: Pool | None) -> None:
    """Where no rule that is known is broken, or none is known, the refusal stays as it was, with its field."""
    refusal = InvalidPasswordError("it was used before", service_code="PasswordHistoryPolicyViolationException")

    error = explain_password(pool, refusal, "long-enough-1")

    assert type(error) is InvalidPasswordError
    assert (error.field, error.message, error.service_code) == ("password", refusal.message, refusal.service_code)


def test_attribute_is_optional_unless_the_schema_requires_it() -> None:
    """An attribute of which the description does not say that it is required may be missing, and removed."""
    schema = [{"Name": "name", "AttributeDataType": "String", "Mutable": True}]

    assert explain({}, username="alice", SchemaAttributes=schema).field is None
    assert explain({"name": None}, SchemaAttributes=schema).field is None
