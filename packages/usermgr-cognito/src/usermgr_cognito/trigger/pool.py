"""The seam to Cognito: three operations as signed raw JSON, so that no member is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
from botocore import exceptions as sdk
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

from usermgr.errors import NoCredentialsError, ProtocolError
from usermgr_cognito._errors import from_client_error, from_sdk_error
from usermgr_cognito.settings import CognitoSettings
from usermgr_cognito.trigger.snapshot import Snapshot

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["UserPool"]

_TARGET = "AWSCognitoIdentityProviderService"
_CONTENT_TYPE = "application/x-amz-json-1.1"


class UserPool:
    """One user pool, spoken to in the service's own protocol (JSON 1.1, Signature Version 4).

    Nothing is retried here. Every failure is an error of usermgr's tree.
    """

    def __init__(
        self,
        user_pool_id: str,
        *,
        region: str,
        endpoint_url: str,
        credentials: Any,
        send: Callable[[AWSPreparedRequest], AWSResponse],
    ) -> None:
        self.user_pool_id = user_pool_id
        self._endpoint_url = endpoint_url
        self._signer = SigV4Auth(credentials, "cognito-idp", region)
        self._send = send

    @classmethod
    def connect(cls, user_pool_id: str, *, session: boto3.session.Session | None = None) -> Self:
        """The pool in the Region that its id names, with the credentials and the endpoint of the SDK.

        The SDK's endpoint variables (`AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`, `AWS_ENDPOINT_URL`) count.
        Raises `ConfigurationError` for a malformed id, `NoCredentialsError` without credentials.
        """
        region = user_pool_id.split("_", maxsplit=1)[0]
        CognitoSettings.read({"region": region, "user_pool_id": user_pool_id}, environ={})
        session = session or boto3.session.Session()
        try:
            credentials = session.get_credentials()
            client = session.client("cognito-idp", region_name=region)
        except sdk.BotoCoreError as error:
            raise from_sdk_error(error, "CreateClient") from error
        if credentials is None:
            raise NoCredentialsError("no AWS credentials were found")
        return cls(
            user_pool_id,
            region=region,
            endpoint_url=client.meta.endpoint_url,
            credentials=credentials,
            send=URLLib3Session(timeout=cast("Any", (5, 15))).send,  # seconds to connect, to read; the stub lacks pairs
        )

    def read(self) -> Snapshot:
        """The pool as it is now."""
        return Snapshot(
            description=self._call("DescribeUserPool", {})["UserPool"],
            mfa=self._call("GetUserPoolMfaConfig", {}),
        )

    def update(self, request: Mapping[str, Any]) -> None:
        """UpdateUserPool: what the request does not name goes to its default."""
        self._call("UpdateUserPool", request)

    def _call(self, operation: str, request: Mapping[str, Any]) -> dict[str, Any]:
        message = AWSRequest(
            method="POST",
            url=self._endpoint_url,
            data=json.dumps({"UserPoolId": self.user_pool_id, **request}).encode(),
            headers={"Content-Type": _CONTENT_TYPE, "X-Amz-Target": f"{_TARGET}.{operation}"},
        )
        try:
            self._signer.add_auth(message)
            response = self._send(message.prepare())
            status, body = response.status_code, response.content
        except sdk.BotoCoreError as error:
            raise from_sdk_error(error, operation) from error
        answer = _json_object(body)
        if status != HTTPStatus.OK:
            raise self._refusal(operation, status, answer or {})
        if answer is None:
            raise ProtocolError(f"{operation}: Cognito's answer is not a JSON object")
        return answer

    def _refusal(self, operation: str, status: int, answer: Mapping[str, Any]) -> Exception:
        code = str(answer.get("__type", "")).rsplit("#", maxsplit=1)[-1]
        if not code and status == HTTPStatus.FORBIDDEN:
            code = "AccessDeniedException"
        response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        error = sdk.ClientError(response, operation)
        return from_client_error(error, user_pool_id=self.user_pool_id, store=self.user_pool_id)


def _json_object(body: bytes) -> dict[str, Any] | None:
    """The object that the body is; an empty body is an empty one, as botocore has it too."""
    try:
        answer: object = json.loads(body or b"{}")
    except ValueError:
        return None
    return cast("dict[str, Any]", answer) if isinstance(answer, dict) else None
