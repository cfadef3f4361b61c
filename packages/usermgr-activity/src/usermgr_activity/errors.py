"""What DynamoDB and the SDK may answer, as errors of usermgr: one table, most specific first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from usermgr.errors import (
    AccessDeniedError,
    ConfigurationError,
    NoCredentialsError,
    ServiceError,
    ServiceTimeoutError,
    ServiceUnavailableError,
    StoreNotFoundError,
    ThrottledError,
    UsermgrError,
)

if TYPE_CHECKING:
    from botocore.exceptions import BotoCoreError

_BY_CODE: dict[str, tuple[type[UsermgrError], str]] = {
    "ResourceNotFoundException": (StoreNotFoundError, "the activity table or its index does not exist"),
    "AccessDeniedException": (AccessDeniedError, "the role may not do this on the activity table"),
    "UnrecognizedClientException": (NoCredentialsError, "the credentials are not valid"),
    "ExpiredTokenException": (NoCredentialsError, "the credentials have expired"),
    "InvalidSignatureException": (NoCredentialsError, "the credentials do not fit the signature"),
    "ProvisionedThroughputExceededException": (ThrottledError, "DynamoDB throttles the table or its index"),
    "ThrottlingException": (ThrottledError, "DynamoDB throttles the request"),
    "RequestLimitExceeded": (ThrottledError, "the account's DynamoDB quota is used up"),
    "ThrottlingError": (ThrottledError, "DynamoDB throttles the transaction"),
    "ProvisionedThroughputExceeded": (ThrottledError, "DynamoDB throttles the transaction"),
}


class Refused(Exception):  # noqa: N818 - an answer; whoever asked knows whether it is an error
    """DynamoDB's answer is an error: its `code`, and the whole `answer`."""

    def __init__(self, code: str, answer: dict[str, Any]) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer


def refused(code: str, operation: str, *, status: int | None = None) -> UsermgrError:
    """The error for a code of DynamoDB; the HTTP status is the code of an answer that names none."""
    broken = code.startswith("5") or (status or 0) >= 500
    unknown = ServiceUnavailableError if broken else ServiceError
    cls, message = _BY_CODE.get(code, (unknown, "DynamoDB failed" if broken else "DynamoDB refused the request"))
    return cls(f"{operation}: {message} ({code})", operation=operation, service_code=code)


def from_sdk(error: BotoCoreError, operation: str) -> UsermgrError:
    """The error for a request that got no answer."""
    from botocore import exceptions as sdk  # noqa: PLC0415 - the SDK loads on use

    name = type(error).__name__
    for kinds, cls, message in (
        ((sdk.NoCredentialsError, sdk.PartialCredentialsError), NoCredentialsError, "no AWS credentials"),
        ((sdk.NoRegionError,), ConfigurationError, "no AWS region: set AWS_REGION"),
        ((sdk.ConnectTimeoutError, sdk.ReadTimeoutError), ServiceTimeoutError, "DynamoDB did not answer in time"),
        ((sdk.HTTPClientError, sdk.ConnectionError), ServiceUnavailableError, "DynamoDB cannot be reached"),
    ):
        if isinstance(error, kinds):
            return cls(f"{operation}: {message} ({name})", operation=operation, service_code=name)
    return ServiceError(f"{operation}: the AWS SDK failed ({name})", operation=operation, service_code=name)
