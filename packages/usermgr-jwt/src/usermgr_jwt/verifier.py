"""The front door: CognitoVerifier."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, Protocol

from usermgr_jwt._codec import b64url_decode, json_object
from usermgr_jwt._jws import MAX_TOKEN, signed_payload
from usermgr_jwt.cache import VerifiedTokens
from usermgr_jwt.claims import Claims, parsed
from usermgr_jwt.errors import (
    KeysError,
    TokenError,
    TokenFormatError,
    TokenSignatureError,
    UnknownKeyError,
)
from usermgr_jwt.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from usermgr_jwt.keys import Keys, KeySet

__all__ = ["AnyOfVerifier", "CognitoVerifier", "Verifier"]


class Verifier(Protocol):
    """What an application needs of a verifier; the integrations take any object of this shape."""

    def verify(self, token: str) -> Claims:
        """The token's claims, or TokenError, or KeysError."""
        ...


class CognitoVerifier:
    """Verifies the access or id tokens of one Amazon Cognito user pool, without a network.

    `user_pool_id`: such as `"ap-northeast-1_AbCdEf123"`.
    `client_id`: the app client whose tokens are accepted, a collection of them, or None for any client of the pool.
    `token_use`: `"access"`, `"id"`, or None for both.
    `keys`: usually a `JwksFile`.
    `groups`, `scopes`: when given, the token must have at least one of them.
    `leeway`: seconds of clock difference to forgive in `exp` and `nbf`.
    `now`: the clock, in seconds since 1970.
    `cache_size`: how many verified tokens to remember (see `cache.py`); 0, the default, remembers none.

    `client_id` and `token_use` have no default: accepting any must be said aloud. A setting that makes no sense is
    a ValueError here. A verifier can be shared by threads.
    """

    def __init__(
        self,
        *,
        user_pool_id: str,
        client_id: str | Collection[str] | None,
        token_use: Literal["access", "id"] | None,
        keys: Keys,
        groups: str | Collection[str] | None = None,
        scopes: str | Collection[str] | None = None,
        leeway: float = 0,
        now: Callable[[], float] = time.time,
        cache_size: int = 0,
    ) -> None:
        self._policy = Policy(
            user_pool_id=user_pool_id,
            client_id=client_id,
            token_use=token_use,
            groups=groups,
            scopes=scopes,
            leeway=leeway,
        )
        if not isinstance(cache_size, int) or cache_size < 0:  # pyright: ignore[reportUnnecessaryIsInstance]
            raise ValueError("cache_size must be a number of tokens, or 0")
        self._keys = keys
        self._now = now
        self._cache = None
        if cache_size:
            self._cache = VerifiedTokens(cache_size)

    @staticmethod
    def any_of(*verifiers: CognitoVerifier) -> AnyOfVerifier:
        """A verifier that accepts what at least one of `verifiers` accepts: several pools, or several clients."""
        return AnyOfVerifier(verifiers)

    def verify(self, token: str) -> Claims:
        """The claims of `token`, a compact JWS as it stands in an Authorization header after `Bearer `.

        Raises TokenError (answer 401; 403 for its group and scope errors) or KeysError (answer 503), nothing else.
        """
        keys = self._keys.current()
        if self._cache is None or not _may_be_a_token(token):
            return Claims(self._verify(token, keys))
        digest = self._cache.digest(token)
        known = self._cache.get(digest, keys)
        if known is not None:
            self._policy.check_times(parsed(known), self._now())
            return known
        claims = Claims(self._verify(token, keys))
        self._cache.add(digest, keys, claims)
        return claims

    def _verify(self, token: str, keys: KeySet) -> dict[str, Any]:
        try:
            payload = signed_payload(token, keys)
        except UnknownKeyError:
            self._keys.unknown_key_id()
            raise
        try:
            claims = json_object(b64url_decode(payload))
        except ValueError:
            raise TokenFormatError("its payload is no strict JSON object in canonical base64url") from None
        self._policy.check(claims, self._now())
        return claims


def _may_be_a_token(token: object) -> bool:
    """What cannot be one is not worth a hash; the way without the cache says what is wrong with it."""
    return isinstance(token, str) and len(token) <= MAX_TOKEN and token.isascii()


class AnyOfVerifier:
    """Accepts what at least one of its verifiers accepts; made by `CognitoVerifier.any_of`.

    When none does, it raises the error of the verifier that got furthest. A verifier without keys does not stop
    the others, but as long as the token might have been its, the answer is its KeysError.
    """

    def __init__(self, verifiers: Collection[CognitoVerifier]) -> None:
        if not verifiers:
            raise ValueError("any_of needs at least one verifier")
        self._verifiers = tuple(verifiers)

    def verify(self, token: str) -> Claims:
        """As `CognitoVerifier.verify`."""
        errors: list[TokenError | KeysError] = []
        for verifier in self._verifiers:
            try:
                return verifier.verify(token)
            except (TokenError, KeysError) as error:
                errors.append(error)
        raise max(errors, key=_progress)


def _progress(error: TokenError | KeysError) -> int:
    """How much an error says about the token: with the missing keys it might have been good."""
    match error:
        case UnknownKeyError():
            return 0
        case TokenSignatureError():
            return 1
        case KeysError():
            return 2
        case _:
            return 3
