"""`usermgr user confirm|enable|disable|sign-out|delete|forget`: whether a user can sign in, and whether they exist."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from usermgr_cli._line import Line
from usermgr_cli.commands._each import DRY_RUN, USERNAMES, UserOutcome, each_user
from usermgr_cli.commands._telling import told, whom

if TYPE_CHECKING:
    from usermgr import User
    from usermgr.commands import Done
    from usermgr.forgetting import Forgotten

__all__ = ["confirm", "delete", "disable", "enable", "forget", "sign_out"]


@click.command()
@USERNAMES
@DRY_RUN
@click.pass_obj
def confirm(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[UserOutcome] | Done:
    """Confirm users who signed up and never did, without their code."""
    return each_user(line, usernames, line.users.confirm_user, done="confirmed", dry_run=dry_run)


@click.command()
@USERNAMES
@DRY_RUN
@click.pass_obj
def enable(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[UserOutcome] | Done:
    """Let users sign in again."""
    return each_user(line, usernames, line.users.enable_user, done="enabled", dry_run=dry_run)


@click.command()
@USERNAMES
@DRY_RUN
@click.pass_obj
def disable(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[UserOutcome] | Done:
    """Keep users from signing in; `usermgr user enable` takes it back."""
    return each_user(line, usernames, line.users.disable_user, done="disabled", dry_run=dry_run)


@click.command(name="sign-out")
@USERNAMES
@DRY_RUN
@click.pass_obj
def sign_out(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[UserOutcome] | Done:
    """End all sessions of users.

    Access tokens that they hold verify until they expire.
    """
    return each_user(line, usernames, line.users.sign_out_user, done="signed out", dry_run=dry_run)


@click.command()
@USERNAMES
@DRY_RUN
@click.pass_obj
def delete(line: Line, usernames: tuple[str, ...], dry_run: bool) -> list[UserOutcome] | Done:
    """Delete users, after a question.

    What is recorded of their activity stays: `usermgr user forget` deletes that too.
    """
    return each_user(
        line, usernames, line.users.delete_user, done="deleted", question="Delete", dry_run=dry_run
    )  # fmt: skip


@click.command()
@click.argument("username", required=False)
@click.option(
    "--sub", metavar="SUB", help="The `sub` of somebody who is deleted already, to go on after an interruption."
)
@click.pass_obj
def forget(line: Line, username: str | None, sub: str | None) -> Forgotten | Done:
    """Delete a user and every trace of their activity, after a question.

    It may be repeated: a run that failed or was interrupted is finished by `usermgr user forget --sub SUB`.
    """
    from usermgr.forgetting import forget_user  # noqa: PLC0415 - a command's, once it runs

    if (username is None) is (sub is None):
        raise click.UsageError("name the user, by USERNAME or by --sub")
    activity = line.activity
    person: User | str = line.users.get_user(username) if username is not None else sub or ""
    who = person if isinstance(person, str) else whom(person)
    line.confirm(f"Delete the user {who} and all that is recorded of their activity? This cannot be undone.")
    if not isinstance(person, str):
        line.note(f"If this is interrupted, `usermgr user forget --sub {person.sub}` goes on")
    line.way_on = f"`usermgr user forget --sub {person if isinstance(person, str) else person.sub}` goes on"
    forgotten = forget_user(line.users, activity, person)
    user = "deleted" if forgotten.deleted else "gone already"
    rows = f"{forgotten.rows} rows of activity are removed"
    return told(line, f"{forgotten.username or forgotten.sub} is {user}; {rows}", forgotten)
