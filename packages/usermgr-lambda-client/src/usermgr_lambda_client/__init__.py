"""usermgr through the user management Lambda function: the same API, for callers that cannot reach Cognito.

>>> from usermgr import Factory
>>> users = Factory.create(Factory.AWS_LAMBDA)  # doctest: +SKIP
"""

from __future__ import annotations

import os

from usermgr.logs import redact_loggers
from usermgr.settings import SettingsReader
from usermgr_lambda_client.manager import LambdaUserManager
from usermgr_lambda_client.transport import READ_TIMEOUT, LambdaTransport, Transport

__all__ = ["LambdaTransport", "LambdaUserManager", "Transport", "create", "redact_sdk_logs"]

FUNCTION_NAME = r"(arn:[\w-]+:lambda:[\w-]+:\d{12}:function:)?[\w-]{1,64}(:[\w$-]+)?"


def create(
    *,
    region: str | None = None,
    function_name: str | None = None,
    read_timeout: float = READ_TIMEOUT,
    transport: Transport | None = None,
) -> LambdaUserManager:
    """The manager behind one function; what is not given comes from `AWS_REGION` and `LAMBDA_NAME_USERMGR`.

    The name defaults to `usermgr`. `read_timeout` is in seconds and must be above the function's own.
    Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed.
    """
    if transport is not None:
        return LambdaUserManager(transport)
    environ = {"LAMBDA_NAME_USERMGR": "usermgr", **{name: value for name, value in os.environ.items() if value}}
    reader = SettingsReader("usermgr's Lambda backend", {"region": region, "function_name": function_name}, environ)
    where = reader.text("region", "AWS_REGION", pattern=r"[a-z]{2}(-[a-z]+)+-\d", example="ap-northeast-1")
    name = reader.text("function_name", "LAMBDA_NAME_USERMGR", pattern=FUNCTION_NAME, example="usermgr")
    reader.finish()
    return LambdaUserManager(LambdaTransport(name, where, read_timeout=read_timeout))


def redact_sdk_logs() -> None:
    """Keeps passwords and tokens out of the SDK's debugging log, which holds whole requests and replies.

    Opt-in, because it changes logging for the whole process: see `usermgr.logs.redact_loggers`.
    """
    redact_loggers("botocore", "boto3", "urllib3")
