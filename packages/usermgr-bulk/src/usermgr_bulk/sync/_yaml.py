"""YAML 1.2 to a tree of texts, by the events of `ruamel.yaml` alone: nothing is resolved, constructed or repeated.

https://yaml.org/spec/1.2.2/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from usermgr.errors import ConfigurationError
from usermgr_bulk.formats._texts import has_surrogate
from usermgr_bulk.sync._nodes import DEEPEST, ListNode, Node, Text, refused, too_deep, unique_entries

__all__ = ["read_yaml"]

BEYOND_UNICODE = re.compile(r"\\U(?!000|0010)")
"""An escape of what is no character, of which the reader does not tell the line."""

OTHER_BREAKS = {"\x85": r"\N", "\u2028": r"\L", "\u2029": r"\P"}
"""What ends a line in YAML 1.1 and not in 1.2, so that one reader's comment is another's entry; and how to write it:
https://yaml.org/spec/1.2.2/#54-line-break-characters
"""


def read_yaml(text: str) -> Node:
    """The one document of the text.

    Raises:
        InvalidInputError: it is no YAML, or has an anchor, an alias, a tag, a key twice, or a second document.
        ConfigurationError: the extra `yaml` is not installed.
    """
    try:
        from ruamel.yaml import YAML  # noqa: PLC0415 - an extra
        from ruamel.yaml.error import MarkedYAMLError, YAMLError  # noqa: PLC0415
    except ImportError:
        raise ConfigurationError(
            "desired states in YAML need ruamel.yaml: install usermgr-bulk with its extra yaml, or write JSON",
            problems=["ruamel.yaml is not installed"],
        ) from None

    _refuse_other_breaks(text)
    try:
        return _Reader(YAML(typ="safe", pure=True).parse(text)).document()
    except MarkedYAMLError as error:
        raise refused(_line_of(error), f"this is not YAML: {_reason(error)}") from None
    except (YAMLError, ValueError, OverflowError) as error:  # a character that is not allowed, or the escape of none
        beyond = BEYOND_UNICODE.search(text)
        at = getattr(error, "position", None) if beyond is None else beyond.start()
        line = None if at is None else text.count("\n", 0, at) + 1
        raise refused(line, "this is not YAML: it has a character that YAML does not allow") from None


def _refuse_other_breaks(text: str) -> None:
    other = re.search(f"[{''.join(OTHER_BREAKS)}]", text)
    if other is not None:
        line, character = text.count("\n", 0, other.start()) + 1, other.group()
        found = f"the character U+{ord(character):04X} here ends a line for some readers of YAML"
        raise refused(line, f"{found}: remove it, or write {OTHER_BREAKS[character]} in quotation marks")


def _line_of(error: Any) -> int | None:
    mark = error.problem_mark or error.context_mark
    return None if mark is None else mark.line + 1


def _reason(error: Any) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part) or "it cannot be read"


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self._events = events

    def document(self) -> Node:
        root: Node | None = None
        for event in self._events:
            if _kind(event) != "DocumentStartEvent":
                continue
            line = event.start_mark.line + 1
            if root is not None:
                raise refused(line, "a second document begins here: put everything into one")
            if event.version not in (None, (1, 2)):
                raise refused(line, "the document says that it is not YAML 1.2: remove the line %YAML")
            if event.tags:
                raise refused(line, "the document declares tags, and none are read: remove the line %TAG")
            root = self._node(next(self._events), 0)
        if root is None:
            raise refused(1, "the document is empty: declare users or groups")
        return root

    def _node(self, event: Any, depth: int) -> Node:
        line, kind = event.start_mark.line + 1, _kind(event)
        if depth > DEEPEST:
            raise too_deep(line)
        if kind == "AliasEvent":
            raise refused(line, f"the alias *{event.anchor} is not read: write out what it stands for")
        if event.anchor is not None:
            raise refused(line, f"the anchor &{event.anchor} is not read: remove it")
        if event.tag is not None:
            raise refused(line, "the tag in front of this value is not read: remove it")
        if kind == "ScalarEvent":
            return Text(line, _joined(event.value), plain=bool(event.implicit[0]))
        if kind == "SequenceStartEvent":
            items = [self._node(item, depth + 1) for item in self._until("SequenceEndEvent")]
            return ListNode(line, items)
        pairs = [
            (self._node(key, depth + 1), self._node(next(self._events), depth + 1))
            for key in self._until("MappingEndEvent")
        ]
        return unique_entries(line, pairs)

    def _until(self, end: str) -> Iterator[Any]:
        """The events that begin something, up to the end of what they are in."""
        while _kind(event := next(self._events)) != end:
            yield event


def _joined(text: str) -> str:
    """The text, in which two escapes that are the halves of one character are that character, as in JSON."""
    if not has_surrogate(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


def _kind(event: Any) -> str:
    """Which event it is."""
    return type(event).__name__
