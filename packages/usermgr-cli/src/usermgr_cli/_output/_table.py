"""A table for a terminal: as wide as that is, and right with letters that take two columns."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from usermgr_cli._output._cells import default_columns, flat, for_people
from usermgr_cli._output._plain_data import Record, record, value_of
from usermgr_cli._problems import has_color
from usermgr_cli._stdout import Stdout
from usermgr_cli._text import visible

__all__ = ["show_table"]

CHUNK = 100
"""The first rows decide on the widths."""
LEAST = 12
"""What a column keeps of its values: where that is too much for the terminal, the last columns are left out."""
GAP = "  "


class _Table:
    """Draws on standard output. Nothing of a value is read as markup, and no control character is written."""

    def __init__(self, *, utc: bool, seconds: bool, color: str | None) -> None:
        out: Any = Stdout()
        colored = has_color(color, sys.stdout)
        self._console = Console(
            file=out,
            color_system="auto" if colored else None,
            force_terminal=colored,
            no_color=False,  # NO_COLOR has been looked at, and what it means to rich, bold letters, is left out too
            highlight=False,
            markup=False,
            emoji=False,
        )
        self.width = self._console.width if out.isatty() or os.environ.get("COLUMNS") else None
        self._utc, self._seconds = utc, seconds
        self._more = "…" if (out.encoding or "").lower().startswith("utf") else "~"

    def text(self, value: Any) -> str:
        return visible(for_people(value, utc=self._utc, seconds=self._seconds))

    def line(self, cells: Sequence[str], widths: Sequence[int], style: str = "") -> None:
        fitted = [self._fit(cell, width) for cell, width in zip(cells, widths, strict=True)]
        self.print(GAP.join(fitted).rstrip(), style)

    def print(self, text: str, style: str = "") -> None:
        self._console.print(Text(text, style=style), soft_wrap=True)

    def pair(self, name: str, value: str, width: int) -> None:
        label = set_cell_size(name, width)
        self._console.print(Text.assemble((label, "bold"), GAP, value), soft_wrap=True)

    def _fit(self, cell: str, width: int) -> str:
        return set_cell_size(cell, width) if cell_len(cell) <= width else set_cell_size(cell, width - 1) + self._more


def show_table(
    found: Iterable[Any], *, many: bool, names: list[str] | None, utc: bool, color: str | None
) -> tuple[bool, list[str]]:
    """Draws it. Says whether there was anything, and which columns have no room."""
    table = _Table(utc=utc, seconds=not many, color=color)
    if not many:
        for each in found:
            members = flat(record(each))
            width = max((cell_len(visible(name)) for name in members), default=0)
            for name, value in members.items():
                table.pair(visible(name), table.text(value), width)
        return True, []
    rows = (record(each) for each in found)
    first = list(itertools.islice(rows, CHUNK))
    if not first:
        return False, []
    names = names or _telling(default_columns(first[0]), first)
    widths, names, left_out = _fitted(table, names, first)
    table.line([visible(name) for name in names], widths, "bold")
    for each in itertools.chain(first, rows):
        table.line([table.text(value_of(each, name)) for name in names], widths)
    return True, left_out


def _telling(names: list[str], rows: list[Record]) -> list[str]:
    """The default columns of which a row has anything."""
    return [name for name in names if any(value_of(row, name) not in (None, "") for row in rows)] or names[:1]


def _fitted(table: _Table, names: list[str], rows: list[Record]) -> tuple[list[int], list[str], list[str]]:
    """The width of each column, the columns, and those that the terminal has no room for."""
    widths = [
        max(cell_len(visible(name)), *(cell_len(table.text(value_of(row, name))) for row in rows)) for name in names
    ]
    left_out: list[str] = []
    if table.width is None:
        return widths, names, left_out
    names = list(names)
    while len(names) > 1 and sum(min(width, LEAST) for width in widths) + len(GAP) * (len(names) - 1) > table.width:
        left_out.insert(0, names.pop())
        widths.pop()
    room = table.width - len(GAP) * (len(names) - 1)
    while sum(widths) > max(room, LEAST):  # the widest gives way, down to the next widest
        widest = max(widths)
        at = [index for index, width in enumerate(widths) if width == widest]
        next_one = max((width for width in widths if width < widest), default=1)
        cut = max(1, min(widest - next_one, -(-(sum(widths) - room) // len(at))))
        for index in at:
            widths[index] -= min(cut, max(sum(widths) - room, 0))
    return widths, names, left_out
