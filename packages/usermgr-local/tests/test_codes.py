"""One-time codes: which are right, that none is good twice, and how many may be wrong."""

from __future__ import annotations

import pytest

from usermgr import Challenge, ChallengeName, Tokens
from usermgr.errors import (
    ExpiredCodeError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidInputError,
    LimitExceededError,
)
from usermgr_local import LocalUserManager, totp

from .conftest import NEW_PASSWORD, PASSWORD, Clock, challenged, signed_in

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's, in Base32


@pytest.mark.parametrize(
    ("seconds", "code"),
    [
        (59, "287082"),
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_codes_are_those_of_the_rfc(seconds: int, code: str) -> None:
    """The last six digits of RFC 6238's test vectors (appendix B, SHA-1)."""
    assert totp.code_at(totp.read_secret(SECRET), seconds // 30) == code


def code_of(clock: Clock, steps: int = 0) -> str:
    """The code that an app shows, some steps from now."""
    return totp.code_at(totp.read_secret(SECRET), int(clock().timestamp()) // 30 + steps)


@pytest.mark.parametrize("steps", [-1, 0, 1])
def test_code_signs_in(users: LocalUserManager, clock: Clock, steps: int) -> None:
    """With a secret set, the password gives a challenge, and the code of this step or a neighbour the tokens."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    challenge = challenged(users)
    assert challenge.name is ChallengeName.SOFTWARE_TOKEN_MFA
    assert isinstance(users.answer_challenge(challenge, code_of(clock, steps)), Tokens)


@pytest.mark.parametrize("steps", [-2, 2])
def test_code_of_another_time_is_wrong(users: LocalUserManager, clock: Clock, steps: int) -> None:
    """A code from two steps away is wrong, and a wrong code ends the challenge: one password, one guess."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    challenge = challenged(users)
    with pytest.raises(InvalidCodeError):
        users.answer_challenge(challenge, code_of(clock, steps))
    with pytest.raises(InvalidCredentialsError):
        users.answer_challenge(challenge, code_of(clock))


def test_code_is_good_once(users: LocalUserManager, clock: Clock) -> None:
    """A code that was used, or an earlier one, is refused in the next sign-in too; the next code is taken."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    users.answer_challenge(challenged(users), code_of(clock))
    for steps in (0, -1):
        with pytest.raises(ExpiredCodeError):
            users.answer_challenge(challenged(users), code_of(clock, steps))
    clock.forward(seconds=30)
    assert isinstance(users.answer_challenge(challenged(users), code_of(clock)), Tokens)


@pytest.mark.parametrize("between", [[], [None], [totp.new_secret()], [None, totp.new_secret()]])
def test_used_code_stays_used(users: LocalUserManager, clock: Clock, between: list[str | None]) -> None:
    """Setting the same secret again, whatever came in between, does not make a used code good again."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    users.answer_challenge(challenged(users), code_of(clock))
    for secret in (*between, SECRET):
        users.set_totp_secret("alice", secret)

    with pytest.raises(ExpiredCodeError):
        users.answer_challenge(challenged(users), code_of(clock))

    clock.forward(seconds=30)
    assert isinstance(users.answer_challenge(challenged(users), code_of(clock)), Tokens)


def test_first_code_of_another_secret_is_good(users: LocalUserManager, clock: Clock) -> None:
    """A new secret does not wait for the next time step because a code of the old one was used in this one."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    users.answer_challenge(challenged(users), code_of(clock))
    other = totp.new_secret()
    users.set_totp_secret("alice", other)

    code = totp.code_at(totp.read_secret(other), int(clock().timestamp()) // 30)

    assert isinstance(users.answer_challenge(challenged(users), code), Tokens)


def wrong_codes(users: LocalUserManager, clock: Clock, count: int) -> None:
    """That many wrong guesses, each in its own sign-in."""
    wrong = f"{(int(code_of(clock)) + 1) % 10**6:06d}"
    for _ in range(count):
        with pytest.raises(InvalidCodeError):
            users.answer_challenge(challenged(users), wrong)


def test_guesses_are_limited(users: LocalUserManager, clock: Clock) -> None:
    """After five wrong codes even the right one is refused, until the first of them is 15 minutes ago."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    wrong_codes(users, clock, 5)
    clock.forward(minutes=15, microseconds=-1)

    with pytest.raises(LimitExceededError):
        users.answer_challenge(challenged(users), code_of(clock))

    clock.forward(microseconds=1)
    assert isinstance(users.answer_challenge(challenged(users), code_of(clock)), Tokens)


def test_right_code_does_not_buy_more_guesses(users: LocalUserManager, clock: Clock) -> None:
    """Guesses count over sign-ins that succeed, and over a new password."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", SECRET)
    wrong_codes(users, clock, 3)
    users.answer_challenge(challenged(users), code_of(clock))
    users.set_password("alice", PASSWORD)
    wrong_codes(users, clock, 2)

    with pytest.raises(LimitExceededError):
        users.answer_challenge(challenged(users), code_of(clock, 1))


def test_guesses_count_for_each_user(users: LocalUserManager, clock: Clock) -> None:
    """Somebody else's wrong codes lock nobody else out."""
    for name in ("alice", "bob"):
        users.add_user(name, PASSWORD)
        users.set_totp_secret(name, SECRET)
    wrong_codes(users, clock, 5)

    assert isinstance(users.answer_challenge(challenged(users, "bob"), code_of(clock)), Tokens)


def test_new_password_comes_before_the_code(users: LocalUserManager, clock: Clock) -> None:
    """A user with a temporary password and a secret answers both."""
    users.add_user("alice", PASSWORD, temporary=True)
    users.set_totp_secret("alice", SECRET)
    second = users.answer_challenge(challenged(users), NEW_PASSWORD)
    assert isinstance(second, Challenge)
    assert second.name is ChallengeName.SOFTWARE_TOKEN_MFA
    assert isinstance(users.answer_challenge(second, code_of(clock)), Tokens)


def test_secret_can_be_taken_away(users: LocalUserManager) -> None:
    """Without the secret the password is enough again."""
    users.add_user("alice", PASSWORD)
    users.set_totp_secret("alice", totp.new_secret())
    users.set_totp_secret("alice", None)
    signed_in(users)


@pytest.mark.parametrize("secret", ["", "not base32!", "GEZDGNBV", "é" * 40])
def test_malformed_secret_is_refused(users: LocalUserManager, secret: str) -> None:
    """A secret that no app could have, or that is too short, is refused by name."""
    users.add_user("alice", PASSWORD)
    with pytest.raises(InvalidInputError) as caught:
        users.set_totp_secret("alice", secret)
    assert caught.value.field == "secret"
