"""The one way to standard output."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from usermgr.commands import Done
from usermgr_cli.output._choice import chosen
from usermgr_cli.output._json import show_json, show_lines
from usermgr_cli.output._records import Record, is_many, record, records

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["show"]


def show(line: Line, value: Any) -> None:
    """Prints it. A stream is printed as it comes, in constant memory, but for a `--query` over a whole list."""
    asked = line.options.get("output") or ("json" if line.is_agent else None)
    if isinstance(value, Done) and asked in (None, "table"):
        line.note(value.sentence)
        return
    many = is_many(value)
    found: Iterable[Record] = records(value) if is_many(value) else [record(value)]
    found = chosen(found, line.options.get("fields"))
    query = line.options.get("query")
    if asked is None and query is not None:
        asked = "json"
    match asked:
        case "json":
            show_json(found, many=many, query=query)
        case "jsonl":
            show_lines(found, query=query)
        case "csv":
            from usermgr_cli.output._csv import show_csv  # noqa: PLC0415 - only where it is asked for

            show_csv(found)
        case _ if asked == "table" or sys.stdout.isatty():
            from usermgr_cli.output._table import show_table  # noqa: PLC0415 - it imports rich

            show_table(found, many=many, utc=bool(line.options.get("utc")), color=line.options.get("color"))
        case _:
            from usermgr_cli.output._plain import show_plain  # noqa: PLC0415 - only in a pipe

            show_plain(found, many=many, utc=bool(line.options.get("utc")))
