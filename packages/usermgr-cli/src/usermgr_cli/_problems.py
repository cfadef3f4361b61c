"""How a failure is told: one sentence with its code, and the remedy where there is one."""

from __future__ import annotations

import json
import os
import sys
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from usermgr_cli._text import CONTROLS, one_line, visible

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["as_json", "has_color", "tell", "write_error"]


def tell(line: Line, message: str, code: str, *, remedy: str | None = None, error: BaseException | None = None) -> None:
    """Tells it on standard error: as text, or as JSON to a program."""
    if line.debug and error is not None:
        write_error(visible(_trace(error), keep="\n"))
    if line.is_agent:
        members: dict[str, Any] = {"code": code, "message": message}
        if remedy is not None:
            members["remedy"] = remedy
        write_error(as_json({"error": members}))
        return
    name, end = "usermgr:", f"[{code}]"
    if has_color(line.options.get("color"), sys.stderr):
        name, end = f"\x1b[1;31m{name}\x1b[0m", f"\x1b[2m{end}\x1b[0m"
    write_error(f"{name} {one_line(message)} {end}")
    if remedy is not None and remedy not in message:
        write_error(f"  {one_line(remedy)}")


def _trace(error: BaseException | None) -> str:
    """Where the error came from, and what caused it. The text of an error that is none of ours may hold a secret."""
    from usermgr.errors import UsermgrError  # noqa: PLC0415 - only where somebody looks for a fault

    parts: list[str] = []
    while error is not None:
        text = f": {error.message}" if isinstance(error, UsermgrError) else ""
        parts.append(_places(error) + f"{type(error).__qualname__}{text}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\ncaused\n".join(reversed(parts))


def _places(error: BaseException) -> str:
    """The functions that it came through. The lines of code are not shown: a literal among them may be anything."""
    frames = traceback.extract_tb(error.__traceback__)
    return "".join(f"  {frame.filename}:{frame.lineno} in {frame.name}\n" for frame in frames)


def as_json(members: dict[str, Any]) -> str:
    """A line of JSON without a character that a terminal would obey."""
    text = json.dumps(members, ensure_ascii=False)
    return CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def write_error(text: str, *, end: str = "\n") -> None:
    """A line to standard error. Where nobody can read there, the exit status still says what happened."""
    with suppress(OSError, ValueError, AttributeError):  # it is full, closed, or was never there
        print(text, end=end, file=sys.stderr, flush=True)


def has_color(color: str | None, stream: TextIO | None) -> bool:
    """Whether the stream gets colours: `--color` decides, then NO_COLOR, then whether it is a terminal."""
    if color in ("always", "never"):
        return color == "always"
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream is not None and stream.isatty()
