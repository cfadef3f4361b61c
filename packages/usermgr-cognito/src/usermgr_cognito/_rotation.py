"""GetTokensFromRefreshToken, the only refresh that a client with refresh token rotation allows, as a raw request.

The lowest boto3 that usermgr supports, and the one of Lambda's runtime, may not have it. It needs no signature:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session

from usermgr.errors import ProtocolError
from usermgr_aws import JsonApi, error_from_sdk
from usermgr_cognito._errors import TARGET, from_client_error

__all__ = ["exchange_refresh_token"]

_OPERATION = "GetTokensFromRefreshToken"
_TIMEOUTS = cast("Any", (5, 15))
"""Seconds to connect and to read; botocore's stub does not know the pair."""


def exchange_refresh_token(
    endpoint_url: str, client_id: str, client_secret: str | None, refresh_token: str
) -> Mapping[str, Any]:
    """The answer, with `AuthenticationResult`. Raises `InvalidCredentialsError`, and errors of the service."""
    request = {"ClientId": client_id, "RefreshToken": refresh_token}
    if client_secret is not None:
        request["ClientSecret"] = client_secret
    api = JsonApi(
        "cognito-idp",
        "",
        target=TARGET,
        version="1.1",
        url=lambda: endpoint_url,
        credentials=None,
        send=URLLib3Session(timeout=_TIMEOUTS).send,
    )
    try:
        answer = api.call(_OPERATION, request)
    except BotoCoreError as error:
        raise error_from_sdk(error, _OPERATION) from error
    if answer.code is not None:
        response: Any = {"Error": {"Code": answer.code}, "ResponseMetadata": {"HTTPStatusCode": answer.status}}
        raise from_client_error(ClientError(response, _OPERATION), sign_in=True)
    if answer.body is None or "AuthenticationResult" not in answer.body:
        raise ProtocolError(f"{_OPERATION}: the answer has no tokens")
    return answer.body
