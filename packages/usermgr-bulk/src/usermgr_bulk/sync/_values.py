"""What frozen values do with the lists and mappings that they are given."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

__all__ = ["settle"]


def settle(value: object, *names: str) -> None:
    """Gives these members of the frozen `value` a list or a mapping of their own, which its giver cannot change."""
    for name in names:
        given = getattr(value, name)
        if isinstance(given, Mapping):
            object.__setattr__(value, name, dict(cast("Mapping[Any, Any]", given)))
        elif isinstance(given, list):
            object.__setattr__(value, name, tuple(cast("list[Any]", given)))
