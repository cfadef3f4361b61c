"""The function's environment, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from usermgr.settings import Environment, SettingsReader

__all__ = ["Config"]


@dataclass(frozen=True, slots=True)
class Config:
    """`DYNAMODB_NAME` is the activity table; `AWS_REGION` comes from Lambda itself.

    With `ACTIVITY_DAYS_KEPT`, the rows that say who was seen on a day expire so many days after it.
    """

    table_name: str
    region: str
    days_kept: int | None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Raises `usermgr.errors.ConfigurationError`, which names every variable that is missing."""
        reader = SettingsReader("the activity function", [Environment(environ)])
        table_name, region = reader.text("table_name", "DYNAMODB_NAME"), reader.text("region", "AWS_REGION")
        days_kept = reader.optional("days_kept", "ACTIVITY_DAYS_KEPT", pattern="[1-9][0-9]{0,3}", example="400")
        reader.finish()
        return cls(table_name, region, None if days_kept is None else int(days_kept))
