"""The settings of the Cognito backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from usermgr.settings import SettingsReader
from usermgr_aws import CLIENT_ID, REGION, USER_POOL_ID, aws_sources, region_of_pool

__all__ = ["CognitoSettings"]


@dataclass(frozen=True, slots=True)
class CognitoSettings:
    """The settings of one pool. Only sign-in needs the app client; its secret never shows."""

    region: str
    user_pool_id: str
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    discover_client_secret: bool = False
    """Whether to read the client's secret from Cognito at the first sign-in, once, instead of being given it."""

    @classmethod
    def read(
        cls,
        given: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        discover_client_secret: bool = False,
    ) -> CognitoSettings:
        """From keyword arguments, or else `AWS_REGION`, `USERPOOL_ID`, `CLIENT_ID` and `SECRET`.

        Raises `ConfigurationError`, which names all that is missing or malformed.
        """
        reader = SettingsReader("usermgr's Cognito backend", aws_sources(given or {}, environ))
        region = reader.text("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
        pool = reader.text("user_pool_id", "USERPOOL_ID", pattern=USER_POOL_ID, example="ap-northeast-1_AbCdEf123")
        client_id = reader.optional("client_id", "CLIENT_ID", pattern=CLIENT_ID)
        secret = reader.optional("client_secret", "SECRET")
        if region and "_" in pool and region_of_pool(pool) != region:
            reader.problem("USERPOOL_ID is of another region than AWS_REGION")
        if secret is not None and client_id is None:
            reader.problem("SECRET is set without CLIENT_ID: set both, or neither")
        reader.finish()
        return cls(region, pool, client_id, secret, discover_client_secret)
