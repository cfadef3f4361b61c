"""`usermgr schema COMMAND`: the fields that a command prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from usermgr_cli._line import Line

if TYPE_CHECKING:
    from usermgr_cli._schema import Field

__all__ = ["command"]


@click.command(name="schema")
@click.argument("words", nargs=-1, required=True, metavar="COMMAND...")
@click.pass_obj
def command(line: Line, words: Sequence[str]) -> list[Field]:
    """Show the fields that a command prints, and their types, as in `usermgr schema user list`."""
    from usermgr_cli._schema import fields_of  # noqa: PLC0415 - help needs no schema

    context = click.get_current_context().find_root()
    found: click.Command = context.command
    for word in words:
        if not isinstance(found, click.Group):
            raise click.UsageError(f"{context.command_path} is one command: name it without more words")
        _, inner, _ = found.resolve_command(context, [word])
        if inner is None:
            raise click.UsageError("there is no such command")
        context = click.Context(inner, parent=context, info_name=word)
        found = inner
    if isinstance(found, click.Group):
        names = ", ".join(found.list_commands(context))
        raise click.UsageError(f"{context.command_path} has commands, name one of them: {names}")
    if found.callback is None:
        return []
    many, fields = fields_of(found.callback)
    if fields:
        line.note(f"Each record of {context.command_path} has:" if many else f"{context.command_path} has:")
    else:
        line.note(f"{context.command_path} does not tell its fields.")
    return fields
