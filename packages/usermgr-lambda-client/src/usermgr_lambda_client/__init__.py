"""usermgr through the user management Lambda function: the same API, for callers that cannot reach Cognito.

>>> from usermgr import Factory
>>> users = Factory.create(Factory.AWS_LAMBDA)  # doctest: +SKIP
"""

from __future__ import annotations

from usermgr.settings import SettingsReader
from usermgr_aws import FUNCTION_NAME, REGION, aws_sources, redact_sdk_logs
from usermgr_lambda_client._manager import LambdaUserManager
from usermgr_lambda_client._transport import READ_TIMEOUT, LambdaTransport, Transport

__all__ = ["LambdaTransport", "LambdaUserManager", "Transport", "create", "redact_sdk_logs"]

DEFAULT_FUNCTION = "usermgr"


def create(
    *,
    region: str | None = None,
    function_name: str | None = None,
    read_timeout: float = READ_TIMEOUT,
    transport: Transport | None = None,
) -> LambdaUserManager:
    """The manager behind one function; what is not given comes from `AWS_REGION` and `LAMBDA_NAME_USERMGR`.

    The name defaults to `usermgr`. `read_timeout` is in seconds and must be more than the function's own.
    Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed.
    """
    if transport is not None:
        return LambdaUserManager(transport)
    given = {"region": region, "function_name": function_name}
    reader = SettingsReader("usermgr's Lambda backend", aws_sources(given))
    found_region = reader.text("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
    name = reader.optional("function_name", "LAMBDA_NAME_USERMGR", pattern=FUNCTION_NAME, example=DEFAULT_FUNCTION)
    reader.finish()
    return LambdaUserManager(LambdaTransport(name or DEFAULT_FUNCTION, found_region, read_timeout=read_timeout))
