"""The table of errors, against the service's own model."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from usermgr import errors
from usermgr_cognito._errors import CODES, from_client_error

OPERATIONS = [
    "AdminCreateUser", "AdminGetUser", "ListUsers", "ListUsersInGroup", "AdminUpdateUserAttributes",
    "AdminDeleteUserAttributes", "AdminSetUserPassword", "AdminResetUserPassword", "AdminEnableUser",
    "AdminDisableUser", "AdminUserGlobalSignOut", "AdminDeleteUser", "CreateGroup", "GetGroup", "UpdateGroup",
    "DeleteGroup", "ListGroups", "AdminAddUserToGroup", "AdminRemoveUserFromGroup", "AdminListGroupsForUser",
    "AdminInitiateAuth", "AdminRespondToAuthChallenge", "DescribeUserPoolClient", "AdminConfirmSignUp",
    "AdminSetUserMFAPreference", "GetUserPoolMfaConfig", "AssociateSoftwareToken", "VerifySoftwareToken",
]  # fmt: skip


def test_every_code_that_the_operations_can_raise_is_in_the_table() -> None:
    """Each error that botocore's service model lists for our operations has its class, so a new one is noticed."""
    model = boto3.client("cognito-idp", region_name="ap-northeast-1").meta.service_model
    listed = {shape.name for name in OPERATIONS for shape in model.operation_model(name).error_shapes}
    assert listed - CODES.keys() == set()
    assert listed


def client_error(code: str, status: int) -> ClientError:
    """What the SDK raises; the message holds a secret, as a service's may."""
    response = {"Error": {"Code": code, "Message": "S3cret-planted"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "AdminGetUser")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", sorted(CODES))
def test_message_is_ours_and_whole(code: str) -> None:
    """No text of the service is repeated, and no placeholder stays in ours."""
    error = from_client_error(client_error(code, 400), username="alice", group="admins")
    assert type(error) is CODES[code]
    assert "S3cret" not in str(error) + repr(error.details)
    assert "{" not in str(error)
    assert isinstance(error, errors.InvalidCredentialsError) or error.details["service_code"] == code


def test_unknown_codes_are_told_apart_by_their_status() -> None:
    """A code that nobody knows is the service's fault at 500 and above, which may pass, else simply an error."""
    assert type(from_client_error(client_error("NeverHeardOfIt", 503))) is errors.ServiceUnavailableError
    assert type(from_client_error(client_error("NeverHeardOfIt", 400))) is errors.ServiceError


def test_sign_in_does_not_tell_names_apart() -> None:
    """At sign-in, an unknown name and a wrong password are the same error with the same evidence."""
    unknown = from_client_error(client_error("UserNotFoundException", 400), sign_in=True, username="a")
    wrong = from_client_error(client_error("NotAuthorizedException", 400), sign_in=True, username="a")
    assert (type(unknown), str(unknown), unknown.details) == (type(wrong), str(wrong), wrong.details)
    assert type(wrong) is errors.InvalidCredentialsError
