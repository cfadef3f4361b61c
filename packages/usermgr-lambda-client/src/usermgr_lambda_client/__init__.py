"""usermgr through the user management Lambda function: the same API, for callers that cannot reach Cognito.

>>> import usermgr_lambda_client
>>> users = usermgr_lambda_client.connect(function_name="usermgr")  # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from usermgr_aws import MAX_CONNECTIONS, Connection, SdkSession, redact_sdk_logs
from usermgr_lambda_client._manager import LambdaUserManager
from usermgr_lambda_client._settings import LambdaSettings
from usermgr_lambda_client._transport import LIMITS, LambdaTransport, Transport

__all__ = ["LambdaTransport", "LambdaUserManager", "Transport", "connect", "create", "invoker", "redact_sdk_logs"]


def connect(
    *,
    region: str | None = None,
    function_name: str | None = None,
    session: SdkSession | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    connect_timeout: float = LIMITS.connect,
    read_timeout: float = LIMITS.read,
    max_connections: int = MAX_CONNECTIONS,
    transport: Transport | None = None,
    claimed_actor: str | Callable[[], str | None] | None = None,
) -> LambdaUserManager:
    """The manager behind one function; what is not given comes from `AWS_REGION` and `LAMBDA_NAME_USERMGR`.

    The name defaults to `usermgr`. Without a Region, that of the session, of `AWS_DEFAULT_REGION` or of the profile is
    used.

    Args:
        session: A boto3 session to take credentials and configuration from, such as one of an assumed role.
        profile: The name of a profile in the SDK's configuration; without it, `AWS_PROFILE` counts.
        endpoint_url: Where to reach Lambda instead of AWS's own address, such as an endpoint of a VPC.
        connect_timeout: Seconds to wait for a connection.
        read_timeout: Seconds to wait for the answer; must be more than the function's own time-out.
        max_connections: How many connections are kept open: as many as threads call at the same time.
        transport: What carries requests to the function, instead of Lambda; the arguments above are then not used.
        claimed_actor: On whose behalf calls are made, for the function's log: a name, or a callable that is asked at
            each call. At most 256 characters of it are kept, and nobody verifies it.

    Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed.
    """
    if transport is not None:
        return LambdaUserManager(transport, claimed_actor=claimed_actor)
    given = {"region": region, "function_name": function_name}
    settings = LambdaSettings.read(given, session=session, profile=profile)
    connection = Connection(settings.region, session, profile, endpoint_url, max_connections)
    limits = replace(LIMITS, connect=connect_timeout, read=read_timeout)
    reach = LambdaTransport(
        settings.function_name, settings.region, connection=connection, limits=limits, origins=settings.origins
    )
    return LambdaUserManager(reach, claimed_actor=claimed_actor)


create = connect
"""What `connect` was called before."""


def invoker(function_name: str) -> Callable[[bytes], bytes]:
    """What calls another function of yours, such as the one that downloads the JWKS: its event in, its answer out.

    Commands of other packages find it under the entry-point group `usermgr.invoke`. Raises as `connect`.
    """
    settings = LambdaSettings.read({"function_name": function_name})
    return LambdaTransport(settings.function_name, settings.region).invoke
