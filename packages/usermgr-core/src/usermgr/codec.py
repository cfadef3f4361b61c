"""Turns annotated values into JSON values and back, by their annotations alone.

It knows `str`, `int`, `float`, `bool`, `None`, aware `datetime`, string enumerations, dataclasses (generic ones too),
`Sequence[T]`, `frozenset[str]`, `Mapping[str, T]` and unions. A union of several dataclasses is told apart by a member
`type`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

__all__ = ["Codec", "MismatchError", "codec_for"]


class MismatchError(Exception):
    """A value that is not of its type. `path` says where, by names and places in lists; the value is never kept."""

    def __init__(self, expected: str, *path: str | int) -> None:
        super().__init__(expected)
        self.expected = expected
        self.path = path

    @property
    def field(self) -> str | None:
        """The innermost name of the path: the member itself, or the list that an item is in."""
        return next((name for name in reversed(self.path) if isinstance(name, str)), None)

    def within(self, name: str | int) -> MismatchError:
        """The same mismatch, seen from one level further out."""
        return MismatchError(self.expected, name, *self.path)

    def describe(self, root: str) -> str:
        """A sentence for people, such as `attributes.email must be a string`."""
        return f"{'.'.join((root, *map(str, self.path)))} must be {self.expected}"


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions for one type; each raises `MismatchError`."""

    encode: Callable[[Any], Any]
    decode: Callable[[Any], Any]


@cache
def codec_for(annotation: Any) -> Codec:
    """The codec of an annotation. Raises `TypeError` for one that the wire cannot carry."""
    origin, args = get_origin(annotation), get_args(annotation)
    target: Any = origin or annotation
    if annotation in _PLAIN:
        found = _PLAIN[annotation]
    elif origin in (Union, types.UnionType):
        found = _union(args)
    elif origin is Sequence:
        found = _sequence(codec_for(args[0]))
    elif annotation == frozenset[str]:
        found = _set(_sequence(codec_for(str)))
    elif origin is Mapping and args[0] is str:
        found = _mapping(codec_for(args[1]))
    elif isinstance(target, type) and issubclass(target, Enum):
        found = _enumeration(target)
    elif isinstance(target, type) and is_dataclass(cast("type[Any]", target)):
        found = _dataclass(target, args)
    else:
        raise TypeError(f"the wire cannot carry {annotation!r}")
    return found


def _plain(expected: str, accepts: Callable[[Any], bool]) -> Codec:
    def same(value: Any) -> Any:
        if not accepts(value):
            raise MismatchError(expected)
        return value

    return Codec(same, same)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _encode_time(value: Any) -> str:
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise MismatchError("a datetime with a time zone")
    return _in_utc(value).isoformat()


def _decode_time(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise MismatchError("a time in ISO 8601") from None
    if moment.tzinfo is None:
        raise MismatchError("a time with an offset")
    return _in_utc(moment)


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise MismatchError("a time in the years 1 to 9999 of UTC") from None


_NULL = _plain("null", lambda value: value is None)
_PLAIN: Mapping[Any, Codec] = {
    None: _NULL,
    types.NoneType: _NULL,
    str: _plain("a string", lambda value: isinstance(value, str)),
    bool: _plain("true or false", lambda value: isinstance(value, bool)),
    int: _plain("a whole number", lambda value: isinstance(value, int) and not isinstance(value, bool)),
    float: _plain("a number", _is_number),
    datetime: Codec(_encode_time, _decode_time),
}


def _enumeration(cls: type[Enum]) -> Codec:
    expected = f"one of {', '.join(str(member.value) for member in cls)}"

    def decode(value: Any) -> Enum:
        if not isinstance(value, str):  # Enum would put it into a text, which deep JSON does not survive
            raise MismatchError(expected)
        try:
            return cls(value)
        except ValueError:
            raise MismatchError(expected) from None

    return Codec(lambda value: decode(value).value, decode)


def _sequence(item: Codec) -> Codec:
    def each(turn: Callable[[Any], Any], value: Any) -> list[Any]:
        if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
            raise MismatchError("a list")
        elements = cast("Sequence[Any]", value)
        return [_inside(index, turn, element) for index, element in enumerate(elements)]

    return Codec(lambda v: each(item.encode, v), lambda v: tuple(each(item.decode, v)))


def _set(items: Codec) -> Codec:
    def encode(value: Any) -> Any:
        if not isinstance(value, frozenset):
            raise MismatchError("a frozenset")
        # An enumeration's member is a string too, but no plain one.
        return sorted(str.__str__(item) for item in items.encode(tuple(cast("frozenset[Any]", value))))

    return Codec(encode, lambda v: frozenset(items.decode(v)))


def _mapping(item: Codec) -> Codec:
    def each(turn: Callable[[Any], Any], value: Any) -> dict[str, Any]:
        members = _members(value, "an object whose names are strings")
        return {key: _inside(key, turn, element) for key, element in members.items()}

    return Codec(lambda v: each(item.encode, v), lambda v: each(item.decode, v))


def _members(value: Any, expected: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(key, str) for key in cast("Mapping[Any, Any]", value)):
        raise MismatchError(expected)
    return cast("Mapping[str, Any]", value)


def _union(args: tuple[Any, ...]) -> Codec:
    nullable = types.NoneType in args
    members = [arg for arg in args if arg is not types.NoneType]
    inner = codec_for(members[0]) if len(members) == 1 else _tagged(members)
    if not nullable:
        return inner
    return Codec(
        lambda value: None if value is None else inner.encode(value),
        lambda value: None if value is None else inner.decode(value),
    )


def _tagged(classes: Sequence[Any]) -> Codec:
    by_name: dict[str, Codec] = {cls.__name__: codec_for(cls) for cls in classes}
    expected = f"one of {', '.join(by_name)}"

    def encode(value: Any) -> Any:
        name = type(value).__name__
        if name not in by_name:
            raise MismatchError(expected)
        return {"type": name, **by_name[name].encode(value)}

    def decode(value: Any) -> Any:
        name = _members(value, expected).get("type")
        if not isinstance(name, str) or name not in by_name:
            raise MismatchError(expected)
        return by_name[name].decode(value)

    return Codec(encode, decode)


def _dataclass(cls: type[Any], args: tuple[Any, ...]) -> Codec:
    variables: tuple[TypeVar, ...] = getattr(cls, "__parameters__", ())
    bound = dict(zip(variables, args, strict=True))
    hints = get_type_hints(cls)
    codecs = {f.name: codec_for(_bind(hints[f.name], bound)) for f in fields(cls)}
    required = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}

    def encode(value: Any) -> dict[str, Any]:
        if not isinstance(value, cls):
            raise MismatchError(f"a {cls.__name__}")
        return {name: _inside(name, c.encode, getattr(value, name)) for name, c in codecs.items()}

    def decode(value: Any) -> Any:
        members = _members(value, f"a {cls.__name__} object")
        missing = sorted(required - members.keys())
        if missing:
            raise MismatchError("present", missing[0])
        present = {name: c for name, c in codecs.items() if name in members}
        return cls(**{name: _inside(name, c.decode, members[name]) for name, c in present.items()})

    return Codec(encode, decode)


def _bind(annotation: Any, bound: Mapping[TypeVar, Any]) -> Any:
    if isinstance(annotation, TypeVar):
        return bound[annotation]
    parameters: tuple[TypeVar, ...] = getattr(annotation, "__parameters__", ())
    return annotation[tuple(bound[p] for p in parameters)] if parameters else annotation


def _inside(name: str | int, turn: Callable[[Any], Any], value: Any) -> Any:
    try:
        return turn(value)
    except MismatchError as mismatch:
        raise mismatch.within(name) from None
