"""Runs the command, and turns whatever happens into one exit status."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from usermgr_cli._exits import Exit, exit_of
from usermgr_cli._line import Line
from usermgr_cli._problems import tell
from usermgr_cli._root import root

__all__ = ["main", "run"]


def main() -> NoReturn:
    """The console script."""
    sys.exit(run(sys.argv[1:]))


def run(arguments: Sequence[str]) -> int:
    """Runs the command and returns its exit status."""
    line = Line()
    try:
        status = _run(line, arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has enough. Python would complain about the rest at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.BROKEN_PIPE
    except OSError as error:
        tell(line, f"the output cannot be written: {error.strerror}", "output", error=error)
        return Exit.FAILURE
    return status


def _run(line: Line, arguments: Sequence[str]) -> int:
    try:
        value = root.main(list(arguments), prog_name="usermgr", standalone_mode=False, obj=line)
        if isinstance(value, int):  # of --help and the like
            return value
        if value is not None:
            from usermgr_cli.output import show  # noqa: PLC0415 - help prints no data

            show(line, value)
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        tell(line, error.format_message(), "usage", remedy=_see_help(error))
        return Exit.USAGE
    except click.ClickException as error:
        tell(line, error.format_message(), "usage")
        return Exit.USAGE
    except (click.Abort, KeyboardInterrupt) as end:
        tell(line, str(end) or "interrupted", "interrupted")
        return Exit.INTERRUPTED
    except OSError:
        raise
    except Exception as error:
        from usermgr.errors import UsermgrError  # noqa: PLC0415 - only a failure needs it

        if not isinstance(error, UsermgrError):
            raise
        tell(line, error.message, error.code, remedy=getattr(error, "remedy", None), error=error)
        return exit_of(error)
    finally:
        line.close()
    return line.exit


def _see_help(error: click.UsageError) -> str | None:
    return None if error.ctx is None else f"see `{error.ctx.command_path} --help`"
