"""Sign-in beyond the contract: claims, sessions, one-time codes, time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import jwt
import pytest

from usermgr import Challenge, ChallengeName, Tokens, UserStatus
from usermgr.errors import (
    AuthenticationError,
    ExpiredCodeError,
    InvalidCodeError,
    InvalidCredentialsError,
    InvalidInputError,
    InvalidPasswordError,
    InvalidStateError,
    PasswordResetRequiredError,
    UnsupportedOperationError,
    UserNotConfirmedError,
)
from usermgr_jwt import CognitoVerifier, JwksFile
from usermgr_jwt.errors import TokenExpiredError
from usermgr_local import LocalUserManager, totp
from usermgr_local._passwords import Passwords

from .conftest import PASSWORD, Clock

NEW_PASSWORD = "An0ther-password"
POOL = "ap-northeast-1_AbCdEf123"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's, in Base32
VERIFIED = {"email": "alice@example.org", "email_verified": "true"}


def signed_in(users: LocalUserManager, username: str = "alice", password: str = PASSWORD) -> Tokens:
    """Tokens, and nothing else."""
    tokens = users.authenticate(username, password)
    assert isinstance(tokens, Tokens)
    return tokens


def challenged(users: LocalUserManager, username: str = "alice", password: str = PASSWORD) -> Challenge:
    """A challenge, and nothing else."""
    challenge = users.authenticate(username, password)
    assert isinstance(challenge, Challenge)
    return challenge


def claims_of(token: str) -> dict[str, object]:
    """The claims, not verified."""
    return jwt.decode(token, options={"verify_signature": False})


# --- Tokens ------------------------------------------------------------------------------------------


@pytest.fixture
def verifier(make: Callable[..., LocalUserManager], path: Path, clock: Clock) -> Callable[[str], CognitoVerifier]:
    """Verifiers of a pool's tokens by the file that the store publishes."""
    make(user_pool_id=POOL, client_id="web")

    def verifier(use: str) -> CognitoVerifier:
        return CognitoVerifier(
            user_pool_id=POOL,
            client_id="web",
            token_use=use,  # pyright: ignore[reportArgumentType]
            keys=JwksFile(path.with_name("users.db.jwks.json")),
            now=lambda: clock().timestamp(),
        )

    return verifier


def test_claims_are_those_of_cognito(make: Callable[..., LocalUserManager], clock: Clock) -> None:
    """Both tokens carry exactly the claims that Cognito writes, groups by precedence."""
    users = make(user_pool_id=POOL, client_id="web", now=clock)
    user = users.add_user("Alice", PASSWORD, {**VERIFIED, "custom:extra_info": "x", "address": "1 Main St"})
    for name, precedence in (("last", None), ("second", 2), ("first", 1)):
        users.add_group(name, precedence=precedence)
        users.add_user_to_group("alice", name)
    tokens = signed_in(users)
    access, identity = claims_of(tokens.access_token), claims_of(tokens.id_token)
    now = int(clock().timestamp())
    shared = {
        "sub": user.sub,
        "iss": f"https://cognito-idp.ap-northeast-1.amazonaws.com/{POOL}",
        "origin_jti": access["origin_jti"],
        "event_id": access["event_id"],
        "auth_time": now,
        "iat": now,
        "exp": now + 3600,
        "cognito:groups": ["first", "second", "last"],
    }
    assert access == {
        **shared,
        "token_use": "access",
        "client_id": "web",
        "scope": "aws.cognito.signin.user.admin",
        "username": "Alice",
        "jti": access["jti"],
    }
    assert identity == {
        **shared,
        "token_use": "id",
        "aud": "web",
        "cognito:username": "Alice",
        "email": "alice@example.org",
        "email_verified": True,
        "custom:extra_info": "x",
        "address": {"formatted": "1 Main St"},
        "jti": identity["jti"],
    }
    assert len({access["jti"], identity["jti"], access["origin_jti"]}) == 3
    headers = [jwt.get_unverified_header(token) for token in (tokens.access_token, tokens.id_token)]
    assert [sorted(header) for header in headers] == [["alg", "kid"], ["alg", "kid"]]
    assert headers[0]["kid"] != headers[1]["kid"]


def test_verifier_accepts_the_tokens(
    make: Callable[..., LocalUserManager], clock: Clock, verifier: Callable[[str], CognitoVerifier]
) -> None:
    """usermgr-jwt verifies both tokens with the published file, until they expire."""
    users = make(user_pool_id=POOL, client_id="web", now=clock)
    user = users.add_user("alice", PASSWORD, VERIFIED)
    tokens = signed_in(users)
    access, identity = verifier("access").verify(tokens.access_token), verifier("id").verify(tokens.id_token)
    assert (access.sub, access.username, identity.sub, identity["email"]) == (
        user.sub, "alice", user.sub, "alice@example.org"
    )  # fmt: skip
    clock.forward(seconds=3600)
    with pytest.raises(TokenExpiredError):
        verifier("access").verify(tokens.access_token)
    assert verifier("access").verify(users.refresh(tokens).access_token).sub == user.sub


def test_published_file_has_two_public_keys_and_is_not_rewritten(
    make: Callable[..., LocalUserManager], path: Path
) -> None:
    """The JWKS has one RSA-2048 key for each kind of token, nothing private, and stays until it must change."""
    make()
    published = path.with_name("users.db.jwks.json")
    keys = json.loads(published.read_bytes())["keys"]
    assert [sorted(key) for key in keys] == [["alg", "e", "kid", "kty", "n", "use"]] * 2
    assert [len(jwt.PyJWK(key).key.public_numbers().n.to_bytes(256, "big")) for key in keys] == [256, 256]
    inode = published.stat().st_ino
    make()
    assert published.stat().st_ino == inode
    published.write_text("{}")
    make()
    assert json.loads(published.read_bytes())["keys"] == keys
    assert [file.name for file in path.parent.iterdir() if file.name.startswith(".")] == []


# --- Refresh -----------------------------------------------------------------------------------------


def test_refresh_keeps_the_session(users: LocalUserManager, clock: Clock) -> None:
    """A refresh keeps when and as what the session began, and the refresh token; the rest is of now."""
    users.add_user("alice", PASSWORD)
    tokens = signed_in(users)
    before = claims_of(tokens.access_token)
    clock.forward(hours=2)
    users.add_group("staff")
    users.add_user_to_group("alice", "staff")
    fresh = users.refresh(tokens)
    after = claims_of(fresh.access_token)
    assert fresh.refresh_token == tokens.refresh_token
    assert (after["auth_time"], after["origin_jti"]) == (before["auth_time"], before["origin_jti"])
    assert (after["iat"], after["cognito:groups"]) == (int(clock().timestamp()), ["staff"])
    assert after["jti"] != before["jti"]


def test_refresh_token_lives_thirty_days(users: LocalUserManager, clock: Clock) -> None:
    """It can be used for 30 days and not a moment longer."""
    users.add_user("alice", PASSWORD)
    tokens = signed_in(users)
    clock.forward(days=30, microseconds=-1)
    users.refresh(tokens)
    clock.forward(microseconds=1)
    with pytest.raises(InvalidCredentialsError):
        users.refresh(tokens)


def test_disabling_ends_sessions_for_good(users: LocalUserManager) -> None:
    """A user who is enabled again must sign in again."""
    users.add_user("alice", PASSWORD)
    tokens = signed_in(users)
    users.disable_user("alice")
    users.enable_user("alice")
    with pytest.raises(InvalidCredentialsError):
        users.refresh(tokens)
    assert users.refresh(signed_in(users)).username == "alice"


def test_refresh_after_a_reset_asks_for_the_reset(users: LocalUserManager) -> None:
    """A session of before the reset gives nothing until there is a new password."""
    users.add_user("alice", PASSWORD, VERIFIED)
    tokens = signed_in(users)
    users.reset_password("alice")
    with pytest.raises(PasswordResetRequiredError):
        users.refresh(tokens)


def test_tokens_without_a_refresh_token_are_refused(users: LocalUserManager) -> None:
    """There is nothing to refresh with."""
    with pytest.raises(InvalidCredentialsError):
        users.refresh(Tokens("alice", "a.b.c", "a.b.c", None, 3600))


def test_expired_sessions_are_swept(users: LocalUserManager, clock: Clock, path: Path) -> None:
    """A sign-in removes what has expired, so that the file does not grow for ever."""
    users.add_user("alice", PASSWORD)
    users.add_user("new", PASSWORD, temporary=True)
    signed_in(users)
    challenged(users, "new")
    clock.forward(days=31)
    signed_in(users)
    with sqlite3.connect(path) as connection:
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - two names, both here
            for table in ("refresh_tokens", "challenges")
        ]
    connection.close()
    assert counts == [1, 0]


# --- Challenges --------------------------------------------------------------------------------------


def test_challenge_is_answered_once(users: LocalUserManager) -> None:
    """The second answer to a challenge is refused, and changes nothing."""
    users.add_user("alice", PASSWORD, temporary=True)
    challenge = challenged(users)
    assert isinstance(users.answer_challenge(challenge, NEW_PASSWORD), Tokens)
    with pytest.raises(InvalidCredentialsError):
        users.answer_challenge(challenge, "Y3t-another-one")
    assert signed_in(users, password=NEW_PASSWORD).username == "alice"


def test_weak_answer_does_not_end_the_challenge(users: LocalUserManager) -> None:
    """Who proposes a weak password may propose another."""
    users.add_user("alice", PASSWORD, temporary=True)
    challenge = challenged(users)
    with pytest.raises(InvalidPasswordError):
        users.answer_challenge(challenge, "weak")
    assert isinstance(users.answer_challenge(challenge, NEW_PASSWORD), Tokens)


def test_challenge_lives_three_minutes(users: LocalUserManager, clock: Clock) -> None:
    """An answer that comes too late is told so."""
    users.add_user("alice", PASSWORD, temporary=True)
    challenge = challenged(users)
    clock.forward(minutes=3)
    with pytest.raises(ExpiredCodeError):
        users.answer_challenge(challenge, NEW_PASSWORD)


@pytest.mark.parametrize(
    "meanwhile",
    [
        lambda users: users.set_password("alice", "Y3t-another-one"),
        lambda users: users.disable_user("alice"),
        lambda users: users.sign_out_user("alice"),
        lambda users: users.delete_user("alice"),
        lambda users: users.set_totp_secret("alice", SECRET),
    ],
)
def test_challenge_ends_with_what_it_was_given_for(
    users: LocalUserManager, meanwhile: Callable[[LocalUserManager], None]
) -> None:
    """A challenge that waits while the user changes is void."""
    users.add_user("alice", PASSWORD, temporary=True)
    challenge = challenged(users)
    meanwhile(users)
    with pytest.raises(InvalidCredentialsError):
        users.answer_challenge(challenge, NEW_PASSWORD)


def test_challenge_of_another_is_refused(users: LocalUserManager) -> None:
    """A session goes with its user and its kind."""
    users.add_user("alice", PASSWORD, temporary=True)
    users.add_user("mallory", PASSWORD, temporary=True)
    session = challenged(users, "mallory").session
    for forged in (
        Challenge(ChallengeName.NEW_PASSWORD_REQUIRED, "alice", session),
        Challenge(ChallengeName.SOFTWARE_TOKEN_MFA, "mallory", session),
        Challenge(ChallengeName.NEW_PASSWORD_REQUIRED, "mallory", None),
    ):
        with pytest.raises(AuthenticationError):
            users.answer_challenge(forged, NEW_PASSWORD)
    assert users.get_user("alice").status == UserStatus.FORCE_CHANGE_PASSWORD


def test_unknown_challenge_is_not_answered(users: LocalUserManager) -> None:
    """A kind of challenge that this store never gives is refused by name."""
    with pytest.raises(UnsupportedOperationError, match="SMS_MFA"):
        users.answer_challenge(Challenge(ChallengeName.SMS_MFA, "alice", "x"), "123456")


def test_temporary_password_lives_seven_days(users: LocalUserManager, clock: Clock) -> None:
    """After that it is as good as a wrong one, until somebody sets another."""
    users.add_user("alice", PASSWORD, temporary=True)
    clock.forward(days=7)
    with pytest.raises(InvalidCredentialsError):
        users.authenticate("alice", PASSWORD)
    users.set_password("alice", PASSWORD, permanent=False)
    assert challenged(users).name is ChallengeName.NEW_PASSWORD_REQUIRED
    users.set_password("alice", PASSWORD)
    clock.forward(days=365)
    signed_in(users)


# --- Statuses ----------------------------------------------------------------------------------------


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
    """As in Cognito, a user without a verified address, or without a password of its own, cannot be reset."""
    users.add_user("alice", PASSWORD, {"email": "alice@example.org"})
    with pytest.raises(InvalidInputError):
        users.reset_password("alice")
    users.add_user("new", None, VERIFIED)
    with pytest.raises(InvalidStateError):
        users.reset_password("new")


@pytest.mark.parametrize(
    ("status", "operation", "error"),
    [
        ("UNCONFIRMED", lambda users: users.authenticate("alice", PASSWORD), UserNotConfirmedError),
        ("EXTERNAL_PROVIDER", lambda users: users.set_password("alice", NEW_PASSWORD), InvalidStateError),
    ],
)
def test_other_statuses_hold(
    users: LocalUserManager,
    path: Path,
    status: str,
    operation: Callable[[LocalUserManager], object],
    error: type[Exception],
) -> None:
    """An unconfirmed user cannot sign in, and a user of another provider gets no password."""
    users.add_user("alice", PASSWORD)
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE users SET status = ?", (status,))
    connection.close()
    with pytest.raises(error):
        operation(users)
    assert users.get_user("alice").status == status


# --- One-time codes ----------------------------------------------------------------------------------


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


# --- Activity ----------------------------------------------------------------------------------------


def test_sign_in_and_refresh_are_recorded(users: LocalUserManager, clock: Clock) -> None:
    """Who signs in is seen at once; a refresh moves last seen; a challenge or a refusal is no sighting."""
    alice = users.add_user("alice", PASSWORD)
    new = users.add_user("new", PASSWORD, temporary=True)
    tokens = signed_in(users)
    first = clock().replace(minute=0, second=0)
    clock.forward(hours=1)
    users.refresh(tokens)
    challenged(users, "new")
    with pytest.raises(InvalidCredentialsError):
        users.authenticate("alice", "Wr0ng-password")
    seen = users.activity.last_seen(alice.sub)
    assert seen is not None
    assert (seen.first_seen, seen.last_seen, seen.sign_in_count, seen.client_id) == (
        first, first.replace(hour=first.hour + 1), 1, "local"
    )  # fmt: skip
    assert users.activity.last_seen(new.sub) is None


# --- What happens while Argon2 runs ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("meanwhile", "error"),
    [
        (lambda users: users.set_password("alice", NEW_PASSWORD), InvalidCredentialsError),
        (lambda users: users.disable_user("alice"), InvalidCredentialsError),
        (lambda users: users.delete_user("alice"), InvalidCredentialsError),
        (lambda users: users.reset_password("alice"), PasswordResetRequiredError),
    ],
)
def test_sign_in_that_is_overtaken_is_refused(
    users: LocalUserManager,
    monkeypatch: pytest.MonkeyPatch,
    meanwhile: Callable[[LocalUserManager], None],
    error: type[Exception],
) -> None:
    """A change of the user between the check of the password and the tokens wins."""
    users.add_user("alice", PASSWORD, VERIFIED)
    verify = Passwords.verify

    def slow(passwords: Passwords, stored: str | None, password: str) -> bool:
        right = verify(passwords, stored, password)
        meanwhile(users)
        return right

    monkeypatch.setattr(Passwords, "verify", slow)
    with pytest.raises(error):
        users.authenticate("alice", PASSWORD)
