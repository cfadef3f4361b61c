"""The seam to the SDK: the one place that calls Cognito and translates what comes back."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError
from botocore.parsers import ResponseParserError

from usermgr.errors import (
    GroupNotFoundError,
    InvalidInputError,
    InvalidPageTokenError,
    ServiceTimeoutError,
    StoreNotFoundError,
)
from usermgr.validation import check_texts
from usermgr_aws import UNREADABLE_ANSWER, error_from_sdk, note_request
from usermgr_cognito._errors import from_client_error
from usermgr_cognito._model import FIELDS, check_parameters
from usermgr_cognito._replies import has_form

__all__ = ["call", "call_for_group", "call_for_page", "check_username", "reply_shape"]

SECRET_PARAMETERS = {"AuthParameters", "ChallengeResponses", "Password", "Session", "TemporaryPassword", "UserCode"}

_EVIDENCE = {"Username": "username", "GroupName": "group"}
"""The parameters that an error carries, by the name that it carries them under."""

_MEMBERS = {
    "admin_create_user": {"User"},
    "admin_get_user": {"Username"},
    "admin_list_groups_for_user": {"Groups"},
    "create_group": {"Group"},
    "describe_user_pool": {"UserPool"},
    "describe_user_pool_client": {"UserPoolClient"},
    "get_group": {"Group"},
    "list_groups": {"Groups"},
    "list_users": {"Users"},
    "list_users_in_group": {"Users"},
    "update_group": {"Group"},
    "admin_initiate_auth": {"AuthenticationResult", "ChallengeName"},
    "admin_respond_to_auth_challenge": {"AuthenticationResult", "ChallengeName"},
    "associate_software_token": {"SecretCode"},
    "get_user_pool_mfa_config": {"MfaConfiguration"},
    "verify_software_token": {"Status"},
}
"""A complete reply to these has at least one of these members."""


def call(
    method: Callable[..., Any], *, sign_in_of: str | None = None, sent_as: str | None = None, **parameters: Any
) -> Any:
    """Calls one operation with the parameters that are not `None`; errors carry the user and the group among them.

    What the service model fixes about a parameter is checked first, so that the error names the field.
    `sign_in_of` names the user whose sign-in this is, because a sign-in's errors must not reveal which names exist.
    `sent_as` is the operation that the request is sent as, where it is another than the method's.
    A reply without the member that it must have counts as no answer, because the SDK takes a body that broke off for
    an empty one; so does one that cannot be read.
    """
    present = {name: value for name, value in parameters.items() if value is not None}
    model = _model(method)
    check_parameters(model.input_shape, present)
    evidence = {ours: present[theirs] for theirs, ours in _EVIDENCE.items() if theirs in present}
    if sign_in_of is not None:
        evidence["username"] = sign_in_of
    try:
        response = method(**present)
        note_request(response)
    except ClientError as error:
        note_request(error.response)
        # The service's text may quote what it was sent, and a traceback shows the text of a cause.
        cause = None if SECRET_PARAMETERS & present.keys() else error
        named = ClientError(error.response, sent_as or error.operation_name)
        raise from_client_error(named, sign_in=sign_in_of is not None, field=_field(present), **evidence) from cause
    except ParamValidationError as error:
        raise error_from_sdk(error, method.__name__, field=_field(present)) from None  # its text quotes the value
    except BotoCoreError as error:
        raise error_from_sdk(error, method.__name__) from error
    except (ResponseParserError, *UNREADABLE_ANSWER):
        raise _unreadable(method) from None  # its text quotes the answer
    if sent_as is not None:
        return response  # of an operation that the model may not know
    expected = _MEMBERS.get(method.__name__)
    if expected is not None and not response.keys() & expected:
        raise ServiceTimeoutError(f"{method.__name__}: the answer broke off", operation=method.__name__)
    if model.output_shape is not None and not has_form(model.output_shape, response):
        raise _unreadable(method)
    return response


def _field(parameters: Collection[str]) -> str | None:
    """The argument that a refusal is about, for want of better knowledge: the last that the caller gave."""
    return next((field for name, field in reversed(FIELDS.items()) if name in parameters), None)


def _unreadable(method: Callable[..., Any]) -> ServiceTimeoutError:
    return ServiceTimeoutError(
        f"{method.__name__}: the answer is not one of Cognito's, so a change may or may not have been made: check what "
        "answers at the endpoint",
        operation=method.__name__,
    )


def _model(method: Callable[..., Any]) -> Any:
    meta = method.__self__.meta  # pyright: ignore[reportFunctionMemberAccess] - a method of an SDK client
    return meta.service_model.operation_model(meta.method_to_api_mapping[method.__name__])


def reply_shape(method: Callable[..., Any]) -> Any:
    """The form of the operation's reply, in the service model."""
    return _model(method).output_shape


def check_username(client: Any, username: str) -> None:
    """A name has the form that every operation asks for; a sign-in sends it where the service model does not look."""
    check_texts(username=username)
    check_parameters(_model(client.admin_get_user).input_shape, {"Username": username})


def call_for_group(client: Any, method: Callable[..., Any], **parameters: Any) -> Any:
    """Like `call`, for an operation on a group. Raises `GroupNotFoundError`.

    Cognito has one code for a missing group and a missing pool, so the pool's groups are asked for to know which.
    """
    try:
        return call(method, **parameters)
    except StoreNotFoundError as error:
        call(client.list_groups, UserPoolId=parameters["UserPoolId"], Limit=1)
        raise GroupNotFoundError(group=parameters["GroupName"]) from error


def call_for_page(
    method: Callable[..., Any], page_token: str | None, *, through: Callable[..., Any] = call, **parameters: Any
) -> Any:
    """Like `call` or `through`, for a page of a listing. Raises `InvalidPageTokenError`."""
    try:
        return through(method, **parameters)
    except InvalidInputError as error:
        if page_token is None or error.service_code is None:
            raise
        raise InvalidPageTokenError(field="page_token") from error
