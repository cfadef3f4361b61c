"""Passwords: the policy, and how they are kept."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import argon2
import pytest
from argon2 import PasswordHasher

from usermgr import Tokens
from usermgr.errors import InvalidCredentialsError, InvalidPasswordError
from usermgr_local import Argon2Cost, LocalUserManager, PasswordPolicy
from usermgr_local._passwords import Passwords

PASSWORD = "a-Long-passw0rd"


@pytest.mark.parametrize(
    ("policy", "password", "missing"),
    [
        (PasswordPolicy(), "Sh0rt", "at least 8 characters"),
        (PasswordPolicy(), "Aa0" * 100, "at most 256 characters"),
        (PasswordPolicy(), "lower-0nly", "an upper-case letter"),
        (PasswordPolicy(), "UPPER-0NLY", "a lower-case letter"),
        (PasswordPolicy(), "No-numbers", "a digit"),
        (PasswordPolicy(requires=frozenset({"symbols"})), "NoSymb0ls", "a symbol"),
        (PasswordPolicy(), " Sp4ce-at-the-start", "no space"),
        (PasswordPolicy(), "Sp4ce-at-the-end\t", "no space"),
        (PasswordPolicy(), "Surr0gate-\ud800", "Unicode"),
    ],
)
def test_policy_names_what_is_missing(policy: PasswordPolicy, password: str, missing: str) -> None:
    """A refused password hears what it lacks, and is not repeated."""
    with pytest.raises(InvalidPasswordError, match=missing) as caught:
        policy.check(password)
    assert password not in str(caught.value)
    assert caught.value.field == "password"


@pytest.mark.parametrize("password", ["Exactly8", "Sp4ces in the middle", "Ünïcode-Aa0"])
def test_policy_accepts(password: str) -> None:
    """What meets the policy passes."""
    PasswordPolicy().check(password)


def stored_hash(path: Path, username: str) -> str:
    """What the file has."""
    with sqlite3.connect(path) as connection:
        found = connection.execute("SELECT password_hash FROM users WHERE username = ?", (username,)).fetchone()[0]
    connection.close()
    return found


def test_password_is_kept_as_argon2id_with_the_default_cost(make: Callable[..., LocalUserManager], path: Path) -> None:
    """A store without a setting for it writes Argon2id hashes at OWASP's minimum, each with its own salt."""
    users = make(argon2=None)
    users.add_user("alice", PASSWORD)
    users.add_user("bob", PASSWORD)
    found = argon2.extract_parameters(stored_hash(path, "alice"))
    assert (found.type, found.memory_cost, found.time_cost, found.parallelism) == (argon2.Type.ID, 19456, 2, 1)
    assert (found.salt_len, found.hash_len) == (16, 32)
    assert stored_hash(path, "alice") != stored_hash(path, "bob")


def test_hash_grows_with_the_cost_at_sign_in(make: Callable[..., LocalUserManager], path: Path) -> None:
    """A sign-in keeps the password at today's cost when it was kept at a lower one; a wrong password does not."""
    make().add_user("alice", PASSWORD)
    before = stored_hash(path, "alice")
    today = make(argon2=Argon2Cost(16, 2, 1))
    with pytest.raises(InvalidCredentialsError):
        today.authenticate("alice", "Wr0ng-password")
    assert stored_hash(path, "alice") == before
    assert isinstance(today.authenticate("alice", PASSWORD), Tokens)
    after = argon2.extract_parameters(stored_hash(path, "alice"))
    assert (after.memory_cost, after.time_cost) == (16, 2)
    assert isinstance(today.authenticate("alice", PASSWORD), Tokens)


def test_hash_never_shrinks(make: Callable[..., LocalUserManager], path: Path) -> None:
    """A manager with a lower cost leaves a stronger hash alone."""
    make(argon2=Argon2Cost(16, 2, 1)).add_user("alice", PASSWORD)
    before = stored_hash(path, "alice")
    assert isinstance(make().authenticate("alice", PASSWORD), Tokens)
    assert stored_hash(path, "alice") == before


@pytest.mark.parametrize("username", ["alice", "nobody", "new"])
def test_every_refused_sign_in_computes_one_argon2(
    make: Callable[..., LocalUserManager], monkeypatch: pytest.MonkeyPatch, username: str
) -> None:
    """A wrong password, an unknown name and a user without a password cost one Argon2 each, at the same parameters."""
    users = make()
    users.add_user("alice", PASSWORD)
    users.add_user("new")
    computed: list[str] = []

    class Counting(PasswordHasher):
        def hash(self, password: str | bytes, *, salt: bytes | None = None) -> str:
            computed.append("hash")
            return super().hash(password, salt=salt)

        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # noqa: A002 - argon2-cffi's name
            computed.append("verify")
            return super().verify(hash, password)

    monkeypatch.setattr("usermgr_local._passwords.PasswordHasher", Counting)
    counted = make()
    with pytest.raises(InvalidCredentialsError):
        counted.authenticate(username, "Wr0ng-password")
    assert len(computed) == 1


def test_password_that_is_no_unicode_is_wrong() -> None:
    """A lone surrogate in a password is refused like any wrong password."""
    passwords = Passwords(Argon2Cost(8, 1, 1))
    assert passwords.verify(passwords.hash(PASSWORD), "\ud800") is False
    assert passwords.verify(None, "\ud800") is False


def test_secrets_are_in_no_file_and_no_repr(make: Callable[..., LocalUserManager], path: Path) -> None:
    """No password, token or challenge's session can be read in the files, and none shows in a repr."""
    users = make()
    users.add_user("alice", PASSWORD)
    users.add_user("new", "Temp0rary-one", temporary=True)
    tokens, challenge = users.authenticate("alice", PASSWORD), users.authenticate("new", "Temp0rary-one")
    assert isinstance(tokens, Tokens)
    secrets = [PASSWORD, "Temp0rary-one", tokens.access_token, tokens.id_token, tokens.refresh_token, challenge.session]  # pyright: ignore[reportAttributeAccessIssue]
    files = b"".join(file.read_bytes() for file in path.parent.iterdir())
    assert [s for s in secrets if s.encode() in files or s in repr(users) + repr(tokens) + repr(challenge)] == []
