"""The settings of the Cognito backend."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

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
    origins: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    """Where each of them comes from, as far as `read` found them: `{"region": "AWS_REGION"}`."""

    @classmethod
    def read(
        cls,
        given: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        discover_client_secret: bool = False,
        session: Any = None,
        profile: str | None = None,
        any_pool_id: bool = False,
    ) -> CognitoSettings:
        """From keyword arguments, or else `AWS_REGION`, `USERPOOL_ID`, `CLIENT_ID` and `SECRET`.

        Where `AWS_REGION` is not set, the Region is that of `session`, of `AWS_DEFAULT_REGION` or of the SDK's profile,
        and at last the one that the pool's id begins with. `any_pool_id` is for emulators, whose ids may name another
        Region, or none.

        Raises `ConfigurationError`, which names all that is missing or malformed.
        """
        sources = aws_sources(given or {}, environ, profile=profile, session=session)
        reader = SettingsReader("usermgr's Cognito backend", sources)
        region = reader.optional("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
        pool = reader.text("user_pool_id", "USERPOOL_ID", pattern=USER_POOL_ID, example="ap-northeast-1_AbCdEf123")
        client_id = reader.optional("client_id", "CLIENT_ID", pattern=CLIENT_ID)
        secret = reader.optional("client_secret", "SECRET")
        if "_" in pool and not any_pool_id:
            pool_region = region_of_pool(pool)
            if region is None and re.fullmatch(REGION, pool_region) is None:
                reader.problem("AWS_REGION is not set, and USERPOOL_ID does not begin with a Region: set AWS_REGION")
            elif region is not None and region != pool_region:
                reader.problem(f"USERPOOL_ID belongs to another Region than the configured one ({region}): correct one")
        if secret is not None and client_id is None:
            reader.problem("SECRET is set without CLIENT_ID: set both, or neither")
        reader.finish()
        origins = {"region": "the pool's id", **reader.origins}
        return cls(region or region_of_pool(pool), pool, client_id, secret, discover_client_secret, origins)
