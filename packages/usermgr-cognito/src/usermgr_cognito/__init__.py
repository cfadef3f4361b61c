"""usermgr's Amazon Cognito backend, called directly with boto3.

>>> from usermgr import Factory
>>> users = Factory.create(Factory.AWS_COGNITO)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usermgr_aws import CallLimits, Connection, redact_sdk_logs
from usermgr_cognito._manager import CognitoUserManager
from usermgr_cognito._settings import CognitoSettings

if TYPE_CHECKING:
    import boto3
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["CallLimits", "CognitoSettings", "CognitoUserManager", "create", "redact_sdk_logs"]


def create(
    *,
    region: str | None = None,
    user_pool_id: str | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    discover_client_secret: bool = False,
    session: boto3.session.Session | None = None,
    profile: str | None = None,
    endpoint_url: str | None = None,
    connect_timeout: float = CallLimits.connect,
    read_timeout: float = CallLimits.read,
    client: CognitoIdentityProviderClient | None = None,
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
        client: A boto3 `cognito-idp` client to use instead of a new one; the five above are then not used.

    Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed.
    """
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
        connection=Connection(settings.region, session, profile, endpoint_url),
        limits=CallLimits(connect=connect_timeout, read=read_timeout),
    )
