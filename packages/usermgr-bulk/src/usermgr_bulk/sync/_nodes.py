"""A document as a tree in which every value knows its line, whether it was written in YAML or in JSON.

Scalars are text as they are written: `no`, `012` and `1e3` are these characters, and what they mean is said by the
member that they stand for.
"""

from __future__ import annotations

from dataclasses import dataclass

from usermgr.errors import InvalidInputError
from usermgr_bulk.formats._texts import has_surrogate
from usermgr_bulk.sync._errors import DesiredProblem, DesiredStateError, desired_state_error

__all__ = ["DEEPEST", "Entry", "ListNode", "MapNode", "Node", "Text", "refused", "too_deep", "unique_entries"]

DEEPEST = 16
"""How deeply a document may nest; four levels are needed."""


@dataclass(frozen=True, slots=True)
class Text:
    """A scalar."""

    line: int
    text: str
    plain: bool
    """Whether it stands there without quotation marks."""


@dataclass(frozen=True, slots=True)
class ListNode:
    """A list."""

    line: int
    items: list[Node]


@dataclass(frozen=True, slots=True)
class Entry:
    """A key with its value."""

    key: Text
    value: Node


@dataclass(frozen=True, slots=True)
class MapNode:
    """A mapping, whose keys are different texts."""

    line: int
    entries: list[Entry]


Node = Text | ListNode | MapNode


def refused(line: int | None, message: str, field: str = "document") -> DesiredStateError:
    """The error for something that keeps the whole document from being read."""
    return desired_state_error([DesiredProblem(line, field, message)])


def unique_entries(line: int, pairs: list[tuple[Node, Node]]) -> MapNode:
    """The mapping of these keys and values. Raises `InvalidInputError` for a key that is no text, or is there twice."""
    entries: list[Entry] = []
    lines: dict[str, int] = {}
    for key, value in pairs:
        if not isinstance(key, Text):
            raise refused(key.line, "a key must be text, and not a list or a mapping")
        if has_surrogate(key.text):
            raise refused(key.line, "the key has half of a character (a lone surrogate)")
        if key.text in lines:
            raise refused(
                key.line, f"the key {key.text!r} stands there twice, first on line {lines[key.text]}: remove one"
            )
        lines[key.text] = key.line
        entries.append(Entry(key, value))
    return MapNode(line, entries)


def too_deep(line: int) -> InvalidInputError:
    """The error for nesting without an end."""
    return refused(line, f"the document nests more than {DEEPEST} levels deep: users, attributes and groups need four")
