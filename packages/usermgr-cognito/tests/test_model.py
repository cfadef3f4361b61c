"""What the service model fixes is checked before anything is sent."""

from __future__ import annotations

import unicodedata
from typing import Any

import boto3
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.errors import InvalidInputError, InvalidPageTokenError, InvalidPasswordError
from usermgr_cognito._model import FIELDS, check_parameters

MODEL = boto3.client("cognito-idp", region_name="ap-northeast-1").meta.service_model


def check(operation: str, **parameters: Any) -> None:
    """Checks parameters of an operation."""
    check_parameters(MODEL.operation_model(operation).input_shape, parameters)


@pytest.mark.parametrize(
    ("operation", "parameters", "field", "error"),
    [
        pytest.param("AdminGetUser", {"Username": "alice smith"}, "username", InvalidInputError, id="space"),
        pytest.param("AdminGetUser", {"Username": "x" * 129}, "username", InvalidInputError, id="long name"),
        pytest.param("AdminGetUser", {"Username": "ali\ud800ce"}, "username", InvalidInputError, id="surrogate"),
        pytest.param("CreateGroup", {"Description": "\udc00"}, "description", InvalidInputError, id="no text"),
        pytest.param("ListGroups", {"NextToken": "\ud800"}, "page_token", InvalidPageTokenError, id="token of no text"),
        pytest.param(
            "AdminSetUserPassword", {"Password": "x\ud800"}, "password", InvalidPasswordError, id="no password"
        ),
        pytest.param(
            "AdminRespondToAuthChallenge",
            {"ChallengeResponses": {"NEW_PASSWORD": "x\ud800"}},
            "answer",
            InvalidInputError,
            id="answer of no text",
        ),
        pytest.param(
            "AdminRespondToAuthChallenge",
            {"ChallengeResponses": {"userAttributes.name": "\ud800"}},
            "name",
            InvalidInputError,
            id="attribute of no text with an answer",
        ),
        pytest.param("GetGroup", {"GroupName": "a\nb"}, "group", InvalidInputError, id="group"),
        pytest.param("CreateGroup", {"Precedence": -1}, "precedence", InvalidInputError, id="negative"),
        pytest.param("CreateGroup", {"Precedence": 2**31}, "precedence", InvalidInputError, id="more than 32 bits"),
        pytest.param("CreateGroup", {"Precedence": True}, "precedence", InvalidInputError, id="boolean"),
        pytest.param("CreateGroup", {"Description": "x" * 2049}, "description", InvalidInputError, id="description"),
        pytest.param("CreateGroup", {"Description": 7}, "description", InvalidInputError, id="no string"),
        pytest.param("ListUsers", {"PaginationToken": "not a token"}, "page_token", InvalidPageTokenError, id="token"),
        pytest.param("AdminSetUserPassword", {"Password": "x" * 257}, "password", InvalidPasswordError, id="password"),
        pytest.param(
            "AdminCreateUser",
            {"UserAttributes": [{"Name": "name", "Value": "x" * 2049}]},
            "name",
            InvalidInputError,
            id="long value",
        ),
        pytest.param(
            "AdminCreateUser",
            {"UserAttributes": [{"Name": "custom:a\0", "Value": "x"}]},
            "custom:a\0",
            InvalidInputError,
            id="name of an attribute",
        ),
    ],
)
def test_field_is_named_and_the_value_is_not_repeated(
    operation: str, parameters: dict[str, Any], field: str, error: type[InvalidInputError]
) -> None:
    """A value outside of the model's pattern, length or range is an error of its field, without the value."""
    with pytest.raises(error) as caught:
        check(operation, **parameters)

    assert type(caught.value) is error
    assert caught.value.field == field
    assert "x" * 100 not in caught.value.message
    assert caught.value.service_code is None


@given(st.text(min_size=1, max_size=140))
def test_name_is_accepted_exactly_where_the_pattern_allows_it(name: str) -> None:
    """A name of 1 to 128 letters, marks, symbols, numbers and punctuation passes, and no other."""
    allowed = len(name) <= 128 and all(unicodedata.category(character)[0] in "LMSNP" for character in name)

    try:
        check("AdminGetUser", Username=name)
    except InvalidInputError:
        assert not allowed
    else:
        assert allowed


def test_password_with_a_space_is_left_to_cognito() -> None:
    """The model's pattern for passwords is narrower than the guide to passwords, so it is not applied."""
    check("AdminSetUserPassword", Password="correct horse Battery 9")


def test_every_field_is_a_parameter_of_some_operation() -> None:
    """No name in the table is misspelt."""
    parameters = {name for operation in MODEL.operation_names for name in _members(operation)}

    assert parameters >= FIELDS.keys()


def _members(operation: str) -> set[str]:
    shape = MODEL.operation_model(operation).input_shape
    return set(shape.members) if shape is not None else set()
