"""`usermgr user update`: attributes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._line import Line
from usermgr_cli.commands._attributes import attribute_options, given_attributes
from usermgr_cli.commands._each import DRY_RUN, USERNAMES, UserOutcome, each_user
from usermgr_cli.commands._telling import listed

if TYPE_CHECKING:
    from usermgr.commands import Done

__all__ = ["update"]


@click.command()
@USERNAMES
@attribute_options
@click.option("--remove-attribute", "removed", metavar="NAME", multiple=True, help="An attribute to take away.")
@DRY_RUN
@click.pass_obj
def update(
    line: Line, usernames: tuple[str, ...], removed: tuple[str, ...], dry_run: bool, **options: Any
) -> list[UserOutcome] | Done:
    """Set and remove attributes; those that are not named stay as they are."""
    attributes: dict[str, str | None] = {**given_attributes(options)}
    for name in removed:
        if name in attributes:
            raise click.UsageError(f"the attribute {name} is both set and removed")
        attributes[name] = None
    if not attributes:
        raise click.UsageError("there is nothing to change: name attributes, such as --email or --attribute NAME=VALUE")

    def act(username: str) -> None:
        line.users.update_user(username, attributes)

    def sentence(row: UserOutcome) -> str:
        return f"{row.username} is updated: {listed(list(attributes))}"

    return each_user(line, usernames, act, done="updated", dry_run=dry_run, sentence=sentence)
