"""CSV (RFC 4180) in UTF-8, whose cells no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from typing import Any

from usermgr_bulk.formats import harmless
from usermgr_cli._output._cells import cell
from usermgr_cli._output._plain_data import record
from usermgr_cli._stdout import write
from usermgr_cli._text import visible

__all__ = ["show_csv"]


def show_csv(found: Iterable[Any], names: list[str] | None) -> None:
    """A heading of the fields, which are those of the first record unless they are named, and a line for each record.

    A text that begins like a formula, or with an apostrophe, has one before it, as in the files that `usermgr export`
    writes (docs/formats.md); take it off where you need the text as it is.
    """
    heading = names
    if names is not None:
        _write(names)
    for each in found:
        members = record(each)
        if heading is None:
            heading = list(members)
            _write(heading)
        _write([_value(members.get(name)) for name in heading])


def _value(value: Any) -> str:
    return cell(value) if value is None or isinstance(value, (bool, int, float)) else harmless(cell(value))


def _write(row: list[str]) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(row)
    line = text.getvalue()
    write(visible(line, keep="\r\n\t") if sys.stdout.isatty() else line)
