"""The function's environment, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from usermgr.settings import Environment, SettingsReader

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """`DYNAMODB_NAME` is the activity table; `AWS_REGION` comes from Lambda itself."""

    table_name: str
    region: str

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raises `usermgr.errors.ConfigurationError`, which names every variable that is missing."""
        reader = SettingsReader("the activity function", [Environment(environ)])
        config = cls(reader.text("table_name", "DYNAMODB_NAME"), reader.text("region", "AWS_REGION"))
        reader.finish()
        return config
