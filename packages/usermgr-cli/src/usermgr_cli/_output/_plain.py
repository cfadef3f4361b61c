"""Lines for other programs: values with tabs between them, and no heading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from usermgr_cli._output._cells import cell, default_columns, flat
from usermgr_cli._output._plain_data import record, value_of
from usermgr_cli._stdout import write
from usermgr_cli._text import visible

__all__ = ["show_plain"]


def show_plain(found: Iterable[Any], *, many: bool, names: list[str] | None) -> None:
    """A record a line; of a single one, a member a line, with its name. A tab or a line end in a value is escaped."""
    for each in found:
        if not isinstance(each, dict):
            write(visible(cell(each)) + "\n")
            continue
        members = record(each)
        if many:
            names = names or default_columns(members)
            write("\t".join(visible(cell(value_of(members, name))) for name in names) + "\n")
        else:
            for name, value in flat(members).items():
                write(f"{visible(name)}\t{visible(cell(value))}\n")
