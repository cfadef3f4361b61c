"""How requests reach DynamoDB: `call(operation, body)` with the bodies of its JSON API, in two ways.

`DirectTransport` is for the recorder: it signs and sends with the lower half of botocore, without its service
model, because a client costs a cold start a third of a second and somebody is waiting to sign in.
`SdkTransport` is a usual client, with every way that the SDK has to find credentials.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from usermgr.errors import NoCredentialsError, UsermgrError
from usermgr_activity.errors import Refused, from_sdk, refused

if TYPE_CHECKING:
    from botocore.awsrequest import AWSPreparedRequest, AWSResponse
    from botocore.credentials import Credentials
    from mypy_boto3_dynamodb import DynamoDBClient

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
            Refused: DynamoDB answered with an error that trying again does not help.
            UsermgrError: it did not answer, or not in time.
        """
        ...


class SdkTransport:
    """Over a DynamoDB client of boto3 or botocore."""

    def __init__(self, client: DynamoDBClient) -> None:
        self._methods: dict[str, Callable[..., Any]] = {
            "BatchGetItem": client.batch_get_item,
            "GetItem": client.get_item,
            "Query": client.query,
            "TransactWriteItems": client.transact_write_items,
            "UpdateItem": client.update_item,
        }

    def call(self, operation: str, body: Body) -> Body:
        """See `Transport`."""
        from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the SDK loads on use

        try:
            return self._methods[operation](**body)
        except ClientError as error:
            answer = cast("Body", error.response)
            raise Refused(answer.get("Error", {}).get("Code") or "unknown", answer) from error
        except BotoCoreError as error:
            raise from_sdk(error, operation) from error


def sdk_transport(region: str | None = None) -> SdkTransport:
    """A client for reports, which rather waits than fails. Without a region, the SDK's own settings say it."""
    import botocore.session  # noqa: PLC0415 - the SDK loads on use
    from botocore.config import Config  # noqa: PLC0415 - the same
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the same

    config = Config(connect_timeout=2, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 6})
    try:
        client = botocore.session.get_session().create_client("dynamodb", region, config=config)
    except BotoCoreError as error:
        raise from_sdk(error, "connect") from error
    return SdkTransport(cast("DynamoDBClient", client))


class DirectTransport:
    """Signed requests over one kept connection, with credentials from the environment, as Lambda gives them.

    An attempt that finds DynamoDB hanging ends after 0.5 s without a connection or 0.8 s without an answer;
    there are two. `AWS_ENDPOINT_URL_DYNAMODB`, then `AWS_ENDPOINT_URL`, stand in for AWS's own address.
    """

    def __init__(self, region: str, *, sleep: Callable[[float], None] = time.sleep) -> None:
        from botocore.httpsession import URLLib3Session  # noqa: PLC0415 - the SDK loads on use

        self._region = region
        self._sleep = sleep
        timeouts = (CONNECT_TIMEOUT, READ_TIMEOUT)
        self._http = URLLib3Session(timeout=timeouts)  # pyright: ignore[reportArgumentType] - the stubs know no pair

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
        from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - the SDK loads on use

        request = self._signed(operation, body)
        try:
            response = self._http.send(request)
            return _answer(response, operation)
        except BotoCoreError as error:
            raise from_sdk(error, operation) from error

    def _signed(self, operation: str, body: Body) -> AWSPreparedRequest:
        from botocore.auth import SigV4Auth  # noqa: PLC0415 - the SDK loads on use
        from botocore.awsrequest import AWSRequest  # noqa: PLC0415 - the same

        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
        }
        url = endpoint(self._region)
        request = AWSRequest("POST", url, headers=headers, data=json.dumps(body).encode())
        SigV4Auth(_credentials(), "dynamodb", self._region).add_auth(request)
        return request.prepare()


def endpoint(region: str) -> str:
    """DynamoDB's address. https://docs.aws.amazon.com/general/latest/gr/ddb.html"""
    given = os.environ.get("AWS_ENDPOINT_URL_DYNAMODB") or os.environ.get("AWS_ENDPOINT_URL")
    if given:
        return given.rstrip("/") + "/"
    return f"https://dynamodb.{region}.amazonaws.com{'.cn' if region.startswith('cn-') else ''}/"


def _credentials() -> Credentials:
    from botocore.credentials import Credentials  # noqa: PLC0415 - the SDK loads on use

    key, secret = os.environ.get("AWS_ACCESS_KEY_ID"), os.environ.get("AWS_SECRET_ACCESS_KEY")
    if not key or not secret:
        raise NoCredentialsError("no AWS credentials in the environment", operation="sign")
    return Credentials(key, secret, os.environ.get("AWS_SESSION_TOKEN") or None)


def _answer(response: AWSResponse, operation: str) -> Body:
    """https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html"""
    try:
        answer = json.loads(response.content)
    except ValueError:
        answer = None
    if not isinstance(answer, dict):
        raise refused("500" if response.status_code == 200 else str(response.status_code), operation)
    if response.status_code == 200:
        return cast("Body", answer)
    named = str(cast("Body", answer).get("__type") or response.status_code).rpartition("#")[2]
    error = refused(named, operation, status=response.status_code)
    if error.retryable:
        raise error
    raise Refused(named, cast("Body", answer))
