"""A mapping that cannot be changed, and so may stand in a frozen value that is hashed, copied, pickled and compared.

`types.MappingProxyType` can be none of these on Python 3.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar, cast

__all__ = ["FrozenDict", "freeze"]

K = TypeVar("K")
V = TypeVar("V")


class FrozenDict(dict[K, V]):
    """A `dict` without its ways to change. It equals every mapping with the same items, and has a hash if they do."""

    def _refuse(self, *args: Any, **kwargs: Any) -> NoReturn:  # noqa: ARG002 - of whatever would change it
        raise TypeError("this mapping cannot be changed: make a new one, such as {**mapping, name: value}")

    __setitem__ = __delitem__ = __ior__ = _refuse
    clear = pop = popitem = _refuse
    setdefault = update = _refuse  # pyright: ignore[reportAssignmentType] - a refusal has no overloads

    def __hash__(self) -> int:  # pyright: ignore[reportIncompatibleVariableOverride] - a dict has none, since it can change
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)

    def copy(self) -> dict[K, V]:
        """A `dict` of the same items, which can be changed."""
        return dict(self)


def freeze(value: object, *names: str) -> None:
    """Makes a mapping or a list that the frozen `value` has as a member one that cannot be changed.

    A member that is neither is left alone: what was put in is refused where it is used, by the name of the field.
    """
    for name in names:
        member: Any = getattr(value, name)
        if isinstance(member, Mapping) and not isinstance(member, FrozenDict):
            object.__setattr__(value, name, FrozenDict(cast("Mapping[Any, Any]", member)))
        elif isinstance(member, list):
            object.__setattr__(value, name, tuple(cast("list[Any]", member)))
