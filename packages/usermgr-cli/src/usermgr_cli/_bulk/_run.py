"""Runs work on many users: with progress, and with an end that says what was done and how to go on."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from usermgr.commands import Done
from usermgr_cli._bulk._files import Files, to_go_on
from usermgr_cli._exits import Exit

if TYPE_CHECKING:
    from usermgr_bulk import Progress, Summary
    from usermgr_cli._line import Line

__all__ = ["RUN", "finished", "nothing_to_do", "run"]

RUN = {
    "rows": int, "created": int, "changed": int, "unchanged": int, "failed": int, "skipped": int, "unknown": int,
    "complete": bool, "report": str | None,
}  # fmt: skip
"""The fields of a run's end, for `usermgr schema`."""


def run(
    line: Line,
    files: Files,
    work: Callable[[Callable[[Progress], None]], Summary],
    *,
    doing: str = "Working",
    again: str | None = None,
) -> Summary:
    """Does the work, which is given whom to tell how far it is; `again` is the command line that goes on.

    Raises:
        KeyboardInterrupt: with what was done, and the command line that goes on.
        BulkStoppedError: likewise; the status is that of what stopped it.
        WriteFailedError: whoever read the output went away. The run ended in order, and its journal is kept.
    """
    from usermgr.errors import InvalidInputError  # noqa: PLC0415 - help needs none of it
    from usermgr_bulk import BulkInterruptedError, BulkStoppedError  # noqa: PLC0415 - as above
    from usermgr_cli._stdout import WriteFailedError  # noqa: PLC0415 - as above

    def told(progress: Progress) -> None:
        if progress.done != progress.total:  # what is all done is told, whoever reads it
            _check_readers()
        tell(progress)

    line.way_on = f"go on with: {again or to_go_on(line.arguments, '--resume')}"
    try:
        with line.progress(doing) as tell:
            summary = work(told)
    except BulkInterruptedError as end:
        raise KeyboardInterrupt(f"interrupted after {end.summary}") from None
    except KeyboardInterrupt:  # before the first row
        if not files.journal.exists():
            line.way_on = "nothing was changed"
        raise
    except BulkStoppedError as error:
        if isinstance(error.__cause__, BrokenPipeError):
            raise WriteFailedError(error.__cause__) from None
        error.remedy = line.way_on
        if isinstance(error.__cause__, InvalidInputError):  # of the input, which is the same when the run goes on
            error.remedy = f"mend the input and remove the journal {files.journal}; then begin anew"
        raise
    line.way_on = None
    return summary


def _check_readers() -> None:
    """Raises `BrokenPipeError` where whoever read the output is gone: nothing more is done unseen."""
    import select  # noqa: PLC0415 - only long work needs it

    poll = select.poll()
    for descriptor in (1, 2):
        poll.register(descriptor, 0)  # a pipe without a reader is told unasked
    if any(event & select.POLLERR for _, event in poll.poll(0)):
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def nothing_to_do(sentence: str) -> Done:
    """The end of a run that has no rows."""
    counts = {name: 0 for name, kind in RUN.items() if kind is int}
    return Done(sentence, {**counts, "complete": True, "report": None})


def finished(line: Line, files: Files, summary: Summary, **more: Any) -> Done:
    """The end of a run that went through its whole input. Some rows may have failed: that is its status."""
    if not summary.all_succeeded:
        line.exit = Exit.PARTIAL
    files.done()
    counts = {outcome.value: number for outcome, number in summary.counts.items()}
    return Done(
        f"{summary}. What became of each is in {files.report}",
        {"rows": summary.rows, **counts, "complete": summary.complete, "report": str(files.report), **more},
    )
