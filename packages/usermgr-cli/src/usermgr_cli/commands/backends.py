"""`usermgr backends`: what can hold users here, and what could."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from usermgr_cli._line import Line

if TYPE_CHECKING:
    from usermgr.frontends import KnownStore

__all__ = ["command"]


@click.command()
@click.pass_obj
def command(line: Line) -> list[KnownStore]:
    """List the backends and activity stores: those that are installed, and how to get the others."""
    from usermgr.frontends import known_stores  # noqa: PLC0415 - help needs none of it

    found = known_stores()
    for kind, variable in (("backend", "USERMGR_BACKEND"), ("activity store", "USERMGR_ACTIVITY")):
        named = os.environ.get(variable)
        if not named:
            line.note(f"No {kind} is in force: {variable} names one.")
        elif not any(each.in_force for each in found if each.kind == kind):
            line.note(f"{variable} names {named}, and no {kind} of that name is known here.")
    return found
