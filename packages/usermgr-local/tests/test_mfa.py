"""Second factors: switching them, taking them away, and setting one up at a sign-in that requires it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from usermgr import Challenge, ChallengeName, MfaMethod, MfaMode, MfaReset, MfaSettings, Tokens
from usermgr.errors import (
    ExpiredCodeError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidStateError,
    UnsupportedOperationError,
)
from usermgr_local import LocalUserManager, totp

from .conftest import NEW_PASSWORD, PASSWORD, Clock, challenged, signed_in

TOTP = MfaMethod.TOTP
ON = MfaSettings((TOTP,))
Make = Callable[..., LocalUserManager]


@pytest.fixture
def requiring(make: Make, clock: Clock) -> LocalUserManager:
    """A manager of a store that requires a second factor of everybody, with alice in it."""
    users = make(now=clock, mfa=MfaMode.REQUIRED)
    users.add_user("alice", PASSWORD)
    return users


@pytest.fixture
def alice(users: LocalUserManager) -> str:
    """The secret of alice, who has set an app up."""
    secret = totp.new_secret()
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", secret)
    return secret


def code_of(secret: str, clock: Clock) -> str:
    """The code that an app shows now."""
    return totp.code_at(totp.read_secret(secret), int(clock().timestamp()) // 30)


def kept_secrets(path: Path) -> list[bytes]:
    """The secrets in the file."""
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT totp_secret FROM users WHERE totp_secret IS NOT NULL").fetchall()
    connection.close()
    return [row[0] for row in rows]


# --- Switching ---------------------------------------------------------------------------------------


def test_factor_is_switched_off_and_on(users: LocalUserManager, alice: str, clock: Clock) -> None:
    """Off, the password is enough; on again, the app's codes still count, because the secret was kept."""
    assert users.get_mfa("ALICE") == ON
    users.set_mfa("alice", [])
    assert users.get_mfa("alice") == MfaSettings()
    signed_in(users)

    users.set_mfa("alice", [TOTP, TOTP], preferred=TOTP)

    assert users.get_mfa("alice") == MfaSettings((TOTP,), TOTP)
    assert isinstance(users.answer_challenge(challenged(users), code_of(alice, clock)), Tokens)


@pytest.mark.parametrize("methods", [[], [TOTP]])
def test_sessions_end_where_the_factors_change(
    users: LocalUserManager, alice: str, clock: Clock, methods: list[MfaMethod]
) -> None:
    """Switching a factor ends challenges and refresh tokens; setting what is set already ends none."""
    tokens = users.answer_challenge(challenged(users), code_of(alice, clock))
    waiting = challenged(users)
    assert isinstance(tokens, Tokens)
    clock.forward(seconds=30)
    users.set_mfa("alice", methods)
    if methods:
        users.refresh(tokens)
        users.answer_challenge(waiting, code_of(alice, clock))
        return
    with pytest.raises(InvalidCredentialsError):
        users.refresh(tokens)
    with pytest.raises(InvalidCredentialsError):
        users.answer_challenge(waiting, code_of(alice, clock))


def test_reset_deletes_the_secret(users: LocalUserManager, alice: str, clock: Clock, path: Path) -> None:
    """The secret is gone from the file, the sessions have ended, the password is enough, and nothing can be switched
    on any more."""
    tokens = users.answer_challenge(challenged(users), code_of(alice, clock))
    assert isinstance(tokens, Tokens)
    assert kept_secrets(path) == [totp.read_secret(alice)]

    assert users.reset_mfa("alice") == MfaReset((TOTP,), next_sign_in_enrols=False)

    assert kept_secrets(path) == []
    assert users.get_mfa("alice") == MfaSettings()
    with pytest.raises(InvalidCredentialsError):
        users.refresh(tokens)
    with pytest.raises(InvalidStateError):
        users.set_mfa("alice", [TOTP])
    signed_in(users)


def test_reset_of_what_is_switched_off_removes_no_method(users: LocalUserManager, alice: str, path: Path) -> None:
    """What did not count before is not among what no longer counts; its secret is deleted all the same."""
    users.set_mfa("alice", [])
    assert users.reset_mfa("alice") == MfaReset((), next_sign_in_enrols=False)
    assert kept_secrets(path) == []


def test_store_without_second_factors_asks_nobody(make: Make, users: LocalUserManager, alice: str) -> None:
    """Where the store has them off, a secret in it is not asked for, and every operation names what is lacking."""
    off = make(mfa=MfaMode.OFF)
    signed_in(off)
    described = off.describe()
    assert (described.mfa, described.mfa_methods) == (MfaMode.OFF, ())
    for call in (
        lambda: off.get_mfa("alice"),
        lambda: off.set_mfa("alice", []),
        lambda: off.set_totp_secret("alice", alice),
    ):
        with pytest.raises(UnsupportedOperationError) as caught:
            call()
        assert caught.value.capability == "mfa"
    with pytest.raises(UnsupportedOperationError) as caught:
        off.reset_mfa("alice")
    assert caught.value.capability == "mfa-reset"
    assert challenged(users).name is ChallengeName.SOFTWARE_TOKEN_MFA


# --- Setting one up at a sign-in -------------------------------------------------------------------


def test_sign_in_sets_a_factor_up(requiring: LocalUserManager, clock: Clock, path: Path) -> None:
    """The right password gives a secret, its code the tokens, and the next sign-in asks for the next code."""
    challenge = challenged(requiring)
    secret = challenge.parameters["secret_code"]
    assert challenge.name is ChallengeName.MFA_SETUP
    assert secret not in repr(challenge)
    assert kept_secrets(path) == []

    assert isinstance(requiring.answer_challenge(challenge, code_of(secret, clock)), Tokens)

    assert requiring.get_mfa("alice") == ON
    asked = challenged(requiring)
    assert asked.name is ChallengeName.SOFTWARE_TOKEN_MFA
    with pytest.raises(ExpiredCodeError):
        requiring.answer_challenge(asked, code_of(secret, clock))
    clock.forward(seconds=30)
    requiring.answer_challenge(challenged(requiring), code_of(secret, clock))


def test_wrong_code_sets_nothing_up(requiring: LocalUserManager, clock: Clock, path: Path) -> None:
    """A wrong code leaves the user without a factor and the challenge open, since there is nothing to guess."""
    challenge = challenged(requiring)
    secret = challenge.parameters["secret_code"]
    wrong = f"{(int(code_of(secret, clock)) + 1) % 10**6:06d}"
    for _ in range(6):
        with pytest.raises(InvalidCodeError):
            requiring.answer_challenge(challenge, wrong)
    assert kept_secrets(path) == []
    assert isinstance(requiring.answer_challenge(challenge, code_of(secret, clock)), Tokens)


def test_one_set_up_ends_the_others(requiring: LocalUserManager, clock: Clock, path: Path) -> None:
    """Of two sign-ins that offer a secret, the one that is answered first counts; it cannot be answered twice."""
    first, second = challenged(requiring), challenged(requiring)
    assert first.parameters["secret_code"] != second.parameters["secret_code"]
    requiring.answer_challenge(second, code_of(second.parameters["secret_code"], clock))
    for late in (first, second):
        with pytest.raises(InvalidCredentialsError):
            requiring.answer_challenge(late, code_of(late.parameters["secret_code"], clock))
    assert kept_secrets(path) == [totp.read_secret(second.parameters["secret_code"])]


def test_set_up_lives_three_minutes(requiring: LocalUserManager, clock: Clock) -> None:
    """An answer that comes too late raises ExpiredCodeError, like that to any challenge."""
    challenge = challenged(requiring)
    clock.forward(minutes=3)
    with pytest.raises(ExpiredCodeError):
        requiring.answer_challenge(challenge, code_of(challenge.parameters["secret_code"], clock))


def test_session_of_a_set_up_answers_nothing_else(requiring: LocalUserManager) -> None:
    """The challenge's session is no good under another name, such as that of a new password."""
    challenge = challenged(requiring)
    for name in (ChallengeName.NEW_PASSWORD_REQUIRED, ChallengeName.SOFTWARE_TOKEN_MFA):
        with pytest.raises(InvalidCredentialsError):
            requiring.answer_challenge(Challenge(name, "alice", challenge.session), NEW_PASSWORD)


def test_new_password_comes_before_the_set_up(requiring: LocalUserManager, clock: Clock) -> None:
    """A user with a temporary password first chooses another, then sets a factor up, and then has tokens."""
    requiring.add_user("new", PASSWORD, temporary=True)
    second = requiring.answer_challenge(challenged(requiring, "new"), NEW_PASSWORD)
    assert isinstance(second, Challenge)
    assert second.name is ChallengeName.MFA_SETUP
    code = code_of(second.parameters["secret_code"], clock)
    assert isinstance(requiring.answer_challenge(second, code), Tokens)


def test_reset_enrols_anew_where_a_factor_is_required(requiring: LocalUserManager, clock: Clock) -> None:
    """A lost phone: the factor cannot be switched off, but reset, and the next sign-in sets up another."""
    requiring.set_totp_secret("alice", totp.new_secret())
    with pytest.raises(InvalidStateError, match="reset_mfa"):
        requiring.set_mfa("alice", [])
    assert requiring.get_mfa("alice") == ON

    assert requiring.reset_mfa("alice") == MfaReset((TOTP,), next_sign_in_enrols=True)

    challenge = challenged(requiring)
    requiring.answer_challenge(challenge, code_of(challenge.parameters["secret_code"], clock))
    assert requiring.get_mfa("alice") == ON
