"""JSON (RFC 8259) to the same tree as YAML, with the line of every value, which Python's reader does not tell."""

from __future__ import annotations

import json
import re
from bisect import bisect_right

from usermgr_bulk.sync._errors import DesiredStateError
from usermgr_bulk.sync._nodes import DEEPEST, ListNode, MapNode, Node, Text, refused, too_deep, unique_entries

__all__ = ["read_json"]

SPACE = re.compile(r"[ \t\r\n]*+")
STRING = re.compile(r'"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+"')
PLAIN = re.compile(r"(?:true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![\w.+-])")


def read_json(text: str) -> Node:
    """The value of the text. Raises `InvalidInputError` where it is no JSON, or has a key twice."""
    reader = _Reader(text)
    if not reader.text.strip(" \t\r\n"):
        raise refused(1, "the document is empty: declare users or groups")
    root = reader.value(0)
    if reader.peek():
        raise reader.error("something follows the document: put everything into one")
    return root


class _Reader:
    def __init__(self, text: str) -> None:
        self.text = text
        self._at = 0
        self._ends = [match.start() for match in re.finditer("\n", text)]

    @property
    def _line(self) -> int:
        return bisect_right(self._ends, self._at - 1) + 1

    def error(self, message: str) -> DesiredStateError:
        """An error at this place."""
        return refused(self._line, message)

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        space = SPACE.match(self.text, self._at)
        self._at = self._at if space is None else space.end()
        return self.text[self._at : self._at + 1]

    def value(self, depth: int) -> Node:
        """The value that begins here."""
        if depth > DEEPEST:
            raise too_deep(self._line)
        match self.peek():
            case "{":
                return self._map(depth)
            case "[":
                return self._list(depth)
            case '"':
                return self._string()
            case _:
                line, found = self._line, PLAIN.match(self.text, self._at)
                if found is None:
                    raise self.error("this is not JSON: a value is expected here")
                self._at = found.end()
                return Text(line, found.group(), plain=True)

    def _string(self) -> Text:
        line, found = self._line, STRING.match(self.text, self._at)
        if found is None:
            raise self.error("this is not JSON: the text that begins here does not end, or has a character to escape")
        self._at = found.end()
        return Text(line, json.loads(found.group()), plain=False)

    def _map(self, depth: int) -> MapNode:
        line, pairs = self._line, list[tuple[Node, Node]]()
        while self._more(pairs, "{", "}"):
            if self.peek() != '"':
                raise self.error("this is not JSON: a key in quotation marks is expected here")
            key = self._string()
            if self.peek() != ":":
                raise self.error("this is not JSON: a colon is expected here")
            self._at += 1
            pairs.append((key, self.value(depth + 1)))
        return unique_entries(line, pairs)

    def _list(self, depth: int) -> ListNode:
        line, items = self._line, list[Node]()
        while self._more(items, "[", "]"):
            items.append(self.value(depth + 1))
        return ListNode(line, items)

    def _more(self, found: list[Node] | list[tuple[Node, Node]], opening: str, closing: str) -> bool:
        """Steps over the bracket or the comma in front of an item; whether there is one."""
        if not found:
            if self.peek() == opening:
                self._at += 1
            if self.peek() != closing:
                return True
        elif self.peek() == ",":
            self._at += 1
            return True
        elif self.peek() != closing:
            raise self.error(f"this is not JSON: a comma or {closing} is expected here")
        self._at += 1
        return False
