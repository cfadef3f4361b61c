"""What DynamoDB and the SDK may answer, as errors of usermgr: one table, most specific first."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

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
    from botocore.exceptions import BotoCoreError, ClientError

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
    "InternalServerError": (ServiceUnavailableError, "DynamoDB failed"),
    "ServiceUnavailable": (ServiceUnavailableError, "DynamoDB failed"),
}


@contextmanager
def translated(operation: str) -> Generator[None]:
    """Turns whatever the SDK raises inside into an error of usermgr that names the operation."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the SDK loads on use

    try:
        yield
    except ClientError as error:
        raise refused(code_of(error), operation) from error
    except BotoCoreError as error:
        raise _from_sdk(error, operation) from error


def code_of(error: ClientError) -> str:
    """The code of a refusal; the HTTP status where a broken answer has no code."""
    return error.response.get("Error", {}).get("Code") or "unknown"


def refused(code: str, operation: str) -> UsermgrError:
    """A refusal of DynamoDB by its code. The SDK gives the HTTP status for the code of a broken answer."""
    unknown = ServiceUnavailableError if code.startswith("5") else ServiceError
    cls, message = _BY_CODE.get(code, (unknown, "DynamoDB refused the request"))
    return cls(f"{operation}: {message} ({code})", operation=operation, service_code=code)


def _from_sdk(error: BotoCoreError, operation: str) -> UsermgrError:
    from botocore import exceptions as sdk  # noqa: PLC0415 - the SDK loads on use

    name = type(error).__name__
    for kinds, cls, message in (
        ((sdk.NoCredentialsError, sdk.PartialCredentialsError), NoCredentialsError, "no AWS credentials"),
        ((sdk.NoRegionError,), ConfigurationError, "no AWS region: set AWS_REGION"),
        ((sdk.ConnectTimeoutError, sdk.ReadTimeoutError), ServiceTimeoutError, "DynamoDB did not answer in time"),
        ((sdk.HTTPClientError,), ServiceUnavailableError, "DynamoDB cannot be reached"),
    ):
        if isinstance(error, kinds):
            return cls(f"{operation}: {message} ({name})", operation=operation, service_code=name)
    return ServiceError(f"{operation}: the AWS SDK failed ({name})", operation=operation, service_code=name)
