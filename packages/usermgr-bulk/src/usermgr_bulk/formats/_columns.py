"""The columns of our CSV, and what their cells stand for.

A cell that begins with the mark `'`, in a row that says it has marks, is the text after the mark, just as it stands.
Every other cell is read as its column asks, and refused where a spreadsheet may have changed it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from usermgr import UserStatus
from usermgr.codec import MismatchError, codec_for
from usermgr.errors import InvalidInputError
from usermgr.records import UserRecord
from usermgr.validation import STANDARD_ATTRIBUTES, check_form, check_texts
from usermgr_bulk.formats._dialect import MARKED
from usermgr_bulk.formats._texts import has_surrogate

__all__ = [
    "FORMULA",
    "MARK",
    "Column",
    "columns_for",
    "columns_named",
    "harmless",
    "needs_mark",
    "read_cells",
    "write_cell",
]

MARK = "'"
FORMULA = tuple("=+-@\t\r\n＝＋－＠")  # noqa: RUF001 - wide ones, which spreadsheets in East Asia take for the others
"""What a cell begins with that a spreadsheet takes for a formula, or may
(https://owasp.org/www-community/attacks/CSV_Injection). Some take blanks before it away first
(https://github.com/zvory/csv-safe/pull/25)."""

_FIELDS = ("username", "enabled", "status", "groups", "sub", "created_at", "updated_at", "password")
_EXPLICIT = "attribute:"
_NAMESPACED = re.compile(r"[A-Za-z][\w.-]*:.+", re.ASCII)
_BOOLEANS = ("enabled", "email_verified", "phone_number_verified")
_CHANGED = (
    (re.compile(r"[+-]?[0-9]+([.,][0-9]+)?[eE][+-]?[0-9]+"), "a number that a spreadsheet has shortened"),
    (re.compile(r"[+-]?[1-9][0-9]{14}0+"), "a number of more than 15 digits, which a spreadsheet ends with zeros"),
    (re.compile(r"#([A-Z/0]+[!?]|N/A)|#{3,}"), "the error of a formula"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title in the header row, and the field or the attribute that it holds."""

    title: str
    name: str
    is_attribute: bool


def columns_for(attributes: Sequence[str], *, passwords: bool) -> list[Column]:
    """The columns of a file that holds these attributes. Raises `InvalidInputError` for what is no name."""
    for name in attributes:
        check_texts(attributes=name)
        if "\0" in name or has_surrogate(name):
            raise InvalidInputError("the name of an attribute has NUL, or half of a character", field="attributes")
    own = [Column(_title(name), name, is_attribute=True) for name in dict.fromkeys(attributes)]
    fields = [Column(name, name, is_attribute=False) for name in _FIELDS if passwords or name != "password"]
    return [fields[0], *own, *fields[1:]]


def _title(attribute: str) -> str:
    plain = attribute in STANDARD_ATTRIBUTES or _NAMESPACED.fullmatch(attribute) is not None
    reserved = attribute in _FIELDS or attribute.startswith((_EXPLICIT, "usermgr:"))
    return attribute if plain and not reserved else _EXPLICIT + attribute


def columns_named(titles: Sequence[str], attributes: Sequence[str]) -> list[Column | None]:
    """The columns of a header row; `None` stands for the one that says whether a row has marks.

    Raises `InvalidInputError` with the title of a column that is unknown, or that stands there twice.
    """
    columns = [None if title == MARKED else _column(title, attributes) for title in titles]
    seen: set[tuple[str, bool] | None] = set()
    for title, column in zip(titles, columns, strict=True):
        key = None if column is None else (column.name, column.is_attribute)
        if key in seen:
            raise InvalidInputError(f"the header row has the column {title} twice: remove one of them", field=title)
        seen.add(key)
    if ("username", False) not in seen:
        raise InvalidInputError("the header row has no column username", field="username")
    return columns


def _column(title: str, attributes: Sequence[str]) -> Column:
    if title in _FIELDS:
        return Column(title, title, is_attribute=False)
    if title.startswith(_EXPLICIT) and title != _EXPLICIT:
        return Column(title, title.removeprefix(_EXPLICIT), is_attribute=True)
    namespaced = _NAMESPACED.fullmatch(title) is not None and not title.startswith((_EXPLICIT, "usermgr:"))
    if title in STANDARD_ATTRIBUTES or title in attributes or namespaced:
        return Column(title, title, is_attribute=True)
    raise InvalidInputError(
        f"the header row has a column {title!r}, which is neither a field ({', '.join(_FIELDS)}) nor a known "
        f"attribute: correct it, or write {_EXPLICIT}{title or 'NAME'}",
        field=title or "header",
    )


def read_cells(columns: Sequence[Column | None], cells: Sequence[str], removal: str | None) -> UserRecord:
    """The record of a row. Raises `InvalidInputError` with the title of the column; no value is repeated."""
    if len(cells) != len(columns):
        raise InvalidInputError(
            f"the row has {len(cells)} cells, and the header row {len(columns)}: add or remove what is missing or too "
            "much; a value with the delimiter in it stands between quotation marks",
            field="row",
        )
    pairs = list(zip(columns, cells, strict=True))
    marks = next((cell for column, cell in pairs if column is None), "")
    if marks not in ("", "1"):
        raise InvalidInputError(f"{MARKED} must be 1 in a row with marks, and empty in another", field=MARKED)
    members: dict[str, Any] = {}
    attributes: dict[str, str | None] = {}
    for column, cell in pairs:
        if column is None or not cell:
            continue
        value = _read(column, cell, removal, marked=marks == "1")
        if column.is_attribute:
            attributes[column.name] = value
        else:
            members[column.name] = value
    check_texts(username=members.get("username"))
    return UserRecord(attributes=attributes, **members)


def _read(column: Column, cell: str, removal: str | None, *, marked: bool) -> Any:
    if removal is not None and cell == removal:
        if not column.is_attribute and column.name != "groups":
            raise InvalidInputError(f"{column.title} cannot be removed", field=column.title)
        return None if column.is_attribute else ()
    exact = marked and cell.startswith(MARK)
    text = cell.removeprefix(MARK) if exact else _plain(column, cell)
    return text if column.is_attribute else _member(column.name, text)


def _plain(column: Column, text: str) -> str:
    """The text of a cell without a mark."""
    for form, what in _CHANGED:
        if form.fullmatch(text):
            raise InvalidInputError(
                f"{column.title} has {what}: write the value itself, in a column that is formatted as text; if it is "
                f"right, write {MARK} before it and 1 into a column {MARKED}",
                field=column.title,
            )
    if column.name in _BOOLEANS and text.lower() in ("true", "false"):
        return text.lower()  # spreadsheets write TRUE
    if column.is_attribute:
        check_form(column.name, text)
    return text


def _member(name: str, text: str) -> Any:
    match name:
        case "enabled":
            if text not in ("true", "false"):
                raise InvalidInputError("enabled must be true or false", field=name)
            return text == "true"
        case "groups":
            return _split_groups(text)
        case "status":
            return UserStatus(text)
        case "created_at" | "updated_at":
            try:
                return codec_for(datetime).decode(text)
            except MismatchError as mismatch:
                raise InvalidInputError(
                    f"{name} must be {mismatch.expected}, such as 2026-01-31T00:00:00+00:00", field=name
                ) from None
        case _:
            return text


_GROUP = re.compile(r"((?:[^|\\]++|\\[|\\])++)(\||\Z)", re.DOTALL)


def _split_groups(text: str) -> list[str]:
    names: list[str] = []
    position = 0
    while text:
        match = _GROUP.match(text, position)
        if match is None:
            raise InvalidInputError(
                r"groups must be names with | between them; inside a name, write \| for | and \\ for \ ", field="groups"
            )
        names.append(re.sub(r"\\(.)", r"\1", match[1]))
        if not match[2]:
            break
        position = match.end()
    return names


def write_cell(column: Column, members: Mapping[str, Any], removal: str | None, *, marked: bool) -> str:
    """The cell of the column for the record with these members (`UserRecord.to_dict`).

    Raises `InvalidInputError` where no cell would read back as the same.
    """
    holder = members["attributes"] if column.is_attribute else members
    value = holder.get(column.name)
    if value is None:
        return _removal(column, removal) if column.is_attribute and column.name in holder else ""
    text = _text(value)
    if marked:
        return MARK + text if _needs_mark(column, text, removal) else text
    if column.name == "groups" and not text and not column.is_attribute:
        return _removal(column, removal)
    if not text or text == removal or not _reads_back(column, text):
        raise InvalidInputError(
            f"{column.title} has a value that would not read back as it is: write the file with marks",
            field=column.title,
        )
    return text


def harmless(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with the mark before it, where it needs one.

    A text that begins with the mark gets another, so that taking one off gives every text back.

    >>> harmless("=1+1"), harmless(" =1+1"), harmless("Ada")
    ("'=1+1", "' =1+1", 'Ada')
    """
    return MARK + text if needs_mark(text) else text


def needs_mark(text: str) -> bool:
    """Whether the text is a formula to a spreadsheet, or begins with the mark."""
    return text.startswith((MARK, *FORMULA)) or text.lstrip().startswith(FORMULA)


def _removal(column: Column, removal: str | None) -> str:
    if removal is None:
        raise InvalidInputError(
            f"{column.title} is to be removed, and no mark for that was named: name one with the option removal",
            field=column.title,
        )
    return removal


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "|".join(re.sub(r"([|\\])", r"\\\1", name) for name in cast("list[str]", value))
    return value


def _needs_mark(column: Column, text: str, removal: str | None) -> bool:
    return not text or needs_mark(text) or text == removal or not _reads_back(column, text)


def _reads_back(column: Column, text: str) -> bool:
    try:
        return _plain(column, text) == text
    except InvalidInputError:
        return False
