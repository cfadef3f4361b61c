"""Signed raw requests to services with a JSON protocol, for what an SDK client cannot do or takes too long for.

A client of botocore drops members that its service model does not know, and loading the model costs a cold start a
third of a second. The protocol: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html; the signature:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

from usermgr.errors import NoCredentialsError

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

__all__ = ["Answer", "JsonApi", "credentials_from_environment"]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a service answered: `code` is its error code, or `None` for success."""

    status: int
    code: str | None
    body: dict[str, Any] | None
    """The JSON object; `None` where the body is something else."""
    is_empty: bool = False
    """The body was empty: `body` is then an empty object, as it is for botocore."""


class JsonApi:
    """One service in one Region, spoken to in its own protocol. Nothing is retried here.

    `target` is the prefix of `X-Amz-Target`, `version` the one of the JSON protocol (`1.0` or `1.1`); `credentials`
    returns the SDK's credentials for each request (where it is `None`, requests are not signed); `send` sends the
    request, as `URLLib3Session.send` of botocore does.
    """

    def __init__(
        self,
        service: str,
        region: str,
        *,
        target: str,
        version: str,
        url: Callable[[], str],
        credentials: Callable[[], Any] | None,
        send: Callable[[AWSPreparedRequest], AWSResponse],
    ) -> None:
        self._service = service
        self._region = region
        self._target = target
        self._version = version
        self._url = url
        self._credentials = credentials
        self._send = send

    def call(self, operation: str, body: Mapping[str, Any]) -> Answer:
        """The answer to one request. Raises the SDK's `BotoCoreError` where none came, and `NoCredentialsError`."""
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - the SDK loads when it is needed
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - the same

        headers = {
            "Content-Type": f"application/x-amz-json-{self._version}",
            "X-Amz-Target": f"{self._target}.{operation}",
        }
        request = AWSRequest("POST", self._url(), headers=headers, data=json.dumps(body).encode())
        if self._credentials is not None:
            SigV4Auth(self._credentials(), self._service, self._region).add_auth(request)
        response = self._send(request.prepare())
        return _read(response.status_code, response.content)


def _read(status: int, content: bytes) -> Answer:
    try:
        parsed: object = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        parsed = None
    body = cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else None
    if status == HTTPStatus.OK:
        return Answer(status, None, body, is_empty=not content)
    code = str((body or {}).get("__type") or "").rpartition("#")[2]
    if not code:
        code = "AccessDeniedException" if status == HTTPStatus.FORBIDDEN else str(status)
    return Answer(status, code, body, is_empty=not content)


def credentials_from_environment() -> Any:
    """The credentials in the environment, as Lambda provides them. Raises `NoCredentialsError`."""
    from botocore.credentials import Credentials  # noqa: PLC0415 - the SDK loads when it is needed

    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise NoCredentialsError("no AWS credentials in the environment", operation="sign")
    return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN") or None)
