"""The function's environment, read once, at cold start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from usermgr_function_download_jwks.errors import ConfigurationError

__all__ = ["Config"]

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_USER_POOL_ID = re.compile(r"[\w-]+_[0-9a-zA-Z]+")
_ENDPOINT = re.compile(r"https?://[^/?#\s]+/?")
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
        """Raises `ConfigurationError`, which names every variable that is missing or malformed."""
        region, pool = environ.get("AWS_REGION", ""), environ.get("USERPOOL_ID", "")
        variable = next((name for name in _ENDPOINT_VARIABLES if environ.get(name)), None)
        endpoint = environ[variable] if variable else f"https://cognito-idp.{region}.amazonaws.com"
        forms = [("AWS_REGION", region, _REGION), ("USERPOOL_ID", pool, _USER_POOL_ID)]
        if variable:
            forms.append((variable, endpoint, _ENDPOINT))
        problems = [
            f"{name} is malformed: it must match {form.pattern}" if value else f"{name} is not set"
            for name, value, form in forms
            if form.fullmatch(value) is None
        ]
        if problems:
            raise ConfigurationError(f"the function that downloads the JWKS: {'; '.join(problems)}")
        return cls(url=f"{endpoint.rstrip('/')}/{pool}/.well-known/jwks.json")
