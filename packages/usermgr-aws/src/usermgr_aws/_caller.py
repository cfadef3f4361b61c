"""Who makes the requests: GetCallerIdentity, which needs no permission.

https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from usermgr_aws._access import AwsAccess
from usermgr_aws._client import CallLimits, Connection
from usermgr_aws._failures import error_from_code, error_from_sdk

__all__ = ["CALLER_LIMITS", "caller_identity", "caller_of"]

CALLER_LIMITS = CallLimits(attempts=2, connect=3, read=5)
"""Somebody waits for the answer, and can do without it."""


def caller_of(access: AwsAccess | None) -> str | None:
    """The ARN of whoever makes the requests; `None` where a client was passed in, whose credentials nobody can tell.

    Raises an error of `usermgr.errors` where STS cannot be asked.
    """
    if access is None or access.connection is None:
        return None
    return str(caller_identity(access.connection).get("Arn") or "") or None


def caller_identity(connection: Connection) -> Mapping[str, Any]:
    """What GetCallerIdentity answers. Raises as `caller_of`."""
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415 - the SDK loads when it is needed

    # The endpoint that was given is of another service.
    sts = replace(connection, endpoint_url=None).client("sts", CALLER_LIMITS)
    try:
        return cast("Mapping[str, Any]", sts.get_caller_identity())
    except ClientError as error:
        answer = cast("Mapping[str, Any]", error.response)
        code, status = str(answer.get("Error", {}).get("Code", "")), answer["ResponseMetadata"]["HTTPStatusCode"]
        raise error_from_code({}, {}, code, status=status, operation="GetCallerIdentity") from error
    except BotoCoreError as error:
        raise error_from_sdk(error, "GetCallerIdentity") from error
    finally:
        sts.close()
