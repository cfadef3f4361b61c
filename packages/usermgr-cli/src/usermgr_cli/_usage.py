"""What is wrong with the words of a command, in one sentence.

No word is repeated that stands where none should, and no option that does not exist: it may be a password.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

import click

__all__ = ["no_such_command", "refuse_surplus", "resolve", "sentence"]


def sentence(error: click.UsageError) -> str:
    """The sentence for the error."""
    if isinstance(error, click.NoSuchOption):
        return _no_such_option(error)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return "name a command"
    return error.format_message().rstrip(".")


def _no_such_option(error: click.NoSuchOption) -> str:
    name = error.option_name
    known = _options(error.ctx)
    if name.lstrip("-").lower().startswith(("pass", "pw", "secret")):
        ways = [each for each in known if "password" in each]
        if ways:
            return (
                "there is no such option: a password is no word of a command, because everybody on the machine can see "
                f"those; give {', '.join(ways)}"
            )
    near = difflib.get_close_matches(name, known, n=1)
    return f"there is no such option: did you mean {near[0]}?" if near else "there is no such option"


def _options(context: click.Context | None) -> list[str]:
    if context is None:
        return []
    return [name for each in context.command.get_params(context) for name in each.opts if name.startswith("--")]


def no_such_command(context: click.Context, name: str, known: Iterable[str]) -> click.UsageError:
    """The error for a name that is none, with what it looks like."""
    near = difflib.get_close_matches(name, list(known), n=1)
    if near:
        return click.UsageError(f"there is no such command: did you mean `{context.command_path} {near[0]}`?", context)
    return click.UsageError("there is no such command", context)


def refuse_surplus(context: click.Context) -> None:
    """Raises `click.UsageError` where there are more words than the command takes."""
    if context.args:
        takes = [each for each in context.command.params if isinstance(each, click.Argument)]
        names = " ".join(each.make_metavar(context) for each in takes)
        what = f"this command takes {names}" if names else "this command takes no argument"
        number = len(context.args)
        raise click.UsageError(
            f"there {'is 1 argument' if number == 1 else f'are {number} arguments'} too many: {what}", context
        )


def resolve(
    group: click.Group, context: click.Context, args: Sequence[str], others: Iterable[str] = ()
) -> tuple[str | None, click.Command | None, list[str]]:
    """As `click.Group.resolve_command`, whose error repeats the name; `others` are names that it does not list."""
    name = args[0]
    command: Any = group.get_command(context, name)
    if command is None and not context.resilient_parsing:
        if name.startswith("-"):
            raise click.NoSuchOption(name, ctx=context)
        raise no_such_command(context, name, [*group.list_commands(context), *others])
    return (name if command is not None else None), command, list(args[1:])
