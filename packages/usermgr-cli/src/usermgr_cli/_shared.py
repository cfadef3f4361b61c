"""The options that every command takes, before the command's name or after it.

Commands do not declare them: `share` adds them to whatever was loaded, a command of another package too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

import click

from usermgr_cli._line import Line

__all__ = ["share", "shared_options"]

OUTPUTS = ("table", "json", "jsonl", "csv")
COLORS = ("auto", "always", "never")

FLAG: dict[str, Any] = {"is_flag": True, "default": None}

OPTIONS: list[tuple[list[str], str, dict[str, Any]]] = [
    (["--profile"], "The profile to use.", {"metavar": "NAME"}),
    (["--env-file"], "A file of NAME=value lines with settings.", {"type": click.Path(exists=True, dir_okay=False)}),
    (["--set", "settings"], "A setting, above all others.", {"metavar": "NAME=VALUE", "multiple": True}),
    (["-o", "--output"], "How to print data (a table on a terminal, tabs in a pipe).", {"type": click.Choice(OUTPUTS)}),
    (["--fields"], "The fields to print; attributes by their names.", {"metavar": "A,B"}),
    (["--query"], "A JMESPath expression over the data.", {"metavar": "EXPRESSION"}),
    (["--utc"], "Show times in UTC, and not in local time.", FLAG),
    (["--color"], "Whether to use colours; NO_COLOR is respected.", {"type": click.Choice(COLORS)}),
    (["-y", "--yes"], "Answer the questions before destruction with yes.", FLAG),
    (["--no-input"], "Never ask; what would be asked for is an error.", FLAG),
    (["--debug"], "Tell each request, without secrets, and where an error came from.", FLAG),
]
"""Names, help, and the rest of what click needs."""

_shared: WeakSet[click.Command] = WeakSet()


def shared_options(*, hidden: bool) -> list[click.Parameter]:
    """The options; `hidden` where their help stands elsewhere."""
    return [
        click.Option(names, help=text, expose_value=False, callback=_keep, hidden=hidden, **how)
        for names, text, how in OPTIONS
    ]


def share(command: click.Command) -> click.Command:
    """Gives the command, and those below it, the shared options; settings are put in force before it runs."""
    if command in _shared:
        return command
    _shared.add(command)
    command.params.extend(shared_options(hidden=True))
    if isinstance(command, click.Group):
        for inner in command.commands.values():
            share(inner)
    elif command.callback is not None:
        command.callback = _settled(command.callback)
    return command


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    line = context.find_object(Line)
    if line is not None and value not in (None, ()):
        line.options[parameter.name] = value
    return value


def _settled(callback: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        line = click.get_current_context().find_object(Line)
        if line is not None:
            line.settle()
        return callback(*args, **kwargs)

    return run
