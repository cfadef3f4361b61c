"""The options that every command takes, before the command's name or after it.

Commands do not declare them: `share` adds them to whatever was loaded, a command of another package too.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any
from weakref import WeakSet

import click

from usermgr_cli._completing import complete_profiles
from usermgr_cli._line import Line
from usermgr_cli._usage import refuse_surplus, resolve

__all__ = ["share", "shared_options"]

FILE = click.Path(exists=True, dir_okay=False)
OUTPUTS = click.Choice(("table", "json", "jsonl", "csv"))
PREFIX = "usermgr_"
"""Of the options' names in click, so that a command may have a parameter called `settings`."""
COLORS = click.Choice(("auto", "always", "never"))

FLAG: dict[str, Any] = {"is_flag": True, "default": None}

OPTIONS: list[tuple[str, list[str], str, dict[str, Any]]] = [
    ("profile", ["--profile"], "The profile to use.", {"metavar": "NAME", "shell_complete": complete_profiles}),
    ("env_file", ["--env-file"], "A file of NAME=value lines with settings.", {"type": FILE}),
    ("settings", ["--set"], "A setting, above all others.", {"metavar": "NAME=VALUE", "multiple": True}),
    ("output", ["-o", "--output"], "How to print data (a table on a terminal, tabs in a pipe).", {"type": OUTPUTS}),
    ("fields", ["--fields"], "The fields to print; attributes by their names.", {"metavar": "A,B"}),
    ("query", ["--query"], "A JMESPath expression over the data.", {"metavar": "EXPRESSION"}),
    ("utc", ["--utc"], "Show times in UTC, and not in local time.", FLAG),
    ("color", ["--color"], "Whether to use colours; NO_COLOR is respected.", {"type": COLORS}),
    ("yes", ["-y", "--yes"], "Answer the questions before destruction with yes.", FLAG),
    ("no_input", ["--no-input"], "Never ask; what would be asked for is an error.", FLAG),
    ("quiet", ["-q", "--quiet"], "Tell nothing but data and errors.", FLAG),
    ("debug", ["--debug"], "Tell each request, without secrets, and where an error came from.", FLAG),
]
"""By what name `Line.options` has it, how it is written, its help, and the rest of what click needs."""

_shared: WeakSet[click.Command] = WeakSet()


class _Option(click.Option):
    """An option whose help stands elsewhere; unlike a hidden one, the shell completes it."""

    def get_help_record(self, ctx: click.Context) -> None:
        """None."""
        del ctx


def shared_options(*, listed: bool, beside: Iterable[click.Parameter] = ()) -> list[click.Parameter]:
    """The options, without those that a command has `beside` them; `listed` where their help stands."""
    kind = click.Option if listed else _Option
    taken = {name for parameter in beside for name in (*parameter.opts, *parameter.secondary_opts)}
    return [
        kind([*names, PREFIX + kept], help=text, expose_value=False, callback=_keep, **how)
        for kept, names, text, how in OPTIONS
        if not taken.intersection(names)
    ]


def share(command: click.Command, *, settles: bool = True) -> click.Command:
    """Gives the command, and those below it, the shared options.

    Settings are put in force before it runs, unless it `settles` nothing, as what shows the settings themselves.
    """
    if command in _shared:
        return command
    _shared.add(command)
    command.params.extend(shared_options(listed=False, beside=command.params))
    if isinstance(command, click.Group):
        _word_errors(command)
        for inner in command.commands.values():
            share(inner, settles=settles)
    elif command.callback is not None:
        checks_surplus = not command.allow_extra_args
        command.allow_extra_args = True  # click's error would repeat them
        command.callback = _prepared(command.callback, settles=settles, checks_surplus=checks_surplus)
    return command


def _word_errors(group: click.Group) -> None:
    if type(group).resolve_command is click.Group.resolve_command:
        words: Any = functools.partial(resolve, group)  # on this one group, whoever made it
        group.resolve_command = words


def _keep(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    line = context.find_object(Line)
    if line is not None and value not in (None, ()):
        line.options[(parameter.name or "").removeprefix(PREFIX)] = value
    return value


def _prepared(callback: Callable[..., Any], *, settles: bool, checks_surplus: bool) -> Callable[..., Any]:
    """The callback, before which everything is checked that can be: what it prints must not fail once it has run."""

    @functools.wraps(callback)
    def run(*args: Any, **kwargs: Any) -> Any:
        context = click.get_current_context()
        if checks_surplus:
            refuse_surplus(context)
        line = context.find_object(Line)
        if line is not None:
            if "query" in line.options or "fields" in line.options:
                from usermgr_cli._output import check  # noqa: PLC0415 - only where something is chosen

                check(line, callback)
            if settles:
                line.settle()
        return callback(*args, **kwargs)

    return run
