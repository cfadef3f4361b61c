"""A mapping that cannot be changed, and so may stand in a frozen value that is hashed, copied, pickled and compared.

`types.MappingProxyType` can be none of these on Python 3.11.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar, cast

__all__ = ["FrozenDict", "freeze", "frozen"]

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


def frozen(value: Any) -> Any:
    """The mapping, list or set as one that cannot be changed; anything else as it is."""
    if isinstance(value, Mapping):
        return value if isinstance(value, FrozenDict) else FrozenDict(cast("Mapping[Any, Any]", value))  # pyright: ignore[reportUnknownVariableType] - of any types
    if isinstance(value, list):
        return tuple(cast("list[Any]", value))
    if isinstance(value, set):
        return frozenset(cast("set[Any]", value))
    return value


def freeze(value: object, *names: str) -> None:
    """Makes these members of the frozen `value` ones that cannot be changed.

    A member that is neither a mapping, a list nor a set is left alone: what was put in is refused where it is used, by
    the name of the field.
    """
    for name in names:
        object.__setattr__(value, name, frozen(getattr(value, name)))
