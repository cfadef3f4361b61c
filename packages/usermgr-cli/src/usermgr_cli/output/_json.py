"""JSON, and JSON lines: UTF-8 whatever the locale, and no control character that a terminal would obey."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any

import click

from usermgr_cli._text import CONTROLS

__all__ = ["show_json", "show_lines"]


def show_json(found: Iterable[dict[str, Any]], *, many: bool, query: str | None) -> None:
    """One value: the record, or a list of them that is written as they come."""
    if query is not None:
        everything: Any = list(found)
        _write(_text(_search(query, everything if many else everything[0]), indent=2) + "\n")
        return
    if not many:
        for each in found:
            _write(_text(each, indent=2) + "\n")
        return
    first = True
    for each in found:
        _write(("[\n  " if first else ",\n  ") + _text(each))
        first = False
    _write("[]\n" if first else "\n]\n")


def show_lines(found: Iterable[dict[str, Any]], *, query: str | None) -> None:
    """A value a line. A query is applied to each, and what it answers with null is left out."""
    for each in found:
        value = each if query is None else _search(query, each)
        if value is not None:
            _write(_text(value) + "\n")


def _search(query: str, value: Any) -> Any:
    import jmespath  # noqa: PLC0415 - only a query needs it
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - as above

    try:
        return jmespath.search(query, value)
    except JMESPathError as error:
        raise click.UsageError(f"--query is no JMESPath expression that fits: {error}") from None


def _text(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode())
