"""Data that has a text of its own for people: lines whose first character says what they are."""

from __future__ import annotations

import sys
from typing import Any

from usermgr.commands import Report
from usermgr_cli._problems import write_error
from usermgr_cli._stdout import Stdout, write
from usermgr_cli._text import visible

__all__ = ["show_report"]


def show_report(report: Report[Any], *, color: str | None, stderr: bool = False) -> None:
    """Prints the text; with colours on a terminal alone, unless `--color` says otherwise. Raises `WriteFailedError`.

    With `stderr` it is no data, but what a question is about.
    """
    lines = [visible(line) for line in report.text.splitlines()]
    terminal = (sys.stderr if stderr else sys.stdout).isatty()
    if not report.styles or (color != "always" and (color == "never" or not terminal)):
        for line in lines:
            write_error(line) if stderr else write(f"{line}\n")
        return
    from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
    from rich.text import Text  # noqa: PLC0415 - as above

    file: Any = None if stderr else Stdout()
    console = Console(file=file, stderr=stderr, force_terminal=True if color == "always" else None, highlight=False)
    for line in lines:
        console.print(Text(line, style=report.styles.get(line.lstrip()[:1], "")), soft_wrap=True)
