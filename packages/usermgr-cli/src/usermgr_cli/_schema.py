"""The fields that a command prints, from its return annotation."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from enum import Enum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, Union, cast, get_args, get_origin, get_type_hints, is_typeddict

from usermgr.commands import Done, Report

__all__ = ["Field", "fields_of", "members_of"]


@dataclasses.dataclass(frozen=True, slots=True)
class Field:
    """A field of what a command prints."""

    field: str
    type: str


def members_of(callback: Callable[..., Any]) -> dict[str, Any]:
    """The names of the fields, as members: what has members of its own is an empty mapping. Empty where unknown."""
    item = _item(callback)
    if item is None or item is Done:
        return {}
    return {name: {} if _is_mapping(of) else "" for name, of in _members(item).items()}


def fields_of(callback: Callable[..., Any]) -> tuple[bool, list[Field]]:
    """Whether the command prints many, and the fields of each. Of a change they are those that its annotation lists."""
    item = _item(callback)
    many = _many(_printed(callback))
    if item is None:
        return many, []
    return many, [Field(name, describe(of)) for name, of in _members(item).items()]


def describe(of: Any) -> str:
    """A type in words: of the JSON that is printed."""
    origin, arguments = get_origin(of), get_args(of)
    if origin is Annotated:
        return describe(arguments[0])
    if origin in (Union, types.UnionType):
        inner = [describe(each) for each in arguments if each is not type(None)]
        return " or ".join([*inner, *(["null"] if type(None) in arguments else [])])
    if _is_mapping(of):
        return f"object of {describe(arguments[1])}" if len(arguments) == 2 else "object"
    if isinstance(origin, type) and issubclass(origin, Iterable):
        return f"list of {describe(arguments[0])}" if arguments else "list"
    return _plain_type(of)


def _plain_type(of: Any) -> str:
    if not isinstance(of, type):
        return "any"
    names = {bool: "boolean", int: "integer", float: "number", datetime: "time", date: "date", Path: "string"}
    if of in names:
        return names[of]
    kind = cast("type[Any]", of)
    if issubclass(kind, (Enum, str)):
        return "string"
    return "object" if dataclasses.is_dataclass(kind) or is_typeddict(kind) else "any"


def _is_mapping(of: Any) -> bool:
    origin = get_origin(of) or of
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _many(annotation: Any) -> bool:
    origin = get_origin(annotation)
    return isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping)


def _item(callback: Callable[..., Any]) -> Any:
    """The type of what is printed, or of each of it."""
    annotation = _printed(callback)
    if _many(annotation):
        arguments = get_args(annotation)
        return arguments[0] if arguments else None
    return annotation


def _members(item: Any) -> dict[str, Any]:
    if get_origin(item) is Annotated:
        base, *extra = get_args(item)
        listed = [cast("Mapping[str, Any]", each) for each in extra if isinstance(each, Mapping)]
        return dict(listed[0]) if listed else _members(base)
    if item is Done:
        return {}
    if dataclasses.is_dataclass(item):
        hints = get_type_hints(item, None, _Names(sys.modules.get(item.__module__)), include_extras=True)
        return {each.name: hints[each.name] for each in dataclasses.fields(item)}
    if is_typeddict(item):
        return get_type_hints(item)
    return {} if _is_mapping(item) or item in (Any, None, type(None)) else {"value": item}


def _printed(callback: Callable[..., Any]) -> Any:
    """The annotation; of several types, which a command prints one of, the first: what it prints without options."""
    annotation = _annotation(callback)
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    return next((each for each in get_args(annotation) if each is not type(None)), None)


def _annotation(callback: Callable[..., Any]) -> Any:
    """The return annotation, where it can be told; of a report, that of its data."""
    annotation = _told(callback)
    return get_args(annotation)[0] if get_origin(annotation) is Report else annotation


def _told(callback: Callable[..., Any]) -> Any:
    """The annotation as it is. Names that only type checkers import are imported for this."""
    function = inspect.unwrap(callback)
    annotation = getattr(function, "__annotations__", {}).get("return")
    if annotation is None or not isinstance(annotation, str):
        return annotation
    holder = type("Holder", (), {"__annotations__": {"value": annotation}})
    module = sys.modules.get(function.__module__)
    try:
        return get_type_hints(holder, vars(module) if module else {}, _Names(module), include_extras=True)["value"]
    except (NameError, AttributeError, ImportError, TypeError):
        return None


class _Names(dict[str, Any]):
    """The names that a module imports under `if TYPE_CHECKING:`, imported when they are asked for."""

    def __init__(self, module: types.ModuleType | None) -> None:
        super().__init__()
        self._where = dict(_imports(module)) if module is not None else {}

    def __missing__(self, name: str) -> Any:
        module, member = self._where[name]
        value = import_module(module) if member is None else getattr(import_module(module), member)
        self[name] = value
        return value


def _imports(module: types.ModuleType) -> Iterator[tuple[str, tuple[str, str | None]]]:
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
            for statement in node.body:
                if isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
                    for alias in statement.names:
                        yield alias.asname or alias.name, (statement.module, alias.name)
                elif isinstance(statement, ast.Import):
                    for alias in statement.names:
                        yield alias.asname or alias.name.partition(".")[0], (alias.name, None)
