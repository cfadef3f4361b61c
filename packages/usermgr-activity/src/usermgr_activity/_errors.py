"""What DynamoDB may answer, as errors of usermgr. What the SDK itself raises is in `usermgr_aws`."""

from __future__ import annotations

from typing import Any

from usermgr import errors
from usermgr_aws import error_from_code

__all__ = ["ErrorAnswer", "to_error"]

_CODES: dict[str, type[errors.UsermgrError]] = {
    "ResourceNotFoundException": errors.StoreNotFoundError,
    "ProvisionedThroughputExceededException": errors.ThrottledError,
    # Among the reasons of a cancelled transaction:
    "ProvisionedThroughputExceeded": errors.ThrottledError,
    "ThrottlingError": errors.ThrottledError,
}
"""https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html, and for the reasons
https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
"""

_SENTENCES: dict[type[errors.UsermgrError] | str, str] = {
    errors.StoreNotFoundError: "the activity table or its index does not exist: check DYNAMODB_NAME and AWS_REGION",
    errors.AccessDeniedError: "the caller's AWS identity lacks a permission on the activity table",
    errors.ThrottledError: "DynamoDB throttles the activity table or its index: try again later",
    errors.ServiceUnavailableError: "DynamoDB failed inside: try again later",
    errors.ServiceError: "DynamoDB did not accept the request",
    "RequestLimitExceeded": "the account's DynamoDB quota is used up for the moment: try again later",
}


class ErrorAnswer(Exception):  # noqa: N818 - an answer; whoever sent the request knows whether it is an error
    """DynamoDB answered with an error: its `code`, the whole `answer` and the HTTP `status`, 0 if that is not known."""

    def __init__(self, code: str, answer: dict[str, Any], status: int = 0) -> None:
        super().__init__(code)
        self.code = code
        self.answer = answer
        self.status = status


def to_error(code: str, operation: str, *, status: int = 0) -> errors.UsermgrError:
    """The error for a code of DynamoDB, or for an unknown code by its HTTP status."""
    return error_from_code(_CODES, _SENTENCES, code, status=status, operation=operation)
