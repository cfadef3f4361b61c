"""The function's environment, typed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from usermgr.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Config:
    """`DYNAMODB_NAME` is the activity table; `AWS_REGION` comes from Lambda itself."""

    table_name: str
    region: str

    @classmethod
    def parse(cls, environment: Mapping[str, str]) -> Self:
        """Raises `ConfigurationError`, which names every variable that is missing."""
        names = ("DYNAMODB_NAME", "AWS_REGION")
        problems = [f"{name} is not set" for name in names if not environment.get(name)]
        if problems:
            raise ConfigurationError("activity function: " + "; ".join(problems), problems=problems)
        return cls(*(environment[name] for name in names))
