"""Statuses beyond the contract: what only this store, or only somebody with its file, can bring about."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from usermgr.errors import (
    InvalidCredentialsError,
    InvalidInputError,
    InvalidStateError,
    PasswordResetRequiredError,
    UserNotConfirmedError,
)
from usermgr_local import LocalUserManager

from .conftest import NEW_PASSWORD, PASSWORD, VERIFIED, signed_in


def test_reset_is_told_only_to_who_knows_the_password(users: LocalUserManager) -> None:
    """A wrong password for a user under reset looks like any wrong password."""
    users.add_user("alice", PASSWORD, VERIFIED)
    users.reset_password("alice")
    with pytest.raises(InvalidCredentialsError):
        users.authenticate("alice", "Wr0ng-password")
    with pytest.raises(PasswordResetRequiredError) as caught:
        users.authenticate("alice", PASSWORD)
    assert caught.value.username == "alice"
    users.set_password("alice", NEW_PASSWORD)
    signed_in(users, password=NEW_PASSWORD)


def test_reset_needs_somewhere_to_send_to(users: LocalUserManager) -> None:
    """As in Cognito, a user without a verified address, or who has not chosen a password, cannot be reset."""
    users.add_user("alice", PASSWORD, {"email": "alice@example.org"})
    with pytest.raises(InvalidInputError):
        users.reset_password("alice")
    users.add_user("new", None, VERIFIED)
    with pytest.raises(InvalidStateError):
        users.reset_password("new")


def force_status(path: Path, status: str) -> None:
    """Gives every user a status that the API cannot bring about."""
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE users SET status = ?", (status,))
    connection.close()


@pytest.mark.parametrize(
    ("status", "operation", "error"),
    [
        pytest.param("UNCONFIRMED", lambda u: u.authenticate("alice", PASSWORD), UserNotConfirmedError, id="sign in"),
        pytest.param("UNCONFIRMED", lambda u: u.authenticate("alice", "Wr0ng"), InvalidCredentialsError, id="guess"),
        pytest.param("UNCONFIRMED", lambda u: u.reset_password("alice"), InvalidStateError, id="reset unconfirmed"),
        pytest.param(
            "EXTERNAL_PROVIDER", lambda u: u.set_password("alice", NEW_PASSWORD), InvalidStateError, id="set password"
        ),
        pytest.param(
            "EXTERNAL_PROVIDER",
            lambda u: u.set_password("alice", NEW_PASSWORD, permanent=False),
            InvalidStateError,
            id="set temporary password",
        ),
        pytest.param("EXTERNAL_PROVIDER", lambda u: u.reset_password("alice"), InvalidStateError, id="reset external"),
        pytest.param("EXTERNAL_PROVIDER", lambda u: u.confirm_user("alice"), InvalidStateError, id="confirm external"),
    ],
)
def test_status_that_the_api_cannot_bring_about_holds(
    users: LocalUserManager,
    path: Path,
    status: str,
    operation: Callable[[LocalUserManager], object],
    error: type[Exception],
) -> None:
    """An unconfirmed user cannot sign in, a user of another provider gets no password, and nothing changes."""
    users.add_user("alice", PASSWORD, VERIFIED)
    force_status(path, status)
    before = users.get_user("alice")

    with pytest.raises(error):
        operation(users)

    assert users.get_user("alice") == before
    assert before.status == status


def test_administrator_confirms_with_a_password(users: LocalUserManager, path: Path) -> None:
    """An unconfirmed user who gets a password is confirmed, as with AdminSetUserPassword (aws-sdk-js 2976)."""
    users.add_user("alice", PASSWORD)
    force_status(path, "UNCONFIRMED")

    users.set_password("alice", NEW_PASSWORD)

    assert signed_in(users, password=NEW_PASSWORD).username == "alice"


def test_administrator_confirms_without_the_code(users: LocalUserManager, path: Path) -> None:
    """Who never confirmed signs in with the password of before once an administrator has confirmed."""
    users.add_user("alice", PASSWORD)
    force_status(path, "UNCONFIRMED")

    users.confirm_user("alice")

    assert users.get_user("alice").status == "CONFIRMED"
    signed_in(users)


@pytest.mark.parametrize("status", ["UNCONFIRMED", "EXTERNAL_PROVIDER", "ARCHIVED", "A_NEW_ONE"])
def test_other_operations_ask_for_no_status(users: LocalUserManager, path: Path, status: str) -> None:
    """Attributes, groups, enabling, signing out and deleting work in every status, and keep it."""
    users.add_user("alice", PASSWORD)
    users.add_group("staff")
    force_status(path, status)
    for operation in (
        lambda: users.update_user("alice", {"name": "Alice"}),
        lambda: users.add_user_to_group("alice", "staff"),
        lambda: users.disable_user("alice"),
        lambda: users.enable_user("alice"),
        lambda: users.sign_out_user("alice"),
        lambda: users.set_mfa("alice", []),
        lambda: users.reset_mfa("alice"),
        lambda: users.ensure_user("alice", {"name": "A"}, password=NEW_PASSWORD),
    ):
        operation()
        assert users.get_user("alice").status == status
    users.delete_user("alice")
    assert users.user_exists("alice") is False
