"""How requests reach DynamoDB: `call(operation, body)` with the bodies of its JSON API, in two ways.

`DirectTransport` is for the recorder: it signs and sends with the lower half of botocore, without its service
model, because a client costs a cold start a third of a second and somebody is waiting to sign in.
`SdkTransport` is a usual client, with every way that the SDK has to find credentials.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, Self, cast

from usermgr.errors import ServiceTimeoutError, UsermgrError
from usermgr_activity._errors import ErrorAnswer, to_error
from usermgr_aws import (
    UNREADABLE_ANSWER,
    JsonApi,
    credentials_from_environment,
    error_from_sdk,
    service_url,
)

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from usermgr_aws import CallLimits, Connection, SdkClient

__all__ = ["DirectTransport", "SdkTransport", "Transport", "endpoint"]

Body = dict[str, Any]

CONNECT_TIMEOUT, READ_TIMEOUT, ATTEMPTS, PAUSE = 0.5, 0.8, 2, 0.05
"""Seconds, times and seconds: what a sign-in may wait for one request. Cognito gives a trigger five seconds:
https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
"""


class Transport(Protocol):
    """The seam to DynamoDB."""

    def call(self, operation: str, body: Body) -> Body:
        """The answer to, say, `UpdateItem`.

        Raises:
            ErrorAnswer: DynamoDB answered with an error that another attempt does not help.
            UsermgrError: it did not answer, or not in time.
        """
        ...


class SdkTransport:
    """Over a DynamoDB client of boto3 or botocore."""

    def __init__(self, client: SdkClient, connection: Connection | None = None) -> None:
        """`connection` is what the client was made with; leave it out for a client of another origin."""
        from usermgr_aws import AwsAccess  # noqa: PLC0415 - the recorder has no need of it

        dynamodb = cast("DynamoDBClient", client)
        self.aws = AwsAccess(client, connection)
        """How it reaches AWS, for checks."""
        self._close = dynamodb.close
        self._methods: dict[str, Callable[..., Any]] = {
            "BatchGetItem": dynamodb.batch_get_item,
            "DeleteItem": dynamodb.delete_item,
            "GetItem": dynamodb.get_item,
            "Query": dynamodb.query,
            "TransactWriteItems": dynamodb.transact_write_items,
            "UpdateItem": dynamodb.update_item,
        }

    @classmethod
    def connect(cls, connection: Connection, limits: CallLimits) -> Self:
        """Over a new client. Raises an error of `usermgr.errors` where the SDK's configuration does not allow it."""
        return cls(connection.client("dynamodb", limits), connection)

    def close(self) -> None:
        """Ends the client's idle connections; the next call opens one again."""
        self._close()

    def call(self, operation: str, body: Body) -> Body:
        """See `Transport`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the SDK loads when it is needed

        try:
            return self._methods[operation](**body)
        except ClientError as error:
            answer = cast("Body", error.response)
            code = answer.get("Error", {}).get("Code") or "unknown"
            status = answer.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            raise ErrorAnswer(code, answer, status) from error
        except BotoCoreError as error:
            raise error_from_sdk(error, operation) from error
        except UNREADABLE_ANSWER:
            raise ServiceTimeoutError(f"{operation}: the answer cannot be read", operation=operation) from None


class DirectTransport:
    """Signed requests over one kept connection, with credentials from the environment, where Lambda puts them.

    An attempt that finds DynamoDB hanging ends after 0.5 s without a connection or 0.8 s without an answer;
    there are two attempts.
    """

    def __init__(self, region: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - the SDK loads when it is needed

        self._sleep = sleep
        timeouts = (CONNECT_TIMEOUT, READ_TIMEOUT)
        http = URLLib3Session(timeout=timeouts)  # pyright: ignore[reportArgumentType] - the stubs lack pairs
        self._api = JsonApi(
            "dynamodb",
            region,
            target="DynamoDB_20120810",
            version="1.0",
            url=lambda: endpoint(region),
            credentials=credentials_from_environment,
            send=http.send,
        )

    def call(self, operation: str, body: Body) -> Body:
        """See `Transport`. What may pass (a time-out, a 5xx, throttling) is tried once more."""
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._attempt(operation, body)
            except UsermgrError as error:
                if attempt == ATTEMPTS or not error.retryable:
                    raise
                self._sleep(PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _attempt(self, operation: str, body: Body) -> Body:
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the SDK loads when it is needed

        try:
            answer = self._api.call(operation, body)
        except BotoCoreError as error:
            raise error_from_sdk(error, operation) from error
        if answer.code is not None:
            error = to_error(answer.code, operation, status=answer.status)
            if error.retryable or answer.body is None:
                raise error
            raise ErrorAnswer(answer.code, answer.body, answer.status)
        if answer.body is None or answer.is_empty:  # not from DynamoDB, or broken off
            raise to_error("500", operation, status=500)
        return answer.body


def endpoint(region: str) -> str:
    """DynamoDB's address, with a slash at its end, unless the SDK's endpoint variables name another.

    https://docs.aws.amazon.com/general/latest/gr/ddb.html
    """
    return service_url("dynamodb", region, variable="DYNAMODB") + "/"
