"""`usermgr user add|invite|resend`: new users."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from usermgr_cli._completing import complete_groups
from usermgr_cli._line import Line
from usermgr_cli._passwords import PasswordSource, takes_password
from usermgr_cli.commands._attributes import attribute_options, given_attributes
from usermgr_cli.commands._each import DRY_RUN, USERNAMES, UserOutcome, each_user
from usermgr_cli.commands._telling import listed, told

if TYPE_CHECKING:
    from usermgr import User, UserStatus
    from usermgr.commands import Done

__all__ = ["NewUser", "add", "invite", "resend"]

F = TypeVar("F", bound=Callable[..., Any])

MEDIA = ("email", "sms")


def _groups(command: F) -> F:
    return click.option(
        "-g",
        "--group",
        "groups",
        metavar="NAME",
        multiple=True,
        shell_complete=complete_groups,
        help="A group to put the user into; may be repeated.",
    )(command)


def _medium(command: F) -> F:
    return click.option(
        "--medium", type=click.Choice(MEDIA), default="email", show_default=True, help="How the invitation is sent."
    )(command)


@dataclass(frozen=True, slots=True)
class NewUser:
    """A user who was added."""

    username: str
    sub: str
    status: UserStatus
    enabled: bool
    created_at: datetime
    updated_at: datetime
    attributes: Mapping[str, str]
    groups: tuple[str, ...]
    password: str | None = field(default=None, repr=False)
    """Where it was generated: it is shown this once."""


@click.command()
@click.argument("username")
@attribute_options
@_groups
@takes_password
@click.option("--temporary", is_flag=True, help="Have the user choose another password at the first sign-in.")
@click.pass_obj
def add(
    line: Line, username: str, groups: tuple[str, ...], password: PasswordSource, temporary: bool, **options: Any
) -> NewUser | Done:
    """Add a user, without sending a message to anybody.

    Without a password the user cannot sign in before `usermgr user set-password`.
    """
    attributes = given_attributes(options)
    if temporary and not password.was_chosen:
        raise click.UsageError(
            "--temporary is for a password: give --password-stdin, --password-fd or --generate-password"
        )
    _check_groups(line, groups)
    text = password.read(line) if password.was_chosen else None
    user = line.users.add_user(username, text, attributes, temporary=temporary)
    _join(line, user, groups)
    sentence = _sentence(f"{user.username} is added", groups)
    if text is None:
        sentence += ", and cannot sign in yet: `usermgr user set-password` sets a password"
    made = text if password.generates else None
    return told(line, sentence, _new(user, groups, made), password=made)


@click.command()
@click.argument("username")
@attribute_options
@_groups
@_medium
@click.pass_obj
def invite(line: Line, username: str, groups: tuple[str, ...], medium: str, **options: Any) -> NewUser | Done:
    """Add a user, and have the service send an invitation.

    It has a temporary password, which nobody else sees.
    """
    from usermgr import Medium  # noqa: PLC0415 - a command's, once it runs

    attributes = given_attributes(options)
    _check_groups(line, groups)
    user = line.users.invite_user(username, attributes, medium=Medium(medium))
    _join(line, user, groups)
    return told(line, _sentence(f"{user.username} is invited by {medium}", groups), _new(user, groups))


@click.command()
@USERNAMES
@_medium
@DRY_RUN
@click.pass_obj
def resend(line: Line, usernames: tuple[str, ...], medium: str, dry_run: bool) -> list[UserOutcome] | Done:
    """Send invitations again, with new temporary passwords.

    The passwords of the invitations before stop working.
    """
    from usermgr import Medium  # noqa: PLC0415 - as above

    def act(username: str) -> None:
        line.users.resend_invitation(username, medium=Medium(medium))

    return each_user(line, usernames, act, done="invited again", dry_run=dry_run)


def _check_groups(line: Line, groups: tuple[str, ...]) -> None:
    """Before anything is made. Raises `GroupNotFoundError`."""
    for name in groups:
        line.users.get_group(name)


def _join(line: Line, user: User, groups: tuple[str, ...]) -> None:
    from usermgr.errors import UsermgrError  # noqa: PLC0415 - as above

    for name in groups:
        try:
            line.users.add_user_to_group(user.username, name)
        except UsermgrError:
            line.note(f"{user.username} was added, and is not in the group {name}: use `usermgr group add-user`")
            raise


def _sentence(sentence: str, groups: tuple[str, ...]) -> str:
    return f"{sentence}, in {listed(groups)}" if groups else sentence


def _new(user: User, groups: tuple[str, ...], password: str | None = None) -> NewUser:
    return NewUser(
        username=user.username,
        sub=user.sub,
        status=user.status,
        enabled=user.enabled,
        created_at=user.created_at,
        updated_at=user.updated_at,
        attributes=user.attributes,
        groups=groups,
        password=password,
    )
