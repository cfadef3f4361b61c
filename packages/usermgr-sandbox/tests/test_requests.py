"""Requests are checked against the service model: types, required members, lengths, ranges, enumerations, patterns."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.config import Config

from usermgr_sandbox._fidelity.java_pattern import java_pattern

UNCHECKED = Config(retries={"total_max_attempts": 1}, parameter_validation=False)
"""botocore then sends what it would refuse by itself."""
NAME = r"[\p{L}\p{M}\p{S}\p{N}\p{P}]+"


def _call(cloud, operation, **members):
    """A client that sends everything, and its call."""
    return getattr(cloud.client("cognito-idp", UNCHECKED), operation)(**members)


@pytest.mark.parametrize(
    ("operation", "members", "expected"),
    [
        pytest.param("admin_get_user", {"Username": "a b"}, f"at 'username' {NAME}", id="pattern of a look-up"),
        pytest.param("admin_create_user", {"Username": "x" * 129}, "at 'username' 128", id="length"),
        pytest.param("get_group", {"GroupName": "a\tb"}, f"'a\tb' at 'groupName' {NAME}", id="pattern of a group"),
        pytest.param("list_users_in_group", {"GroupName": "g", "Limit": 61}, "'61' at 'limit' 60", id="most"),
        pytest.param("create_group", {"GroupName": "g", "Precedence": -1}, "'-1' at 'precedence' 0", id="least"),
        pytest.param(
            "admin_create_user",
            {"Username": "alice", "MessageAction": "NONE"},
            "'NONE' at 'messageAction' [RESEND, SUPPRESS]",
            id="enumeration",
        ),
        pytest.param("admin_disable_user", {}, "null at 'username' not be null", id="required"),
        pytest.param(
            "admin_set_user_password",
            {"Username": "alice", "Password": " a-Long-passw0rd"},
            r"at 'password' [\S]+.*[\S]+",
            id="space before a password",
        ),
        pytest.param(
            "admin_update_user_attributes",
            {"Username": "alice", "UserAttributes": [{"Name": "name", "Value": "x"}, {"Name": "n" * 33}]},
            f"'{'n' * 33}' at 'userAttributes.2.member.name' 32",
            id="within a list",
        ),
    ],
)
def test_a_request_meets_the_service_model(differs, error_of, operation, members, expected):
    """InvalidParameterException names the member, its value unless that is sensitive, and the constraint."""

    def check(cloud):
        pool = cloud.pool()
        cloud.user(pool)
        cloud.cognito.create_group(UserPoolId=pool, GroupName="g")

        code, message = error_of(_call, cloud=cloud, operation=operation, UserPoolId=pool, **members)

        value, _, constraint = expected.rpartition("' ")
        assert code == "InvalidParameterException"
        assert message.startswith(f"1 validation error detected: Value {value}' failed to satisfy constraint: Member")
        assert message.endswith(constraint)

    differs(check)


def test_every_operation_names_its_missing_members(differs, error_of):
    """All operations of the model that require members refuse a request without them, and count the errors."""
    model = botocore.session.get_session().get_service_model("cognito-idp")
    shapes = {name: model.operation_model(name).input_shape for name in model.operation_names}
    required = {name: shape.required_members for name, shape in shapes.items() if shape and shape.required_members}
    assert len(required) > 100

    def check(cloud):
        client = cloud.client("cognito-idp", UNCHECKED)
        calls = {client.meta.method_to_api_mapping[name]: getattr(client, name) for name in
                 client.meta.method_to_api_mapping}  # fmt: skip
        for operation, members in required.items():
            code, message = error_of(calls[operation])

            assert (operation, code) == (operation, "InvalidParameterException")
            assert message.startswith(f"{len(members)} validation error")
            assert message.count("Member must not be null") == len(members)

    differs(check)


def test_a_value_of_another_type_is_not_read(differs, error_of):
    """SerializationException, as for any service with this protocol; so for text that is not Unicode."""

    def check(cloud):
        pool = cloud.pool()
        for wrong in (7, True, ["alice"], {"a": "b"}, "\ud800"):
            code, _ = error_of(_call, cloud=cloud, operation="admin_get_user", UserPoolId=pool, Username=wrong)
            assert (wrong, code) == (wrong, "SerializationException")

    differs(check)


def test_a_sensitive_value_is_not_repeated(cloud, error_of):
    """Neither a password nor a username is in the message about it."""
    members = {"UserPoolId": cloud.pool(), "Username": "some body", "Password": "sec ret "}

    _, message = error_of(_call, cloud=cloud, operation="admin_set_user_password", **members)

    assert message.startswith("2 validation errors detected: Value at 'username' failed")
    assert "; Value at 'password' failed" in message
    assert ("some body" in message, "sec ret" in message) == (False, False)


def test_a_password_may_have_a_space_inside(cloud):
    """AWS's page on passwords allows it, though the model's pattern does not."""
    pool = cloud.pool()
    cloud.user(pool, password="a Long passw0rd")
    assert "AuthenticationResult" in cloud.sign_in(pool, cloud.app(pool)["ClientId"], password="a Long passw0rd")


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        pytest.param(NAME, "é漢字٣€-_😀", True, id="letters, digits and signs of any script"),
        pytest.param(NAME, "a\u0301", True, id="combining mark"),
        pytest.param(NAME, "a b", False, id="space"),
        pytest.param(NAME, "a\u00a0b", False, id="no-break space"),
        pytest.param(NAME, "a\u0000", False, id="control character"),
        pytest.param(r"[\w+]+", "abcé", False, id="ASCII words"),
        pytest.param(r"[\S]+", "a\u3000b", True, id="only ASCII white space"),
        pytest.param(r"[^_\p{Z}][\p{L}]+", "\u3000a", False, id="negated category"),
    ],
)
def test_java_patterns_mean_the_same(pattern, text, matches):
    """Categories of Unicode, and ASCII for the short classes."""
    assert (java_pattern(pattern).fullmatch(text) is not None) == matches
