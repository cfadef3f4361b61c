"""The seam to Cognito: three operations as signed raw JSON, so that no member is lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Self, cast

import boto3
from botocore import exceptions as sdk
from botocore.httpsession import URLLib3Session

from usermgr.errors import NoCredentialsError, ProtocolError
from usermgr_aws import JsonApi, error_from_sdk, region_of_pool
from usermgr_cognito._errors import TARGET, from_answer
from usermgr_cognito._settings import CognitoSettings
from usermgr_cognito.trigger._snapshot import Snapshot

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["UserPool"]

_MAXIMUM_WORDS = 1_000


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
        self._api = JsonApi(
            "cognito-idp",
            region,
            target=TARGET,
            version="1.1",
            url=lambda: endpoint_url,
            credentials=lambda: credentials,
            send=send,
        )

    @classmethod
    def connect(cls, user_pool_id: str, *, session: boto3.session.Session | None = None) -> Self:
        """The pool in the Region that its id names, with the credentials and the endpoint of the SDK.

        The SDK's endpoint variables (`AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER`, `AWS_ENDPOINT_URL`) count.
        Raises `ConfigurationError` for a malformed id, `NoCredentialsError` without credentials.
        """
        region = region_of_pool(user_pool_id)
        CognitoSettings.read({"region": region, "user_pool_id": user_pool_id}, environ={})
        session = session or boto3.session.Session()
        try:
            credentials = session.get_credentials()
            client = session.client("cognito-idp", region_name=region)
        except sdk.BotoCoreError as error:
            raise error_from_sdk(error, "CreateClient") from error
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
        try:
            answer = self._api.call(operation, {"UserPoolId": self.user_pool_id, **request})
        except sdk.BotoCoreError as error:
            raise error_from_sdk(error, operation) from error
        if answer.code is not None:
            error = from_answer(answer, operation, store=self.user_pool_id)
            raise type(error)(f"{error.message}{_words(answer.body or {})}", **error.details)
        if answer.body is None:
            raise ProtocolError(f"{operation}: Cognito's answer is not a JSON object")
        return answer.body


def _words(body: Mapping[str, Any]) -> str:
    """The service's own text, on one line. These three operations carry configuration only, no user's input."""
    text = body.get("message") or body.get("Message")
    if not isinstance(text, str):
        return ""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return f"; AWS answered: {line[:_MAXIMUM_WORDS]}" if line else ""
