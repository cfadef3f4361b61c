"""The function's environment, read once, at cold start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from usermgr.settings import Environment, SettingsReader
from usermgr_aws import REGION, USER_POOL_ID, dns_suffix

__all__ = ["Config"]

_POOL = f"(?a:{USER_POOL_ID})"  # ASCII only, since it becomes a part of the address
_ENDPOINT_VARIABLES = ("AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER", "AWS_ENDPOINT_URL")


@dataclass(frozen=True, slots=True)
class Config:
    """`USERPOOL_ID` names the pool; `AWS_REGION` comes from Lambda itself.

    The SDK's endpoint variables are honoured here too, since no SDK makes this request:
    https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html.
    """

    url: str
    """The address of the pool's JWKS:
    https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-verifying-a-jwt.html.
    """

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Config:
        """Raises `usermgr.errors.ConfigurationError`, which names every variable that is missing or malformed."""
        reader = SettingsReader("the function that downloads the JWKS", [Environment(environ)])
        region = reader.text("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
        pool = reader.text("user_pool_id", "USERPOOL_ID", pattern=_POOL, example="ap-northeast-1_AbCdEf123")
        ignored = environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "").lower() == "true"
        variable = next((name for name in _ENDPOINT_VARIABLES if environ.get(name) and not ignored), None)
        endpoint = environ[variable] if variable else f"https://cognito-idp.{region}.{dns_suffix(region)}"
        if variable and not _is_endpoint(endpoint):
            reader.problem(
                f"{variable} is malformed: it must be http:// or https://, a host and perhaps a port, no more"
            )
        reader.finish()
        return cls(url=f"{endpoint.rstrip('/')}/{pool}/.well-known/jwks.json")


def _is_endpoint(url: str) -> bool:
    """Whether it is http:// or https://, a host and perhaps a port."""
    if re.fullmatch(r"https?://[A-Za-z0-9._:\[\]-]+/?", url) is None:
        return False
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
