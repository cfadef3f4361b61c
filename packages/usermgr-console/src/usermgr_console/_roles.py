"""What staff may do: a ladder of three roles, each of which has the rights of those below it."""

from __future__ import annotations

from collections.abc import Collection
from enum import IntEnum

from usermgr_console._config import Config

__all__ = ["Role", "role_of"]


class Role(IntEnum):
    """A role; a higher one has the rights of the lower ones too."""

    READER = 1
    """Sees everything, changes nothing."""
    SUPPORT = 2
    """Helps one person at a time: attributes, sign-in, second factors."""
    ADMINISTRATOR = 3
    """Everything: groups, new and deleted accounts, many people at once."""


def role_of(groups: Collection[str], config: Config) -> Role | None:
    """The highest role that the groups give, or `None` for somebody who is no staff."""
    ladder = (
        (Role.ADMINISTRATOR, config.administrators),
        (Role.SUPPORT, config.support),
        (Role.READER, config.readers),
    )
    return next((role for role, names in ladder if not names.isdisjoint(groups)), None)
