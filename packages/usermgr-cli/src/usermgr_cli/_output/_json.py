"""JSON, and JSON lines: UTF-8 whatever the locale, and no control character that a terminal would obey."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from usermgr_cli._stdout import write
from usermgr_cli._text import CONTROLS

__all__ = ["show_json", "show_json_lines"]


def show_json(found: Iterable[Any], *, many: bool) -> None:
    """One value, or a list that is written as it comes."""
    if not many:
        for each in found:
            write(_text(each, indent=2) + "\n")
        return
    first = True
    for each in found:
        write(("[\n  " if first else ",\n  ") + _text(each))
        first = False
    write("[]\n" if first else "\n]\n")


def show_json_lines(found: Iterable[Any]) -> None:
    """A value a line."""
    for each in found:
        write(_text(each) + "\n")


def _text(value: Any, indent: int | None = None) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return CONTROLS.sub(lambda found: found[0] if found[0] == "\n" else f"\\u{ord(found[0]):04x}", text)
