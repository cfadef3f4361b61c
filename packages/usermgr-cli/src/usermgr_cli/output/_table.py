"""A table for a terminal, drawn by rich."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from usermgr_cli._text import visible
from usermgr_cli.output._cells import cell

__all__ = ["show_table"]

CHUNK = 100
"""Rows that are looked at together: the first ones decide on the widths."""


def show_table(found: Iterable[dict[str, Any]], *, many: bool, utc: bool, color: str | None) -> None:
    """Draws it. Nothing of a value is read as markup."""
    console = Console(
        no_color=True if color == "never" else None, force_terminal=True if color == "always" else None, highlight=False
    )
    if not many:
        for each in found:
            table = Table(box=None, show_header=False, pad_edge=False)
            for name, value in each.items():
                table.add_row(Text(name, style="bold"), Text(visible(cell(value, utc=utc))))
            console.print(table)
        return
    rows = iter(found)
    heading: list[str] | None = None
    while chunk := list(itertools.islice(rows, CHUNK)):
        table = Table(box=box.SIMPLE_HEAD, show_header=heading is None, pad_edge=False)
        heading = heading or list(chunk[0])
        for name in heading:
            table.add_column(Text(name), overflow="ellipsis", no_wrap=True)
        for each in chunk:
            table.add_row(*(Text(visible(cell(each.get(name), utc=utc))) for name in heading))
        console.print(table)
