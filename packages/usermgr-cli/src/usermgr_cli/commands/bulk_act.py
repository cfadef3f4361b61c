"""`usermgr bulk`: one thing done to everybody whom a search finds, or a file names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated, Any

import click

from usermgr_cli._bulk import RUN, files_option
from usermgr_cli._bulk._acting import What, act
from usermgr_cli._line import Line

if TYPE_CHECKING:
    from usermgr.commands import Done

__all__ = ["command"]


PLAIN = {
    "Keep people from signing in.": What("disable", "Disable", "disable_user"),
    "Let people sign in again.": What("enable", "Enable", "enable_user"),
    "Delete people. It cannot be undone.": What("delete", "Delete for good", "delete_user"),
    "End all sessions of people.": What("sign-out", "Sign out", "sign_out_user"),
    "Have people choose a new password, by a message.": What("reset", "Reset the passwords of", "reset_password"),
    "Remove people's second factors.": What("reset-mfa", "Remove the second factors of", "reset_mfa"),
    "Confirm people who signed up and never did.": What("confirm", "Confirm", "confirm_user"),
}
"""The actions that take nothing but people, by their help."""

F = Callable[..., Any]


@click.group(help="Do one thing to many people: to all whom a search finds, or to those whom a file names.")
def command() -> None:
    """The group of commands."""


def many(function: F) -> F:
    """The options that say to whom it is done, and what a run leaves on the disk."""
    function = click.option(
        "--dry-run", is_flag=True, help="Say what would be done to whom, keep the selection, and change nothing."
    )(function)
    function = files_option(function)
    for option in (
        click.option("--all", "everybody", is_flag=True, help="Everybody in the store."),
        click.option(
            "--selection", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
            help="People whom an earlier run or a --dry-run has chosen.",
        ),
        click.option(
            "--names", type=click.Path(exists=True, dir_okay=False, allow_dash=True), metavar="FILE",
            help="People by their names, one a line; - is standard input.",
        ),
        click.option("--where", metavar="SEARCH", help="As in `usermgr user search`: 'status:UNCONFIRMED'."),
    ):  # fmt: skip
        function = option(function)
    return function


def _plain(text: str, what: What) -> None:
    @command.command(name=what.name, help=text)
    @many
    @click.pass_obj
    def run(line: Line, **given: Any) -> Annotated[Done, RUN]:
        return act(line, what, given)


for _help, _what in PLAIN.items():
    _plain(_help, _what)


@command.command()
@click.option("--medium", type=click.Choice(("email", "sms")), default="email", show_default=True, help="By which way.")
@many
@click.pass_obj
def resend(line: Line, medium: str, **given: Any) -> Annotated[Done, RUN]:
    """Send invitations again, with new temporary passwords."""
    from usermgr import Medium  # noqa: PLC0415 - as all of usermgr, once the command runs

    what = What("resend", "Send a new invitation to", "resend_invitation", {"medium": Medium(medium)})
    return act(line, what, given)


@command.command(name="add-to-group")
@click.argument("group")
@many
@click.pass_obj
def add_to_group(line: Line, group: str, **given: Any) -> Annotated[Done, RUN]:
    """Add people to a group."""
    what = What("add-to-group", f"Add to {group}:", "add_user_to_group", {"group": group})
    return act(line, what, given)


@command.command(name="remove-from-group")
@click.argument("group")
@many
@click.pass_obj
def remove_from_group(line: Line, group: str, **given: Any) -> Annotated[Done, RUN]:
    """Take people out of a group."""
    what = What("remove-from-group", f"Take out of {group}:", "remove_user_from_group", {"group": group})
    return act(line, what, given)


@command.command()
@click.option("-a", "--attribute", "pairs", multiple=True, metavar="NAME=VALUE", help="An attribute and its value.")
@click.option("--remove-attribute", "removed", multiple=True, metavar="NAME", help="An attribute to take away.")
@many
@click.pass_obj
def update(line: Line, pairs: tuple[str, ...], removed: tuple[str, ...], **given: Any) -> Annotated[Done, RUN]:
    """Give attributes the same value for everybody, or take them away."""
    attributes: dict[str, str | None] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.UsageError("--attribute takes NAME=VALUE, such as --attribute custom:team=red")
        attributes[name] = value
    attributes |= dict.fromkeys(removed)
    if not attributes:
        raise click.UsageError("name an attribute: --attribute custom:team=red, or --remove-attribute custom:team")
    what = What("update", f"Change {', '.join(attributes)} of", "update_user", {"attributes": attributes})
    return act(line, what, given)
