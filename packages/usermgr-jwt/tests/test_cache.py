"""The cache of verified tokens changes no verdict, only the time that it takes."""

import threading
import time

import pytest

from usermgr_jwt import CognitoVerifier, JwksFile, TokenError
from usermgr_jwt.errors import (
    KeysTooOldError,
    TokenExpiredError,
    TokenNotYetValidError,
    TokenSignatureError,
    UnknownKeyError,
)


class Clock:
    now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cached(settings, jwks_path, clock) -> CognitoVerifier:
    return CognitoVerifier(**settings | {"keys": JwksFile(jwks_path, now=clock)}, now=clock, cache_size=100)


def test_a_repeated_token_is_not_verified_again(cached, pool):
    """The second time the same claims come back, without the signature being checked."""
    token = pool.token()

    assert cached.verify(token) is cached.verify(token)


def test_only_the_whole_token_is_found(cached, pool):
    """A token that differs in one character of any part is another token, and is refused."""
    token = pool.token()
    cached.verify(token)
    for where in range(0, len(token), 7):
        other = token[:where] + ("A" if token[where] != "A" else "B") + token[where + 1 :]
        with pytest.raises(TokenError):
            cached.verify(other)


def test_nothing_that_was_refused_gets_in(cached, pool, stranger):
    """A refused token is refused every time, and takes no place."""
    for token in (pool.token(key=stranger), pool.token(pool.access_claims(client_id="x")), "x", "é", None, "A" * 99999):
        for _ in range(2):
            with pytest.raises(TokenError):
                cached.verify(token)
    assert len(cached._cache) == 0


def test_times_are_checked_on_every_hit(cached, pool, clock):
    """A remembered token expires on time, and is not valid before its time when the clock goes back."""
    exp = int(clock.now) + 60
    token = pool.token(pool.access_claims(exp=exp, nbf=int(clock.now) - 60))
    cached.verify(token)

    clock.now = exp
    with pytest.raises(TokenExpiredError):
        cached.verify(token)
    clock.now = exp - 121
    with pytest.raises(TokenNotYetValidError):
        cached.verify(token)
    clock.now = exp - 1
    cached.verify(token)


def test_a_change_of_the_keys_forgets_everything(cached, pool, jwks_path, compact_jwks, clock, stranger):
    """A token whose key was withdrawn, or replaced under its id, is refused as soon as the file is noticed."""
    token = pool.token()
    for keys, error in (
        ({"id-key": pool.keys["id-key"]}, UnknownKeyError),
        ({"access-key": stranger}, TokenSignatureError),
    ):
        jwks_path.write_bytes(compact_jwks(pool.keys))
        clock.now += 1
        cached.verify(token)
        jwks_path.write_bytes(compact_jwks(keys))
        clock.now += 1
        with pytest.raises(error):
            cached.verify(token)


def test_the_same_keys_written_again_forget_nothing(cached, pool, jwks_path, clock):
    """A pull that brings no change keeps the cache."""
    token = pool.token()
    claims = cached.verify(token)
    document = jwks_path.read_bytes()
    new = jwks_path.with_name("new")
    new.write_bytes(document)
    new.replace(jwks_path)
    clock.now += 1

    assert cached.verify(token) is claims


def test_old_keys_are_refused_on_a_hit_too(settings, pool, jwks_path, clock):
    """max_age counts for remembered tokens as for others."""
    keys = JwksFile(jwks_path, max_age=3600, now=clock)
    cached = CognitoVerifier(**settings | {"keys": keys}, now=clock, cache_size=10)
    clock.now = jwks_path.stat().st_mtime
    token = pool.token(pool.access_claims(exp=int(clock.now) + 86400))
    cached.verify(token)
    clock.now += 3601

    with pytest.raises(KeysTooOldError):
        cached.verify(token)


def test_it_is_bounded_and_keeps_what_is_used(settings, pool):
    """However many tokens come, at most cache_size are kept, and one that is used between the others stays."""
    cached = CognitoVerifier(**settings, cache_size=10)
    used = pool.token()
    claims = cached.verify(used)
    for number in range(50):
        cached.verify(pool.token(pool.access_claims(jti=str(number))))
        assert cached.verify(used) is claims
        assert len(cached._cache) <= 10


def test_claims_cannot_be_changed(cached, pool):
    """What one caller does with the claims is not seen by the next."""
    token = pool.token(pool.access_claims(address={"street": "x", "lines": ["y"]}))
    claims = cached.verify(token)

    with pytest.raises(TypeError):
        claims["sub"] = "somebody else"
    with pytest.raises(TypeError):
        claims["address"]["street"] = "z"
    with pytest.raises(AttributeError):
        claims["cognito:groups"].append("root")
    with pytest.raises(AttributeError):
        claims.sub = "somebody else"
    claims.to_dict()["address"]["lines"].append("z")
    assert claims["address"]["lines"] == ("y",)
    assert cached.verify(token).groups == ("admins", "support")


def test_no_token_is_kept(cached, pool):
    """The cache holds a digest, not the token: a memory dump of it signs nobody in."""
    token = pool.token()
    cached.verify(token)

    assert list(cached._cache._generations.young) == [cached._cache.digest(token)]
    assert token.rpartition(".")[2] not in repr(vars(cached))


def test_threads_share_it(cached, pool):
    """Eight threads with overlapping tokens get the right claims each time."""
    tokens = [(pool.token(pool.access_claims(jti=str(number))), str(number)) for number in range(150)]
    wrong: list[str] = []

    def work(start: int) -> None:
        for step in range(600):
            token, jti = tokens[(start + step) % len(tokens)]
            if cached.verify(token)["jti"] != jti:
                wrong.append(jti)

    threads = [threading.Thread(target=work, args=(start * 19,)) for start in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cached._cache) <= 100


@pytest.mark.parametrize("size", [-1, 1.5, "10", None])
def test_the_size_is_a_number(settings, size):
    """A size that is not a number of tokens is refused."""
    with pytest.raises(ValueError, match="cache_size"):
        CognitoVerifier(**settings, cache_size=size)
