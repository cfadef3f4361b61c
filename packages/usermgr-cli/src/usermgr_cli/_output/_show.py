"""Prints what a command returned."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

import click

from usermgr.commands import Done, Report
from usermgr_cli._output._choice import chosen, field_names, queried
from usermgr_cli._output._plain_data import is_many, plain
from usermgr_cli._output._report import show_report
from usermgr_cli._stdout import flush, write

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["show"]


def show(line: Line, value: Any) -> None:
    """Prints it. A stream is printed as it comes, in constant memory, but for a `--query`, which needs all of it.

    Where nothing can be printed any more, a stream is told so before anything else: a command that changes the store
    while it prints stops in order.
    """
    try:
        _show(line, value)
        flush()
    finally:
        close = getattr(value, "close", None)
        if close is not None and is_many(value):
            close()


def _show(line: Line, value: Any) -> None:
    asked = line.options.get("output") or ("json" if line.is_agent else None)
    fields, query = line.options.get("fields"), line.options.get("query")
    if isinstance(value, Done):
        line.done = value.sentence
        if asked in (None, "table") and fields is None and query is None:
            line.note(value.sentence)
            if "password" in value.data:  # made for this command, and shown this once
                write(f"{value.data['password']}\n")
            return
    if isinstance(value, Report):
        if asked in (None, "table") and fields is None and query is None:
            show_report(cast("Report[Any]", value), color=line.options.get("color"))
            return
        value = cast("Report[Any]", value).data
    many = is_many(value)
    found: Iterable[Any] = (plain(each) for each in value) if is_many(value) else [plain(value)]
    if query is not None:
        many, found = _queried(line, query, found, many=many)
    names = None if fields is None else field_names(fields)
    if names is not None:
        found = chosen(found, names, lenient=line.done is not None)
    _print(line, asked, found, many=many, names=names)


def _queried(line: Line, query: str, found: Iterable[Any], *, many: bool) -> tuple[bool, Iterable[Any]]:
    everything: list[Any] = list(found)
    data: Any = everything if many else everything[0]
    try:
        result = queried(query, data)
    except click.UsageError as error:
        if line.done is None:
            raise
        line.note(error.message)  # what was done is done
        result = data
    return (True, cast("list[Any]", result)) if isinstance(result, list) else (False, [result])


def _print(line: Line, asked: str | None, found: Iterable[Any], *, many: bool, names: list[str] | None) -> None:
    utc, color = bool(line.options.get("utc")), line.options.get("color")
    match asked:
        case "json":
            from usermgr_cli._output._json import show_json  # noqa: PLC0415 - only where it is asked for

            show_json(found, many=many)
        case "jsonl":
            from usermgr_cli._output._json import show_json_lines  # noqa: PLC0415 - as above

            show_json_lines(found)
        case "csv":
            from usermgr_cli._output._csv import show_csv  # noqa: PLC0415 - as above

            show_csv(found, names)
        case _ if asked == "table" or sys.stdout.isatty():
            from usermgr_cli._output._table import show_table  # noqa: PLC0415 - it imports rich

            if line.layout is not None and names is None and line.options.get("query") is None:
                found = map(line.layout, found)
            any_rows, left_out = show_table(found, many=many, names=names, utc=utc, color=color)
            if not any_rows:
                line.note("There are none.")
            if left_out:
                line.note(f"There is no room for {', '.join(left_out)}: widen the window, or choose with --fields.")
        case _:
            from usermgr_cli._output._plain import show_plain  # noqa: PLC0415 - only in a pipe

            show_plain(found, many=many, names=names)
