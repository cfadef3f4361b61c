"""The seam to Lambda: bytes in, bytes out. A fake of these few lines replaces the network in tests."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol, cast

import boto3
from botocore import exceptions as sdk
from botocore.config import Config

from usermgr import errors

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

__all__ = ["LambdaTransport", "Transport"]

READ_TIMEOUT = 65
"""Seconds; above the function's own time-out, or a call that still works would be taken for lost."""

_CODES: dict[str, type[errors.UsermgrError]] = {
    "ResourceNotFoundException": errors.RemoteNotFoundError,
    "AccessDeniedException": errors.AccessDeniedError,
    "KMSAccessDeniedException": errors.AccessDeniedError,
    "UnrecognizedClientException": errors.NoCredentialsError,
    "InvalidSignatureException": errors.NoCredentialsError,
    "ExpiredTokenException": errors.NoCredentialsError,
    "IncompleteSignatureException": errors.NoCredentialsError,
    "MissingAuthenticationTokenException": errors.NoCredentialsError,
    "TooManyRequestsException": errors.ThrottledError,
    "ThrottlingException": errors.ThrottledError,
    "EC2ThrottledException": errors.ThrottledError,
    "ServiceException": errors.ServiceUnavailableError,
    "ResourceNotReadyException": errors.ServiceUnavailableError,
    "ResourceConflictException": errors.ServiceUnavailableError,
    "SnapStartNotReadyException": errors.ServiceUnavailableError,
    "RequestTooLargeException": errors.InvalidInputError,
    "RequestEntityTooLargeException": errors.InvalidInputError,
}
"""https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors"""

_MESSAGES: dict[type[errors.UsermgrError], str] = {
    errors.RemoteNotFoundError: "no Lambda function is named {function}: check LAMBDA_NAME_USERMGR and AWS_REGION",
    errors.AccessDeniedError: "the caller's AWS identity may not invoke {function}: grant lambda:InvokeFunction on it",
    errors.NoCredentialsError: "AWS does not accept the credentials: they are unknown, expired or of another Region",
    errors.ThrottledError: "Lambda throttled the call of {function}; nothing was done",
    errors.ServiceUnavailableError: "Lambda could not run {function}: try again later",
    errors.InvalidInputError: "the call is larger than the 6 MB that {function} can be sent",
}

_SDK: tuple[tuple[type[Exception], type[errors.UsermgrError], str], ...] = (
    (sdk.NoCredentialsError, errors.NoCredentialsError, "no AWS credentials were found"),
    (sdk.PartialCredentialsError, errors.NoCredentialsError, "the AWS credentials are incomplete"),
    (sdk.CredentialRetrievalError, errors.NoCredentialsError, "the AWS credentials could not be retrieved"),
    (sdk.ProfileNotFound, errors.NoCredentialsError, "the AWS profile does not exist"),
    (sdk.SSOError, errors.NoCredentialsError, "the AWS sign-on session is missing or expired"),
    (sdk.ConnectTimeoutError, errors.ServiceUnavailableError, "Lambda could not be reached in time"),
    (sdk.ReadTimeoutError, errors.RemoteTimeoutError, "no answer came in time"),
    (sdk.ConnectionClosedError, errors.RemoteTimeoutError, "the connection was closed before the answer came"),
    (sdk.ResponseStreamingError, errors.RemoteTimeoutError, "the answer broke off"),
    (sdk.IncompleteReadError, errors.RemoteTimeoutError, "the answer broke off"),
    (sdk.ConnectionError, errors.ServiceUnavailableError, "Lambda could not be reached"),
    (sdk.HTTPClientError, errors.ServiceUnavailableError, "Lambda could not be reached"),
)


class Transport(Protocol):
    """Carries one request to the function and its reply back."""

    def invoke(self, payload: bytes) -> bytes:
        """The reply. Raises a `UsermgrError` for everything that is no reply."""
        ...


class LambdaTransport:
    """Invokes one Lambda function, synchronously, and at most once a call.

    Its `invoke` also serves other packages that take a callable `invoke(bytes) -> bytes`, such as the
    source of keys in usermgr-jwt.
    """

    def __init__(
        self, function_name: str, region: str, *, client: LambdaClient | None = None, read_timeout: float = READ_TIMEOUT
    ) -> None:
        self._function = function_name
        self._client = client if client is not None else _make_client(region, read_timeout)

    def __repr__(self) -> str:
        return f"LambdaTransport({self._function!r})"

    def invoke(self, payload: bytes) -> bytes:
        """Sends `payload` once; see `Transport.invoke`."""
        try:
            response = self._client.invoke(FunctionName=self._function, Payload=payload)
            reply = response["Payload"].read()
        except sdk.ClientError as error:
            raise self._from_client_error(error) from None  # its text may quote the request, a password included
        except sdk.BotoCoreError as error:
            raise _from_sdk_error(error, self._function) from error
        # The HTTP status is 200 for a function that failed; only this member tells.
        if "FunctionError" in response:
            raise self._from_function_error(reply)
        return reply

    def _from_client_error(self, error: sdk.ClientError) -> errors.UsermgrError:
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        cls = _CODES.get(code, errors.ServiceUnavailableError if status >= 500 else errors.RemoteError)
        message = _MESSAGES.get(cls, "Lambda refused to call {function}")
        return cls(message.format(function=self._function), function=self._function, service_code=code)

    def _from_function_error(self, reply: bytes) -> errors.UsermgrError:
        """A function that crashed or ran out of time. Its own text may quote input, so none of it is kept."""
        kind = _error_type(reply)
        # https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html: a time-out is the platform's own
        # report, Sandbox.Timedout or (older runtimes) one without a type; an exception always has its class's name.
        if kind in (None, "Sandbox.Timedout"):
            return errors.RemoteTimeoutError(
                f"the function {self._function} ran out of time: look for the request in its log",
                function=self._function,
            )
        return errors.RemoteCrashedError(
            f"the function {self._function} failed with {kind}: look for the request in its log",
            function=self._function,
            error_type=kind,
        )


def _error_type(reply: bytes) -> str | None:
    try:
        body = json.loads(reply)
    except ValueError:
        return "an unreadable report"
    kind = cast("dict[str, Any]", body).get("errorType") if isinstance(body, dict) else None
    return kind if isinstance(kind, str) and kind else None


def _from_sdk_error(error: sdk.BotoCoreError, function: str) -> errors.UsermgrError:
    for kind, cls, message in _SDK:
        if isinstance(error, kind):
            return cls(f"{function}: {message}", function=function)
    return errors.RemoteError(f"{function}: the SDK failed with {type(error).__name__}", function=function)


def _make_client(region: str, read_timeout: float) -> LambdaClient:
    # One attempt: the SDK would send a call that timed out again, and a creation would happen twice.
    config = Config(retries={"mode": "standard", "total_max_attempts": 1}, connect_timeout=5, read_timeout=read_timeout)
    try:
        return boto3.session.Session().client("lambda", region_name=region, config=config)
    except sdk.BotoCoreError as error:
        raise _from_sdk_error(error, "Lambda") from error
