"""`usermgr user set-password|reset|reset-mfa`: what users sign in with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from usermgr_cli._line import Line
from usermgr_cli._passwords import PasswordSource, takes_password
from usermgr_cli.commands._each import DRY_RUN, USERNAMES, UserOutcome, each_user
from usermgr_cli.commands._telling import told

if TYPE_CHECKING:
    from usermgr.commands import Done

__all__ = ["MfaOutcome", "PasswordSet", "reset", "reset_mfa", "set_password"]


@dataclass(frozen=True, slots=True)
class MfaOutcome(UserOutcome):
    """What became of one user's second factors."""

    removed: tuple[str, ...] | None = None
    """The methods that no longer count."""
    next_sign_in_enrols: bool | None = None
    """Whether the next sign-in makes the user set up a second factor; otherwise it asks for the password alone."""


@dataclass(frozen=True, slots=True)
class PasswordSet:
    """That a user has a new password."""

    username: str
    outcome: str
    password: str | None = field(default=None, repr=False)
    """Where it was generated: it is shown this once."""


@click.command(name="set-password")
@click.argument("username")
@takes_password
@click.option("--temporary", is_flag=True, help="Have the user choose another one at the next sign-in.")
@click.pass_obj
def set_password(line: Line, username: str, password: PasswordSource, temporary: bool) -> PasswordSet | Done:
    """Set a user's password. Without an option you are asked for it."""
    user = line.users.get_user(username)  # a wrong name is told before anybody types a password
    text = password.read(line)
    line.users.set_password(user.username, text, permanent=not temporary)
    then = ", and must choose another one at the next sign-in" if temporary else ""
    made = text if password.generates else None
    sentence = f"{user.username} has a new password{then}"
    return told(line, sentence, PasswordSet(user.username, "set", made), password=made)


@click.command()
@USERNAMES
@DRY_RUN
@click.pass_obj
def reset(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[UserOutcome] | Done:
    """Invalidate passwords, after a question: new ones must be chosen."""
    return each_user(
        line,
        usernames,
        line.users.reset_password,
        done="reset",
        question="Invalidate the password of",
        dry_run=dry_run,
        sentence=lambda row: f"the password of {row.username} no longer works: the user must choose a new one",
    )


@click.command(name="reset-mfa")
@USERNAMES
@DRY_RUN
@click.pass_obj
def reset_mfa(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[MfaOutcome] | Done:
    """Take away second factors, after a question, for people who have lost the device."""

    def act(username: str) -> MfaOutcome:
        done = line.users.reset_mfa(username)
        removed = tuple(method.value for method in done.removed)
        return MfaOutcome(username, "reset", removed=removed, next_sign_in_enrols=done.next_sign_in_enrols)

    return each_user(
        line,
        usernames,
        act,
        done="reset",
        kind=MfaOutcome,
        question="Make sure who is asking. Take away the second factors of",
        dry_run=dry_run,
        sentence=_told,
    )


def _told(row: MfaOutcome) -> str:
    if not row.removed:
        return f"{row.username} had no second factor"
    then = "makes the user set up a new one" if row.next_sign_in_enrols else "asks for the password alone"
    return f"{', '.join(row.removed)} of {row.username} no longer counts; the next sign-in {then}"
