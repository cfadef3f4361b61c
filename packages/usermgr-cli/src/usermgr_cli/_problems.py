"""How a failure is told: one sentence with its code, and the remedy where there is one."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from usermgr_cli._text import CONTROLS, one_line, visible

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["as_json", "tell", "write_error"]


def tell(line: Line, message: str, code: str, *, remedy: str | None = None, error: BaseException | None = None) -> None:
    """Tells it on standard error: as text, or as JSON to a program."""
    if line.debug and error is not None:
        write_error(visible("".join(traceback.format_exception(error)).rstrip("\n"), keep="\n"))
    if line.is_agent:
        members: dict[str, Any] = {"code": code, "message": message}
        if remedy is not None:
            members["remedy"] = remedy
        write_error(as_json({"error": members}))
        return
    name, end = (
        _style("usermgr:", "1;31", line.options.get("color")),
        _style(f"[{code}]", "2", line.options.get("color")),
    )
    write_error(f"{name} {one_line(message)} {end}")
    if remedy is not None:
        write_error(f"  {one_line(remedy)}")


def as_json(members: dict[str, Any]) -> str:
    """A line of JSON without a character that a terminal would obey."""
    text = json.dumps(members, ensure_ascii=False)
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_error(text: str) -> None:
    """A line to standard error. Where nobody can read there, the exit status still says what happened."""
    with suppress(OSError, ValueError, AttributeError):  # it is full, closed, or was never there
        print(text, file=sys.stderr, flush=True)


def _style(text: str, code: str, color: str | None) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if has_color(color) else text


def has_color(color: str | None) -> bool:
    """Whether standard error gets colours: `--color` decides, then NO_COLOR, then whether it is a terminal."""
    if color in ("always", "never"):
        return color == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return sys.stderr is not None and sys.stderr.isatty()  # pyright: ignore[reportUnnecessaryComparison] - it may be closed
