"""`usermgr user`: one person at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from usermgr_cli._line import Line

if TYPE_CHECKING:
    from usermgr import User
    from usermgr.commands import Done

__all__ = ["command"]


@click.group(help="Add, find, change and remove users.")
def command() -> None:
    """The group of commands."""


@command.command()
@click.argument("username")
@click.pass_obj
def show(line: Line, username: str) -> User:
    """Show a user."""
    return line.users.get_user(username)


@command.command(name="list")
@click.option("--limit", type=click.IntRange(min=1), help="How many at most.")
@click.pass_obj
def list_(line: Line, limit: int | None) -> Iterator[User]:
    """List the users."""
    for number, user in enumerate(line.users.search_users()):
        if limit is not None and number >= limit:
            return
        yield user


@command.command()
@click.argument("username")
@click.pass_obj
def delete(line: Line, username: str) -> Done:
    """Delete a user."""
    from usermgr.commands import Done  # noqa: PLC0415 - as all of usermgr, once the command runs

    user = line.users.get_user(username)
    line.confirm(f"Delete the user {user.username}? This cannot be undone.")
    line.users.delete_user(user.username)
    return Done(f"{user.username} is deleted", {"username": user.username, "outcome": "deleted"})
