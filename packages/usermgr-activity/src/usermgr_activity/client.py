"""DynamoDB clients with their time-outs. The SDK is imported here, when it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from usermgr_activity.errors import translated

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient


def recording_client(region: str) -> DynamoDBClient:
    """A client for the recorder, behind which a person waits.

    A DynamoDB that hangs costs at most two attempts of 0.5 s to connect and 0.8 s to answer, and up to a
    second between them. Cognito gives a trigger five seconds:
    https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-identity-pools-working-with-aws-lambda-triggers.html
    """
    return _client(region, connect=0.5, read=0.8, attempts=2)


def reading_client(region: str | None = None) -> DynamoDBClient:
    """A client for reports, which rather waits than fails. Without a region, the SDK's own settings say it."""
    return _client(region, connect=2, read=10, attempts=6)


def _client(region: str | None, *, connect: float, read: float, attempts: int) -> DynamoDBClient:
    # boto3 would add its session and resource layers to a cold start; botocore is what it stands on.
    import botocore.session  # noqa: PLC0415 - only when a client is made
    from botocore.config import Config  # noqa: PLC0415 - the same

    config = Config(
        connect_timeout=connect,
        read_timeout=read,
        retries={"mode": "standard", "total_max_attempts": attempts},
    )
    with translated("connect"):
        client = botocore.session.get_session().create_client("dynamodb", region, config=config)
    return cast("DynamoDBClient", client)
