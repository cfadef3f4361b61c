"""What is wrong with `--query` and `--fields`, said before the command runs: once it has, it is too late to refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._output._choice import compiled, field_names, unknown_field

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["check"]


def check(line: Line, callback: Callable[..., Any]) -> None:
    """Raises `click.UsageError` for an expression that does not parse, and a field that the command does not print."""
    query = line.options.get("query")
    if query is not None:
        compiled(query)
    fields = line.options.get("fields")
    if fields is None:
        return
    names = field_names(fields)
    if query is not None:
        return
    from usermgr_cli._schema import members_of  # noqa: PLC0415 - only where fields are named

    members = members_of(callback)
    if members:
        for name in names:
            problem = unknown_field(name, members)
            if problem is not None:
                raise click.UsageError(problem)
