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
    InvalidCredentialsError,
    InvalidInputError,
    InvalidPasswordError,
    PasswordResetRequiredError,
    UnsupportedOperationError,
)
from usermgr_jwt import CognitoVerifier, JwksFile
from usermgr_jwt.errors import TokenExpiredError
from usermgr_local import LocalUserManager
from usermgr_local._passwords import Passwords

from .conftest import NEW_PASSWORD, PASSWORD, VERIFIED, Clock, challenged, signed_in

POOL = "ap-northeast-1_AbCdEf123"
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # RFC 6238's, in Base32


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
    published.write_text(json.dumps({"keys": []}))
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


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda users: users.set_password("alice", NEW_PASSWORD), id="set_password"),
        pytest.param(lambda users: users.set_password("alice", NEW_PASSWORD, permanent=False), id="temporary"),
        pytest.param(lambda users: users.reset_password("alice"), id="reset_password"),
        pytest.param(lambda users: users.set_totp_secret("alice", SECRET), id="set_totp_secret"),
        pytest.param(lambda users: users.set_totp_secret("alice", None), id="no totp_secret"),
    ],
)
def test_new_credentials_end_every_session(users: LocalUserManager, change: Callable[[LocalUserManager], None]) -> None:
    """Whoever signed in with the old password or secret has to sign in again."""
    users.add_user("alice", PASSWORD, VERIFIED)
    tokens = signed_in(users)

    change(users)

    with pytest.raises(InvalidCredentialsError):
        users.refresh(tokens)


def test_chosen_password_ends_every_session(users: LocalUserManager) -> None:
    """The answer to a challenge is a new password too."""
    users.add_user("alice", PASSWORD, temporary=True)
    first, second = challenged(users), challenged(users)
    tokens = users.answer_challenge(first, NEW_PASSWORD)
    assert isinstance(tokens, Tokens)

    with pytest.raises(InvalidCredentialsError):
        users.answer_challenge(second, "Y3t-another-one")

    assert signed_in(users, password=NEW_PASSWORD).username == "alice"
    assert users.refresh(tokens).username == "alice"


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
    """A user who proposes a weak password may propose another."""
    users.add_user("alice", PASSWORD, temporary=True)
    challenge = challenged(users)
    with pytest.raises(InvalidPasswordError):
        users.answer_challenge(challenge, "weak")
    assert isinstance(users.answer_challenge(challenge, NEW_PASSWORD), Tokens)


def test_challenge_lives_three_minutes(users: LocalUserManager, clock: Clock) -> None:
    """An answer that comes too late raises ExpiredCodeError."""
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


def test_attributes_come_with_the_new_password(users: LocalUserManager) -> None:
    """An answer can set attributes, as a whole with the password: one that is refused leaves both as they were."""
    users.add_user("alice", PASSWORD, VERIFIED, temporary=True)
    challenge = challenged(users)
    for refused in ({"custom:unheard_of": "x"}, {"name": "A", "phone_number_verified": "true"}):
        with pytest.raises(InvalidInputError):
            users.answer_challenge(challenge, NEW_PASSWORD, refused)
    assert dict(users.get_user("alice").attributes) == VERIFIED

    tokens = users.answer_challenge(challenge, NEW_PASSWORD, {"name": "Alice", "email": "new@example.org"})

    assert isinstance(tokens, Tokens)
    expected = {"name": "Alice", "email": "new@example.org", "email_verified": "false"}
    assert dict(users.get_user("alice").attributes) == expected
    assert claims_of(tokens.id_token)["name"] == "Alice"


def test_attributes_do_not_come_with_a_code(users: LocalUserManager) -> None:
    """Only the challenge for a new password takes attributes."""
    with pytest.raises(InvalidInputError) as caught:
        users.answer_challenge(Challenge(ChallengeName.SOFTWARE_TOKEN_MFA, "alice", "x"), "123456", {"name": "A"})
    assert caught.value.field == "attributes"


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


# --- Activity ----------------------------------------------------------------------------------------


def test_sign_in_and_refresh_are_recorded(users: LocalUserManager, clock: Clock) -> None:
    """A user who signs in is seen at once; a refresh moves last seen; a challenge or a refusal is not a sighting."""
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
