"""The seam to the SDK: one place that calls Cognito and translates what comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from usermgr.errors import ServiceTimeoutError
from usermgr_cognito._errors import from_client_error, from_sdk_error

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["Patience", "call", "make_client"]

SECRET_PARAMETERS = {"AuthParameters", "ChallengeResponses", "Password", "Session", "TemporaryPassword"}

_MEMBERS = {
    "admin_create_user": {"User"},
    "admin_get_user": {"Username"},
    "admin_list_groups_for_user": {"Groups"},
    "create_group": {"Group"},
    "describe_user_pool_client": {"UserPoolClient"},
    "get_group": {"Group"},
    "list_groups": {"Groups"},
    "list_users": {"Users"},
    "list_users_in_group": {"Users"},
    "update_group": {"Group"},
    "admin_initiate_auth": {"AuthenticationResult", "ChallengeName"},
    "admin_respond_to_auth_challenge": {"AuthenticationResult", "ChallengeName"},
}
"""A reply of these has at least one of these."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long one call may take: `attempts` times (`connect` + `read`) seconds, and the pauses between."""

    attempts: int = 3
    connect: float = 5
    read: float = 15


def make_client(region: str, patience: Patience | None = None) -> CognitoIdentityProviderClient:
    """A client with an explicit retry mode and time-outs; thread-safe, so one for all threads."""
    limits = patience or Patience()
    config = Config(
        # Named, because botocore's default (legacy) does not retry Cognito's TooManyRequestsException:
        # https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html
        retries={"mode": "standard", "total_max_attempts": limits.attempts},
        connect_timeout=limits.connect,
        read_timeout=limits.read,
    )
    try:
        return boto3.session.Session().client("cognito-idp", region_name=region, config=config)
    except BotoCoreError as error:
        raise from_sdk_error(error, "CreateClient") from error


def call(
    method: Callable[..., Any],
    *,
    sign_in: bool = False,
    evidence: dict[str, Any],
    **parameters: Any,
) -> Any:
    """Calls one operation; `evidence` goes onto the error, `parameters` (without `None`) to Cognito.

    A reply without the member that it must have is no reply: the SDK takes a body that broke off for an empty one.
    """
    present = {name: value for name, value in parameters.items() if value is not None}
    try:
        response = method(**present)
    except ClientError as error:
        # The service's text may quote what it was sent, and a traceback shows the text of a cause.
        cause = None if SECRET_PARAMETERS & present.keys() else error
        raise from_client_error(error, sign_in=sign_in, **evidence) from cause
    except ParamValidationError as error:
        raise from_sdk_error(error, method.__name__) from None  # its text quotes the value
    except BotoCoreError as error:
        raise from_sdk_error(error, method.__name__) from error
    expected = _MEMBERS.get(method.__name__)
    if expected is not None and not response.keys() & expected:
        raise ServiceTimeoutError(f"{method.__name__}: the answer broke off", operation=method.__name__)
    return response
