"""How far long work is: a bar on a terminal, a line a minute elsewhere, and nothing for a program or with `--quiet`."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from usermgr_cli._text import visible

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

__all__ = ["HowFar", "Tell", "in_lines", "is_terminal", "on_terminal"]

SECONDS = 60.0
"""Between two lines."""


class HowFar(Protocol):
    """How far work is: `usermgr_bulk.Progress`, or something of its shape."""

    @property
    def done(self) -> int: ...
    @property
    def total(self) -> int | None: ...
    @property
    def counts(self) -> Mapping[Any, int]: ...
    @property
    def per_second(self) -> float: ...
    @property
    def seconds_left(self) -> float | None: ...
    @property
    def throttled(self) -> int: ...


Tell = Callable[[HowFar], None]


@contextmanager
def on_terminal(title: str, *, no_color: bool) -> Generator[Tell]:
    """A bar on standard error, with the rate and the time left, which goes when the work ends."""
    from rich.console import Console  # noqa: PLC0415 - only for a bar
    from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn  # noqa: PLC0415 - as above

    console = Console(stderr=True, no_color=True if no_color else None, highlight=False)
    bar: Bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TextColumn("{task.fields[how_far]}", markup=False),
        console=console,
        transient=True,
        expand=True,
    )
    task = bar.add_task(visible(title), total=None, how_far="")
    with bar:

        def tell(progress: HowFar) -> None:
            bar.update(task, completed=progress.done, total=progress.total, how_far=short(progress))

        yield tell


@contextmanager
def in_lines(
    title: str, write: Callable[[str], None], *, seconds: float = SECONDS, now: Callable[[], float] = time.monotonic
) -> Generator[Tell]:
    """A line each minute. Work that is done within the first has none."""
    last = now()

    def tell(progress: HowFar) -> None:
        nonlocal last
        if now() - last >= seconds:
            last = now()
            write(f"{title}: {long(progress)}")

    yield tell


def short(progress: HowFar) -> str:
    """The numbers beside a bar."""
    parts = [_number(progress.done) + (f"/{_number(progress.total)}" if progress.total is not None else "")]
    if progress.per_second:
        parts.append(f"{_rate(progress.per_second)}/s")
    if progress.seconds_left is not None:
        parts.append(f"{span(progress.seconds_left)} left")
    failed = progress.counts.get("failed", 0)
    if failed:
        parts.append(f"{_number(failed)} failed")
    return "  ".join(parts)


def long(progress: HowFar) -> str:
    """The numbers as a sentence's part."""
    of = f" of {_number(progress.total)}" if progress.total is not None else ""
    parts = [f"{_number(progress.done)}{of} done"]
    parts += [f"{_number(number)} {outcome}" for outcome, number in progress.counts.items() if number]
    if progress.per_second:
        parts.append(f"{_rate(progress.per_second)} a second")
    if progress.seconds_left is not None:
        parts.append(f"about {span(progress.seconds_left)} left")
    if progress.throttled:
        parts.append(f"slowed down by the service {_number(progress.throttled)} times")
    return ", ".join(parts)


def span(seconds: float) -> str:
    """A time as people say it: `45 s`, `12 min`, `3 h 20 min`.

    >>> span(45), span(125), span(12345)
    ('45 s', '3 min', '3 h 26 min')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = int(-(-seconds // 60))
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"


def _rate(per_second: float) -> str:
    return f"{per_second:.0f}" if per_second >= 10 else f"{per_second:.1f}"


def _number(number: int) -> str:
    return f"{number:,}"


def is_terminal() -> bool:
    """Whether standard error is a terminal that can move its cursor."""
    return sys.stderr.isatty() and os.environ.get("TERM", "") != "dumb"
