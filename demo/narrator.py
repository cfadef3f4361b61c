"""Tells the demo: one line per step, then what it showed, in colour on a terminal and plain in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

__all__ = ["DemoError", "Narrator", "expect"]


class DemoError(Exception):
    """A step did not show what it promised."""


class Narrator:
    """Counts the steps, shows what each one found, and names the step that failed."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._number = 0
        self._title = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announces a step, and shows how long it took."""
        self._number += 1
        self._title = title
        self._console.print(f"[bold cyan]{self._number}.[/] [bold]{escape(title)}[/]")
        started = time.monotonic()
        with self._console.status(f"{escape(title)} ..."):
            yield
        self._console.print(f"   [green]done[/] in {time.monotonic() - started:.1f} s\n")

    def tell(self, sentence: str) -> None:
        """One sentence about what was just seen."""
        self._console.print(f"   {escape(sentence)}")

    def table(self, rows: Iterable[tuple[str, ...]]) -> None:
        """Rows of text, in columns. The first column names the row."""
        lines = list(rows)
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        for name, *values in lines:
            cells = "  ".join(value.ljust(width) for value, width in zip(values, widths[1:], strict=True)).rstrip()
            self._console.print(f"     {escape(name.ljust(widths[0]))}  [yellow]{escape(cells)}[/]")

    def fail(self, why: str) -> None:
        """Names the step that failed, and why, on standard error."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]failed[/] in step {self._number} ({escape(self._title)}): {escape(why)}"
        )

    def say(self, text: str) -> None:
        """A sentence after the steps."""
        self._console.print(escape(text))


def expect(truth: object, promise: str) -> None:
    """Ends the demo where a promise is not kept."""
    if not truth:
        raise DemoError(f"not so: {promise}")
