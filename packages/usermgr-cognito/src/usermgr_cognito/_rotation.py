"""GetTokensFromRefreshToken, the only refresh that a client with refresh token rotation allows, as a raw request.

The lowest boto3 that usermgr supports, and the one of Lambda's runtime, may not have it. It needs no signature:
https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from botocore.exceptions import BotoCoreError
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies

from usermgr.errors import ProtocolError
from usermgr_aws import JsonApi, error_from_sdk
from usermgr_cognito._client import reply_shape
from usermgr_cognito._errors import TARGET, from_answer
from usermgr_cognito._replies import has_form

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["exchange_refresh_token"]

_OPERATION = "GetTokensFromRefreshToken"


def exchange_refresh_token(
    client: CognitoIdentityProviderClient, client_id: str, client_secret: str | None, refresh_token: str
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
        url=lambda: client.meta.endpoint_url,
        credentials=None,
        send=_session(client).send,
    )
    try:
        answer = api.call(_OPERATION, request)
    except BotoCoreError as error:
        raise error_from_sdk(error, _OPERATION) from error
    if answer.code is not None:
        raise from_answer(answer, _OPERATION, sign_in=True)
    body = answer.body
    if body is None or "AuthenticationResult" not in body or not has_form(_tokens_shape(client), body):
        raise ProtocolError(f"{_OPERATION}: the answer has no tokens")
    return body


def _session(client: CognitoIdentityProviderClient) -> URLLib3Session:
    """As the client itself reaches Cognito: with its time-outs, and through its proxy."""
    config: Any = client.meta.config
    return URLLib3Session(
        timeout=cast("Any", (config.connect_timeout, config.read_timeout)),  # botocore's stub does not know the pair
        proxies=config.proxies or get_environ_proxies(client.meta.endpoint_url),
    )


def _tokens_shape(client: CognitoIdentityProviderClient) -> Any:
    """The reply's form, which is that of another sign-in: the operation may not be in the SDK's model."""
    return reply_shape(client.admin_initiate_auth)
