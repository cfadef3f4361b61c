"""The settings of the Lambda backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from usermgr.settings import SettingsReader
from usermgr_aws import FUNCTION_NAME, REGION, aws_sources

__all__ = ["LambdaSettings"]

DEFAULT_FUNCTION = "usermgr"


@dataclass(frozen=True, slots=True)
class LambdaSettings:
    """Which function, and where."""

    region: str
    function_name: str = DEFAULT_FUNCTION
    origins: Mapping[str, str] = field(default_factory=dict[str, str], compare=False, repr=False)
    """Where each of them comes from, as far as `read` found them: `{"region": "AWS_REGION"}`."""

    @classmethod
    def read(
        cls,
        given: Mapping[str, str | None] | None = None,
        environ: Mapping[str, str] | None = None,
        *,
        session: Any = None,
        profile: str | None = None,
    ) -> LambdaSettings:
        """From keyword arguments, or else `AWS_REGION`, `LAMBDA_NAME_USERMGR` and the SDK's configuration.

        Raises `ConfigurationError`, which names all that is missing or malformed.
        """
        sources = aws_sources(given or {}, environ, profile=profile, session=session)
        reader = SettingsReader("usermgr's Lambda backend", sources)
        region = reader.text("region", "AWS_REGION", pattern=REGION, example="ap-northeast-1")
        name = reader.optional("function_name", "LAMBDA_NAME_USERMGR", pattern=FUNCTION_NAME, example=DEFAULT_FUNCTION)
        reader.finish()
        return cls(region, name or DEFAULT_FUNCTION, {"function_name": "the default", **reader.origins})
