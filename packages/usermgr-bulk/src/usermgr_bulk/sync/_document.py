"""From a document to a desired state: every member by its type, nothing repaired, all problems told at once."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from usermgr.errors import InvalidInputError
from usermgr_bulk.formats._texts import has_surrogate
from usermgr_bulk.sync._desired import Desired, DesiredGroup, DesiredUser, Unmanaged
from usermgr_bulk.sync._errors import DesiredProblem, desired_state_error
from usermgr_bulk.sync._json import read_json
from usermgr_bulk.sync._nodes import Entry, ListNode, MapNode, Node, Text, refused
from usermgr_bulk.sync._yaml import read_yaml

__all__ = ["parse_desired", "read_desired"]

T = TypeVar("T")

READERS: Mapping[str, Callable[[str], Node]] = {"yaml": read_yaml, "json": read_json}
SUFFIXES = {".yaml": "yaml", ".yml": "yaml", ".json": "json"}

NULLS = frozenset({"", "~", "null", "Null", "NULL"})
"""What YAML's core schema takes for no value: https://yaml.org/spec/1.2.2/#103-core-schema"""

WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")
LARGEST = 2**31 - 1
"""What fits into the integers of services."""

MISSING = object()


def read_desired(path: str | Path, format: str | None = None) -> Desired:  # noqa: A002 - what it is
    """The desired state in a file, whose format is `yaml` or `json`: by default what its name ends with says.

    Raises:
        DesiredStateError: something in the document is wrong; `problems` has all, by line.
        InvalidInputError: the format is unknown.
        ConfigurationError: YAML is not installed.
        OSError: the file cannot be read.
    """
    path = Path(path)
    format = format or SUFFIXES.get(path.suffix.lower())  # noqa: A001 - as above
    if format is None:
        raise InvalidInputError(f"{path} ends with none of {', '.join(SUFFIXES)}: name the format", field="format")
    return parse_desired(path.read_bytes(), format)


def parse_desired(content: str | bytes, format: str) -> Desired:  # noqa: A002 - what it is
    """The desired state in a text, or in UTF-8. Raises what `read_desired` raises."""
    read = READERS.get(format)
    if read is None:
        raise InvalidInputError(f"format must be one of {', '.join(READERS)}", field="format")
    return _Document().desired(read(_decoded(content)))


def _decoded(content: str | bytes) -> str:
    if isinstance(content, str):
        return content.removeprefix("\ufeff")
    content = content.removeprefix(codecs.BOM_UTF8)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise refused(line, "this is not UTF-8: write the document in UTF-8") from None


class _Members:
    """The members of a mapping as they are taken, their lines, and what is wrong with them."""

    def __init__(self, document: _Document, node: Node, where: str, known: tuple[str, ...]) -> None:
        self.document = document
        self.where = where
        self.line = node.line
        self.lines: dict[str, int] = {}
        self._entries: dict[str, Entry] = {}
        if not isinstance(node, MapNode):
            document.note(node.line, where, f"{where} must be a mapping, with {known[0]} among its keys")
            return
        for entry in node.entries:
            name = entry.key.text
            if name == "password" and where == "users":
                document.note(
                    entry.key.line, "users.password",
                    "a desired state has no passwords, because many people read it: remove it, and invite people, or "
                    "use set_password",
                )  # fmt: skip
            elif name not in known:
                document.note(entry.key.line, where, f"{where} has no member {name!r}: there are {', '.join(known)}")
            elif isinstance(entry.value, Text) and entry.value.plain and entry.value.text in NULLS:
                document.note(
                    entry.key.line, self.field(name),
                    f"{name} has no value: give it one (an empty list is []), or remove the key",
                )  # fmt: skip
                self._entries[name] = Entry(entry.key, ListNode(entry.key.line, []))
                self.lines[name] = -1
            else:
                self._entries[name] = entry
                self.lines[name] = entry.key.line

    def field(self, name: str) -> str:
        """The member as problems name it."""
        return f"{self.where}.{name}" if self.where != "the document" else name

    def take(self, name: str, read: Callable[[str, Entry], T], missing: Any = None) -> Any:
        """What `read` makes of the member; `missing` where it is left out, or was refused already."""
        if name not in self._entries or self.lines[name] < 0:
            return missing
        return read(self.field(name), self._entries[name])

    def required(self, name: str, what: str) -> str:
        """The text of a member that must be there; empty where it is not, which is noted."""
        found = self.take(name, self.document.text, MISSING)
        if found is MISSING:
            if name not in self._entries:
                self.document.note(self.line, self.field(name), f"{what} has no {name}: add it")
            return ""
        return found


class _Document:
    def __init__(self) -> None:
        self.problems: list[DesiredProblem] = []

    def note(self, line: int, field: str, message: str) -> None:
        """Something is wrong there."""
        self.problems.append(DesiredProblem(line, field, message))

    def desired(self, root: Node) -> Desired:
        """The desired state of the document. Raises `DesiredStateError`."""
        if isinstance(root, Text) and root.plain and root.text in NULLS:
            raise refused(root.line, "the document is empty: declare users or groups")
        members = _Members(self, root, "the document", ("users", "groups", "unmanaged"))
        users = members.take("users", lambda field, entry: self.items(field, entry, self._user))
        groups = members.take("groups", lambda field, entry: self.items(field, entry, self._group))
        unmanaged = members.take("unmanaged", lambda _, entry: self._unmanaged(entry.value), Unmanaged())
        if not self.problems and users is None and groups is None:
            raise refused(root.line, "the document declares nothing: it needs users or groups ([] for nobody)")
        self._once("users", "username", [(user.username, user.line) for user in users or ()])
        self._once("groups", "name", [(group.name, group.line) for group in groups or ()])
        if self.problems:
            raise desired_state_error(self.problems)
        return Desired(users, groups, unmanaged)

    def _once(self, where: str, name: str, found: list[tuple[str, int]]) -> None:
        first: dict[str, int] = {}
        for text, line in found:
            if text and text in first:
                message = f"{text!r} is declared on line {first[text]} already: keep one of them"
                self.note(line, f"{where}.{name}", message)
            first.setdefault(text, line)

    # --- Entries ------------------------------------------------------------------------------------

    def _user(self, node: Node) -> DesiredUser:
        members = _Members(self, node, "users", ("username", "attributes", "without", "enabled", "groups"))
        lines = members.lines
        attributes = members.take("attributes", lambda field, entry: self._attributes(field, entry, lines), {})
        without = members.take("without", lambda field, entry: self.names(field, entry, "without", lines), [])
        for name in without:
            if name in attributes:
                self.note(lines[f"without.{name}"], "users.without", f"{name} is among the attributes too: keep one")
        return DesiredUser(
            members.required("username", "the entry"),
            attributes,
            without,
            members.take("enabled", self._truth),
            members.take("groups", lambda field, entry: self.names(field, entry, "groups", lines)),
            node.line,
            lines,
        )

    def _group(self, node: Node) -> DesiredGroup:
        members = _Members(self, node, "groups", ("name", "description", "precedence", "members"))
        lines = members.lines
        return DesiredGroup(
            members.required("name", "the entry"),
            members.take("description", lambda field, entry: self.text(field, entry, empty=True)),
            members.take("precedence", self._whole),
            members.take("members", lambda field, entry: self.names(field, entry, "members", lines)),
            node.line,
            lines,
        )

    def _unmanaged(self, node: Node) -> Unmanaged:
        members = _Members(self, node, "unmanaged", ("users", "groups", "attributes"))
        names = {
            kind: members.take(kind, lambda field, entry: self.names(field, entry, "", {}), [])
            for kind in ("users", "groups", "attributes")
        }
        return Unmanaged(**names)

    def _attributes(self, field: str, entry: Entry, lines: dict[str, int]) -> dict[str, str]:
        if not isinstance(entry.value, MapNode):
            self.note(entry.key.line, field, "attributes must be a mapping of names to texts: none are {}")
            return {}
        found: dict[str, str] = {}
        for attribute in entry.value.entries:
            name, line, value = attribute.key.text, attribute.key.line, attribute.value
            lines[f"attributes.{name}"] = line
            if name == "sub":
                self.note(line, field, "sub is given by the store: remove it")
            elif isinstance(value, Text) and (not value.text or (value.plain and value.text in NULLS)):
                self.note(
                    line, f"{field}.{name}",
                    f"the attribute {name} has no value: list its name under `without` where it is to be removed, or "
                    "remove the key",
                )  # fmt: skip
            else:
                found[name] = self.text(f"{field}.{name}", attribute)
        return found

    # --- Values -------------------------------------------------------------------------------------

    def items(self, field: str, entry: Entry, read: Callable[[Node], T]) -> list[T]:
        """A list, each item as `read` takes it."""
        if not isinstance(entry.value, ListNode):
            self.note(entry.key.line, field, f"{field} must be a list: an empty one is []")
            return []
        return [read(item) for item in entry.value.items]

    def names(self, field: str, entry: Entry, member: str, lines: dict[str, int]) -> list[str]:
        """A list of different names; the line of each goes into `lines`."""
        found: list[str] = []
        for name in self.items(field, entry, lambda item: (self.text(field, Entry(entry.key, item)), item.line)):
            text, line = name
            if text in found and text:
                self.note(line, field, f"{text!r} is in the list twice: remove one")
            lines.setdefault(f"{member}.{text}", line)
            found.append(text)
        return found

    def text(self, field: str, entry: Entry, *, empty: bool = False) -> str:
        """A text as it stands there."""
        value = entry.value
        if not isinstance(value, Text):
            self.note(value.line, field, f"{field} must be text, and not a list or a mapping")
        elif not value.text and not (empty and not value.plain):
            self.note(value.line, field, f"{field} is empty: write a name")
        elif value.plain and value.text in NULLS:
            self.note(value.line, field, f"{field} has no value here; the text {value.text} needs quotation marks")
        elif has_surrogate(value.text):
            self.note(value.line, field, f"{field} has half of a character (a lone surrogate)")
        else:
            return value.text
        return ""

    def _truth(self, field: str, entry: Entry) -> bool | None:
        value = entry.value
        if isinstance(value, Text) and value.plain and value.text in ("true", "false"):
            return value.text == "true"
        self.note(value.line, field, f"{field} must be exactly true or false, without quotation marks")
        return None

    def _whole(self, field: str, entry: Entry) -> int | None:
        value = entry.value
        if isinstance(value, Text) and value.plain and WHOLE.fullmatch(value.text) and int(value.text) <= LARGEST:
            return int(value.text)
        wish = f"digits alone, such as 10, up to {LARGEST}: no sign, no leading zero, no quotation marks"
        self.note(value.line, field, f"{field} must be {wish}")
        return None
