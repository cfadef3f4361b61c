"""Writes docs/cli-reference.md from the commands themselves: what they take, and what they print.

uv run python -m tools.cli_docs [--check]
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Iterator

import click

from tools import generated
from usermgr_cli._exits import Exit
from usermgr_cli._root import root
from usermgr_cli._schema import fields_of
from usermgr_cli._shared import OPTIONS, PREFIX

__all__ = ["commands", "main", "rendered"]

PAGE = generated.ROOT / "docs" / "cli-reference.md"


def main() -> int:
    """The command."""
    return generated.main("Writes docs/cli-reference.md from the commands.", [PAGE], lambda _: rendered())


def commands(
    command: click.Command = root, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words after `usermgr`, and the groups before the commands in them."""
    if words:
        yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command, info_name=" ".join(("usermgr", *words)))
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None and not inner.hidden:
                yield from commands(inner, (*words, name))


def rendered() -> str:
    """The whole page."""
    return "\n".join([
        "# Commands",
        "",
        "Written by `make docs` from the commands. Do not edit this page. [cli.md](cli.md) says how they all behave.",
        "",
        "## What every command takes",
        "",
        "Before the command's name or after it.",
        "",
        "| option | what it does |",
        "| --- | --- |",
        *(_option(each) for each in root.params if isinstance(each, click.Option)),
        "",
        "## How a command ends",
        "",
        "| status | when |",
        "| --- | --- |",
        *_statuses(),
        "",
        *(line for words, command in commands() for line in _command(words, command)),
    ])  # fmt: skip


def _statuses() -> Iterator[str]:
    sentences = {
        Exit.OK: "all went well",
        Exit.FAILURE: "it failed; the sentence says why. A question that was answered with no ends so too",
        Exit.USAGE: "something about the command, its input or its settings is wrong; nothing was changed",
        Exit.NOT_FOUND: "what the command names does not exist",
        Exit.DENIED: "not authenticated, or not allowed; also where that ended a run in the middle",
        Exit.PARTIAL: "of many, some were done and others not; the report says which",
        Exit.CHANGES: "a plan has changes",
        Exit.HUNG_UP: "the terminal was closed (SIGHUP)",
        Exit.INTERRUPTED: "Ctrl-C (SIGINT); the sentence says how to go on",
        Exit.BROKEN_PIPE: "whoever read the output went away, as `head` does",
        Exit.TERMINATED: "SIGTERM, as of `kill`, a service that is stopped, or a job that is cancelled; as Ctrl-C",
    }
    return (_row(str(int(each)), sentences[each]) for each in Exit)


def _command(words: tuple[str, ...], command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=" ".join(("usermgr", *words)))
    text = _prose(command.help or command.short_help or "")
    yield f"{'#' * (len(words) + 1)} `{context.command_path}`"
    yield ""
    yield from (text, "") if text else ()
    if isinstance(command, click.Group):
        return
    pieces = command.collect_usage_pieces(context)
    yield from ("```", " ".join((context.command_path, *pieces)), "```", "")
    options = [each for each in command.params if isinstance(each, click.Option) and not _is_shared(each)]
    if options:
        yield from ("| option | what it does |", "| --- | --- |", *map(_option, options), "")
    if command.callback is not None:
        many, fields = fields_of(command.callback)
        if fields:
            listed = ", ".join(f"`{each.field}` ({each.type})" for each in fields)
            yield from (f"Prints {'for each' if many else 'once'}: {listed}.", "")


def _is_shared(option: click.Option) -> bool:
    return (option.name or "").startswith(PREFIX) and (option.name or "").removeprefix(PREFIX) in {
        kept for kept, *_ in OPTIONS
    }


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{name}`" for name in (*option.opts, *option.secondary_opts))
    metavar = "" if option.is_flag or option.count else f" `{option.make_metavar(click.Context(root))}`"
    text = option.help or ""
    if option.required:
        text += " Required."
    return _row(names + metavar, _prose(text))


def _prose(text: str) -> str:
    return re.sub(r"\s*\n\s*", " ", inspect.cleandoc(text).replace("\b", "").replace("\f", "").strip())


def _row(*cells: str) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    sys.exit(main())
