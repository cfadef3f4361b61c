"""usermgr's Amazon Cognito backend, called directly with boto3.

>>> from usermgr import Factory
>>> users = Factory.create(Factory.AWS_COGNITO)  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from usermgr_aws import CallLimits, redact_sdk_logs
from usermgr_cognito._manager import CognitoUserManager
from usermgr_cognito._settings import CognitoSettings

if TYPE_CHECKING:
    from mypy_boto3_cognito_idp.client import CognitoIdentityProviderClient

__all__ = ["CallLimits", "CognitoSettings", "CognitoUserManager", "create", "redact_sdk_logs"]


def create(
    *,
    region: str | None = None,
    user_pool_id: str | None = None,
    client_id: str | None = None,
    client_secret: str | None = None,
    discover_client_secret: bool = False,
    client: CognitoIdentityProviderClient | None = None,
) -> CognitoUserManager:
    """The manager of one user pool; what is not given comes from `AWS_REGION`, `USERPOOL_ID`, `CLIENT_ID`, `SECRET`.

    Only sign-in needs the app client. `client` is a boto3 `cognito-idp` client to use instead of a new one.
    Raises `usermgr.errors.ConfigurationError`, which names all that is missing or malformed.
    """
    given = {
        "region": region,
        "user_pool_id": user_pool_id,
        "client_id": client_id,
        "client_secret": client_secret,
    }
    return CognitoUserManager(CognitoSettings.read(given, discover_client_secret=discover_client_secret), client)
