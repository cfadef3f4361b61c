"""Runs the command, and turns whatever happens into one exit status."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import click

from usermgr_cli import _stdout
from usermgr_cli._exits import Exit, exit_of
from usermgr_cli._line import Line
from usermgr_cli._problems import tell, write_error
from usermgr_cli._root import root
from usermgr_cli._usage import sentence

__all__ = ["main", "run"]

NAME = "usermgr"
COMPLETE = "_USERMGR_COMPLETE"
"""What click's completion scripts set."""


SETTINGS = (
    "settings come from --set, the environment, --env-file and the profile: `usermgr profile show` tells those in force"
)
NO_ROOM = (errno.EPIPE, errno.ENOSPC, errno.EBADF, errno.EIO)


def main() -> NoReturn:
    """The console script."""
    _stdout.open_missing()
    status = run(sys.argv[1:])
    try:
        sys.stdout.flush()
    except OSError:
        _stdout.discard()
    sys.exit(status)


def run(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit status."""
    line = Line(arguments)
    instruction = os.environ.get(COMPLETE)
    if instruction:
        from click.shell_completion import shell_complete  # noqa: PLC0415 - only a shell asks

        return shell_complete(root, {"obj": line}, NAME, COMPLETE, instruction)
    with line.interrupts:
        status = _told(line, arguments)
        return _closed(line, status)


def _told(line: Line, arguments: Sequence[str]) -> int:
    """The status of the run, whose failure is told."""
    try:
        return _run(line, arguments)
    except _stdout.WriteFailedError as error:
        return _unwritten(line, error)
    except click.exceptions.Exit as end:
        return _flushed(line, end.exit_code)
    except click.ClickException as error:
        return _misused(line, error)
    except (click.Abort, KeyboardInterrupt) as end:
        tell(line, str(end) or "interrupted", "interrupted", remedy=line.way_on, error=end)
        return line.interrupts.status
    except Exception as error:  # noqa: BLE001 - the outermost boundary: a person is told what to do, whatever it is
        return _failed(line, error)


def _run(line: Line, arguments: Sequence[str]) -> int:
    with root.make_context(NAME, list(arguments), obj=line) as context:
        value = root.invoke(context)
        if value is not None:
            from usermgr_cli._output import show  # noqa: PLC0415 - help prints no data

            show(line, value)
        _stdout.flush()
    return line.exit


def _flushed(line: Line, status: int) -> int:
    """The status of `--help` and the like, whose text has to be written too."""
    try:
        _stdout.flush()
    except _stdout.WriteFailedError as error:
        return _unwritten(line, error)
    return status


def _unwritten(line: Line, error: _stdout.WriteFailedError) -> int:
    """What has happened stays what it was: the status of a command that says more than that all went well."""
    _stdout.discard()
    if not error.is_pipe:
        after = f"{line.done}, and " if line.done else ""
        tell(line, f"{after}the output cannot be written: {error}", "output", error=error)
    if line.exit != Exit.OK:
        return line.exit
    if line.interrupts.came:  # the signal that says the same, of a terminal that was closed
        return line.interrupts.status
    return Exit.BROKEN_PIPE if error.is_pipe else Exit.FAILURE


def _misused(line: Line, error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError) and not line.is_agent:
        write_error(error.ctx.get_help())
        return Exit.USAGE
    if isinstance(error, click.UsageError):
        context: Any = error.ctx
        remedy = None if context is None else f"see `{context.command_path} --help`"
        tell(line, sentence(error), "usage", remedy=remedy, error=error)
        return Exit.USAGE
    # Of a package that knows nothing of usermgr: see `usermgr.commands`.
    code, remedy = getattr(error, "code", "failure"), getattr(error, "remedy", None)
    tell(line, error.format_message(), code, remedy=remedy, error=error)
    return error.exit_code


def _failed(line: Line, error: Exception) -> int:
    from usermgr.errors import ConfigurationError, UsermgrError  # noqa: PLC0415 - only a failure needs it

    if isinstance(error, UsermgrError):
        remedy: str | None = getattr(error, "remedy", None)
        if isinstance(error, ConfigurationError) and line.is_settled:  # the library's words are for who calls it
            remedy = remedy or SETTINGS
        tell(line, error.message, error.code, remedy=remedy, error=error)
        return exit_of(error)
    if isinstance(error, OSError):
        if error.filename is None and error.errno in NO_ROOM:  # help, which click prints
            return _unwritten(line, _stdout.WriteFailedError(error))
        where = f"{error.filename}: " if error.filename is not None else ""
        tell(line, f"{where}{error.strerror or error}", "file", error=error)
        return Exit.FAILURE
    # The text of an exception that nobody expected may hold anything.
    remedy = None if line.debug else "run the command again with --debug, and report what it tells"
    tell(line, f"this is a fault of usermgr: {type(error).__name__}", "fault", remedy=remedy, error=error)
    return Exit.FAILURE


def _closed(line: Line, status: int) -> int:
    """The status, or that of a store that cannot be closed."""
    try:
        line.close()
    except Exception as error:  # noqa: BLE001 - as above
        told = _failed(line, error)
        return status or told
    except KeyboardInterrupt:
        return status or line.interrupts.status
    return status
