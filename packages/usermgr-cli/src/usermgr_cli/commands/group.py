"""`usermgr group`: groups, and who is in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Literal

import click

from usermgr_cli._completing import complete_groups
from usermgr_cli._line import Line
from usermgr_cli.commands import _layouts
from usermgr_cli.commands._capable import StoreGroup
from usermgr_cli.commands._each import DRY_RUN, USERNAMES, UserOutcome, each_user
from usermgr_cli.commands._telling import told

if TYPE_CHECKING:
    from usermgr import Group, User
    from usermgr.commands import Done

__all__ = ["command"]

PRECEDENCE = click.option(
    "--precedence",
    type=click.IntRange(min=0),
    metavar="N",
    help="Where a service must choose one group, the lowest wins.",
)
DESCRIPTION = click.option("--description", metavar="TEXT", help="What the group is for.")
NAME = click.argument("name", metavar="GROUP", shell_complete=complete_groups)
LIMIT = click.option("--limit", type=click.IntRange(min=1), metavar="N", help="How many at most.")

command = StoreGroup("group", help="Manage groups and who is in them.")
"""The group of commands."""


@dataclass(frozen=True, slots=True)
class MembershipOutcome(UserOutcome):
    """What became of one user's membership."""

    group: str | None = None


@command.command()
@click.argument("name", metavar="GROUP")
@DESCRIPTION
@PRECEDENCE
@click.pass_obj
def add(line: Line, name: str, description: str | None, precedence: int | None) -> Group | Done:
    """Add a group."""
    group = line.users.add_group(name, description=description, precedence=precedence)
    return told(line, f"The group {group.name} is added", group)


@command.command()
@NAME
@click.pass_obj
def show(line: Line, name: str) -> Group:
    """Show a group; `usermgr group members` has its users."""
    return line.users.get_group(name)


@command.command(name="list")
@LIMIT
@click.pass_obj
def list_(line: Line, limit: int | None) -> Iterator[Group]:
    """List the groups."""
    line.layout = _layouts.GROUPS
    return islice(line.users.iter_groups(), limit)


@command.command()
@NAME
@DESCRIPTION
@PRECEDENCE
@click.pass_obj
def update(line: Line, name: str, description: str | None, precedence: int | None) -> Group | Done:
    """Change a group's description or precedence.

    What is not given stays; an empty description takes it away.
    """
    if description is None and precedence is None:
        raise click.UsageError("there is nothing to change: give --description or --precedence")
    group = line.users.update_group(name, description=description, precedence=precedence)
    return told(line, f"The group {group.name} is updated", group)


@command.command()
@NAME
@DRY_RUN
@click.pass_obj
def delete(line: Line, name: str, dry_run: bool) -> Done:
    """Delete a group, after a question; its users stay."""
    from usermgr.commands import Done  # noqa: PLC0415 - a command's, once it runs

    group = line.users.get_group(name)
    members = _members(line, group.name)
    if dry_run:
        sentence = f"The group {group.name} would be deleted, and {members} would no longer be in it"
        return Done(sentence, {"group": group.name, "outcome": "would be deleted"})
    line.confirm(f"Delete the group {group.name}? Then {members} would no longer be in it. This cannot be undone.")
    line.users.delete_group(group.name)
    return Done(f"The group {group.name} is deleted", {"group": group.name, "outcome": "deleted"})


@command.command()
@NAME
@LIMIT
@click.pass_obj
def members(line: Line, name: str, limit: int | None) -> Iterator[User]:
    """List the users of a group."""
    line.layout = _layouts.USERS
    return islice(line.users.iter_users_in_group(name), limit)


@command.command(name="add-user")
@NAME
@USERNAMES
@DRY_RUN
@click.pass_obj
def add_user(line: Line, name: str, usernames: tuple[str, ...], dry_run: bool) -> list[MembershipOutcome] | Done:
    """Put users into a group."""
    return _memberships(line, name, usernames, "added", f"is in the group {name}", dry_run=dry_run)


@command.command(name="remove-user")
@NAME
@USERNAMES
@DRY_RUN
@click.pass_obj
def remove_user(line: Line, name: str, usernames: tuple[str, ...], dry_run: bool) -> list[MembershipOutcome] | Done:
    """Take users out of a group."""
    return _memberships(line, name, usernames, "removed", f"is not in the group {name}", dry_run=dry_run)


def _memberships(
    line: Line, group: str, usernames: tuple[str, ...], done: Literal["added", "removed"], state: str, *, dry_run: bool
) -> list[MembershipOutcome] | Done:
    """Puts each into the group, or takes each out; `state` says of one how they are then."""
    if dry_run:
        line.users.get_group(group)
    change = line.users.add_user_to_group if done == "added" else line.users.remove_user_from_group
    return each_user(
        line,
        usernames,
        lambda username: change(username, group),
        done=done,
        kind=partial(MembershipOutcome, group=group),
        dry_run=dry_run,
        sentence=lambda row: f"{row.username} {state}",
    )


def _members(line: Line, name: str) -> str:
    """How many there are, from one page."""
    page = line.users.list_users_in_group(name)
    count = len(page.items)
    if page.next_token is not None:
        return f"{count} users and more"
    return {0: "nobody", 1: "1 user"}.get(count, f"{count} users")
