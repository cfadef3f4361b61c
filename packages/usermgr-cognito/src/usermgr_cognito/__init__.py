"""usermgr's Amazon Cognito backend, called directly with boto3, which loads when it is first needed.

>>> import usermgr_cognito
>>> users = usermgr_cognito.connect(user_pool_id="ap-northeast-1_AbCdEf123")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from usermgr_aws import MAX_CONNECTIONS, CallLimits, Connection, SdkClient, SdkSession, redact_sdk_logs
from usermgr_cognito._settings import CognitoSettings

if TYPE_CHECKING:
    from usermgr_cognito._manager import CognitoUserManager

__all__ = ["CallLimits", "CognitoSettings", "CognitoUserManager", "connect", "create", "redact_sdk_logs"]


def connect(
    *,
    region: str | None = None,
    user_pool_id: str | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    discover_client_secret: bool = False,
    session: SdkSession | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    connect_timeout: float = CallLimits.connect,
    read_timeout: float = CallLimits.read,
    max_connections: int = MAX_CONNECTIONS,
    client: SdkClient | None = None,
) -> CognitoUserManager:
    """The manager of one user pool; what is not given comes from `AWS_REGION`, `USERPOOL_ID`, `CLIENT_ID`, `SECRET`.

    Only sign-in needs the app client. Without a Region, that of the session, of `AWS_DEFAULT_REGION`, of the profile or
    of the pool's id is used.

    Args:
        session: A boto3 session to take credentials and configuration from, such as one of an assumed role.
        profile: The name of a profile in the SDK's configuration; without it, `AWS_PROFILE` counts.
        endpoint_url: Where to reach Cognito instead of AWS's own address, such as an emulator or an endpoint of a VPC.
        connect_timeout: Seconds to wait for a connection, for each of three attempts.
        read_timeout: Seconds to wait for an answer, for each attempt.
        max_connections: How many connections are kept open: as many as threads call at the same time.
        client: A boto3 `cognito-idp` client to use instead of a new one; the six above are then not used.

    Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed.
    """
    from usermgr_cognito._manager import CognitoUserManager  # noqa: PLC0415 - it imports the SDK

    given = {
        "region": region,
        "user_pool_id": user_pool_id,
        "client_id": client_id,
        "client_secret": client_secret,
    }
    settings = CognitoSettings.read(
        given,
        discover_client_secret=discover_client_secret,
        session=session,
        profile=profile,
        any_pool_id=client is not None or endpoint_url is not None,
    )
    return CognitoUserManager(
        settings,
        client,
        connection=Connection(settings.region, session, profile, endpoint_url, max_connections),
        limits=CallLimits(connect=connect_timeout, read=read_timeout),
    )


create = connect
"""What `connect` was called before."""


def __getattr__(name: str) -> Any:
    if name != "CognitoUserManager":  # its module imports the SDK, which the help of a command does not wait for
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return import_module(f"{__name__}._manager").CognitoUserManager
