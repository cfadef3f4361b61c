"""The files of a run: the journal with which it can go on, and the report."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from glob import escape
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["Files", "files_option", "new_name", "tell_of_earlier_runs", "to_go_on"]


@dataclass(frozen=True, slots=True)
class Files:
    """Where a run writes. The journal is there until the run is complete, and the report stays."""

    journal: Path
    report: Path

    @classmethod
    def beside(cls, stem: Path, given: dict[str, Any], *, resume: bool) -> Files:
        """Those that were given, and else names beside `stem`.

        Raises `click.UsageError` where a journal that is needed is missing, where one is there that an earlier run has
        left, and where a folder is missing, so that no work is done whose end could not be told.
        """
        files = cls(
            Path(given["journal"] or f"{stem}.journal"),
            Path(given["report"] or f"{stem}.report.jsonl"),
        )
        for path in (files.journal, files.report):
            if not path.parent.is_dir():
                raise click.UsageError(f"there is no folder {path.parent}: make it, or name another file")
            if not os.access(path.parent, os.W_OK):
                raise click.UsageError(
                    f"the folder {path.parent} cannot be written: name files elsewhere with --journal and --report"
                )
        begun = files.journal.exists() and files.journal.stat().st_size > 0
        if resume and not begun:
            raise click.UsageError(f"there is no journal {files.journal}, so nothing to go on with: leave --resume out")
        if begun and not resume:
            raise click.UsageError(
                f"an earlier run has left the journal {files.journal}: go on with --resume, or remove it to begin anew"
            )
        return files

    def done(self) -> None:
        """The run is complete: the report has all of it, and the same command begins a new run."""
        self.journal.unlink(missing_ok=True)


def files_option(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options `--journal`, `--report` and `--resume`."""
    path = click.Path(dir_okay=False)
    for option in (
        click.option("--resume", is_flag=True, help="Go on with a run that was interrupted."),
        click.option("--report", type=path, metavar="FILE", help="Where the report goes, if not beside the input."),
        click.option("--journal", type=path, metavar="FILE", help="Where the journal goes, if not beside the input."),
    ):
        function = option(function)
    return function


def new_name(stem: str, suffix: str) -> Path:
    """A name that no file has: with the time, and with a number where two begin in one second."""
    stem = f"{stem}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    more = (Path(f"{stem}-{number}{suffix}") for number in count(2))
    return next(path for path in chain([Path(stem + suffix)], more) if not path.exists())


def tell_of_earlier_runs(line: Line, stem: str, suffix: str, journal: Callable[[Path], Path], *command: str) -> None:
    """A run that was killed could not say how to go on; begun anew, it may send its messages twice.

    Each had a file that `new_name` named, beside its `journal`. `command` ends with the option that takes that file.
    """
    for path in sorted(Path(stem).parent.glob(f"{escape(Path(stem).name)}-*{suffix}")):
        if journal(path).exists():
            again = to_go_on(command, str(path), "--resume")
            line.note(f"An earlier run has not ended. With the options that it had, this goes on with it: {again}")


def to_go_on(arguments: Sequence[str], *more: str) -> str:
    """The command line that goes on. No secret is in it, because no option takes one."""
    return shlex.join(["usermgr", *arguments, *(word for word in more if word not in arguments)])
