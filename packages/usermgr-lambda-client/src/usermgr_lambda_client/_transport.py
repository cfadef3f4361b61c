"""The seam to Lambda: bytes in, bytes out. In tests, a fake of these few lines replaces the network."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol, cast

from botocore.exceptions import BotoCoreError, ClientError

from usermgr import errors
from usermgr_aws import (
    COMMON_CODES,
    UNREADABLE_ANSWER,
    AwsAccess,
    CallLimits,
    Connection,
    SdkClient,
    error_from_code,
    error_from_sdk,
    note_request,
)
from usermgr_lambda_client._settings import LambdaSettings

if TYPE_CHECKING:
    from mypy_boto3_lambda.client import LambdaClient

__all__ = ["LIMITS", "LambdaTransport", "Transport"]

LIMITS = CallLimits(attempts=1, connect=5, read=65)
"""One attempt, because the SDK would send a call that timed out again, and a creation would happen twice; and more time
to read than the function itself has, or a call that is still running would count as lost.
"""

_CODES: dict[str, type[errors.UsermgrError]] = {
    **COMMON_CODES,
    "ResourceNotFoundException": errors.RemoteNotFoundError,
    "KMSAccessDeniedException": errors.AccessDeniedError,
    "EC2ThrottledException": errors.ThrottledError,
    "ServiceException": errors.ServiceUnavailableError,
    "ResourceNotReadyException": errors.ServiceUnavailableError,
    "ResourceConflictException": errors.ServiceUnavailableError,
    "SnapStartNotReadyException": errors.ServiceUnavailableError,
    "RequestTooLargeException": errors.InvalidInputError,
    "RequestEntityTooLargeException": errors.InvalidInputError,
}
"""https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors"""

_SENTENCES: dict[type[errors.UsermgrError] | str, str] = {
    errors.RemoteNotFoundError: "there is no function named {function}: check LAMBDA_NAME_USERMGR and AWS_REGION",
    errors.AccessDeniedError: "the caller's AWS identity may not invoke {function}: allow lambda:InvokeFunction on it",
    errors.ThrottledError: "Lambda throttled the call of {function}, and nothing was done: try again later",
    errors.ServiceUnavailableError: "Lambda could not run {function}: try again later",
    errors.InvalidInputError: "the call is larger than the 6 MB that Lambda accepts for {function}",
    errors.RemoteError: "Lambda refused to call {function}",
}


class Transport(Protocol):
    """Carries one request to the function and its reply back."""

    def invoke(self, payload: bytes) -> bytes:
        """The reply. Raises a `UsermgrError` for everything that is not a reply."""
        ...


class LambdaTransport:
    """Invokes one Lambda function, synchronously, and at most once per call.

    Its `invoke` also serves other packages that take a callable `invoke(bytes) -> bytes`, such as the
    source of keys in usermgr-jwt.
    """

    def __init__(
        self,
        function_name: str,
        region: str,
        *,
        client: SdkClient | None = None,
        connection: Connection | None = None,
        limits: CallLimits = LIMITS,
        origins: Mapping[str, str] | None = None,
    ) -> None:
        self._function = function_name
        self.settings = LambdaSettings(region, function_name, origins or {})
        reach = connection or Connection(region)
        self._is_client_ours = client is None
        self._client = cast("LambdaClient", client or reach.client("lambda", limits))
        self.aws = AwsAccess(self._client, None if client else reach)
        """How it reaches AWS, for checks."""

    def __repr__(self) -> str:
        return f"LambdaTransport({self._function!r})"

    def close(self) -> None:
        """Ends idle connections of its own SDK client, not of one that was given; the next call opens one again."""
        if self._is_client_ours:
            self._client.close()

    def invoke(self, payload: bytes) -> bytes:
        """Sends `payload` once; see `Transport.invoke`."""
        try:
            response = self._client.invoke(FunctionName=self._function, Payload=payload)
            note_request(response)
            reply = response["Payload"].read()
        except ClientError as error:
            note_request(error.response)
            raise self._from_client_error(error) from None  # its text may quote the request, a password included
        except BotoCoreError as error:
            raise error_from_sdk(
                error,
                self._function,
                no_answer=errors.RemoteTimeoutError,
                otherwise=errors.RemoteError,
                function=self._function,
            ) from error
        except UNREADABLE_ANSWER:
            raise errors.RemoteTimeoutError(
                f"the answer of Lambda for {self._function} cannot be read: find the request in the function's log",
                function=self._function,
            ) from None
        # The HTTP status is 200 for a function that failed; only this member shows it.
        if "FunctionError" in response:
            raise self._from_function_error(reply)
        return reply

    def _from_client_error(self, error: ClientError) -> errors.UsermgrError:
        return error_from_code(
            _CODES,
            _SENTENCES,
            str(error.response.get("Error", {}).get("Code", "")),
            status=error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0),
            otherwise=errors.RemoteError,
            function=self._function,
        )

    def _from_function_error(self, reply: bytes) -> errors.UsermgrError:
        """A function that crashed or ran out of time. Its own text may quote input, so none of it is kept."""
        kind = _error_type(reply)
        # https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html: a time-out is the platform's own
        # report, Sandbox.Timedout or (older runtimes) one without a type; an exception always has its class's name.
        if kind in (None, "Sandbox.Timedout"):
            return errors.RemoteTimeoutError(
                f"the function {self._function} ran out of time: find the request in its log",
                function=self._function,
            )
        return errors.RemoteCrashedError(
            f"the function {self._function} failed with {kind}: find the request in its log",
            function=self._function,
            error_type=kind,
        )


def _error_type(reply: bytes) -> str | None:
    try:
        body = json.loads(reply)
    except (ValueError, RecursionError):
        return "an unreadable report"
    kind = cast("dict[str, Any]", body).get("errorType") if isinstance(body, dict) else None
    if kind is None or kind == "":
        return None
    # The name of a class and nothing else: whatever the far side reports may end in a log.
    is_name = isinstance(kind, str) and re.fullmatch(r"[\w.]{1,100}", kind) is not None
    return kind if is_name else "an unreadable report"
