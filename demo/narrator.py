"""Tells the demo: one line a step, rich on a terminal, plain in a pipe."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape

__all__ = ["DemoError", "Narrator", "expect"]


class DemoError(Exception):
    """A step did not show what it promised."""


class Narrator:
    """Counts the steps, shows the values, and says which step failed."""

    def __init__(self) -> None:
        self._console = Console(highlight=False, soft_wrap=True)
        self._number = 0
        self._title = ""

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Announces a step, and tells how long it took."""
        self._number += 1
        self._title = title
        self._console.print(f"[bold cyan]{self._number}.[/] [bold]{escape(title)}[/]")
        started = time.monotonic()
        with self._console.status(f"{escape(title)} ..."):
            yield
        self._console.print(f"   [green]done[/] in {time.monotonic() - started:.1f} s")

    def show(self, name: str, value: object) -> None:
        """A real value, under its name."""
        self._console.print(f"   {escape(name)}: [yellow]{escape(str(value))}[/]")

    def fail(self, why: str) -> None:
        """Says which step failed, and why, on standard error."""
        Console(stderr=True, highlight=False, soft_wrap=True).print(
            f"[bold red]failed[/] in step {self._number} ({escape(self._title)}): {escape(why)}"
        )

    def say(self, text: str) -> None:
        """A sentence between or after steps."""
        self._console.print(escape(text))


def expect(truth: object, promise: str) -> None:
    """Ends the demo where a promise is not kept."""
    if not truth:
        raise DemoError(f"not so: {promise}")
