"""AdminDeleteSoftwareToken, which forgets a user's authenticator app, with whatever boto3 is there.

The lowest boto3 that usermgr supports, and the one of Lambda's runtime, may not have it. It takes what AdminGetUser
takes, so that operation's request is sent under its name, before it is signed: should an SDK ever leave the name alone,
a user is read, and nothing is lost.
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteSoftwareToken.html
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from usermgr.errors import ServiceError
from usermgr_cognito._client import call
from usermgr_cognito._errors import TARGET

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["delete_software_token"]

OPERATION = "AdminDeleteSoftwareToken"

_renaming: ContextVar[bool] = ContextVar("renaming", default=False)
"""Whether this thread's call of AdminGetUser is to be sent as the other operation."""


def delete_software_token(client: CognitoIdentityProviderClient, user_pool_id: str, username: str) -> None:
    """Deletes the user's software token. Raises `UserNotFoundError`, and `StoreNotFoundError` where there is none."""
    client.meta.events.register("before-call.cognito-idp.AdminGetUser", _rename, unique_id="usermgr-software-token")
    renaming = _renaming.set(True)
    try:
        answer = call(client.admin_get_user, sent_as=OPERATION, UserPoolId=user_pool_id, Username=username)
    finally:
        _renaming.reset(renaming)
    if "Username" in answer:
        raise ServiceError(f"the SDK did not send {OPERATION}: upgrade or downgrade boto3", operation=OPERATION)


def _rename(params: dict[str, Any], **_: Any) -> None:
    if _renaming.get():
        params["headers"]["X-Amz-Target"] = f"{TARGET}.{OPERATION}"
