"""CognitoVerifier: from a token to its claims, or to one error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal, Protocol

from usermgr_jwt._cache import VerifiedTokens
from usermgr_jwt._claims import Claims, raw_claims
from usermgr_jwt._codec import b64url_decode, json_object
from usermgr_jwt._jws import MAX_TOKEN, signed_payload
from usermgr_jwt._policy import Policy
from usermgr_jwt.errors import (
    KeysError,
    TokenError,
    TokenFormatError,
    TokenSignatureError,
    UnknownKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from usermgr_jwt._keys import Keys, KeySet

__all__ = ["AnyOfVerifier", "CognitoVerifier", "Verifier"]


class Verifier(Protocol):
    """What an application needs from a verifier; the integrations accept any object with this method."""

    def verify(self, token: str) -> Claims:
        """The token's claims, or TokenError, or KeysError."""
        ...


class CognitoVerifier:
    """Verifies the access or id tokens of one Amazon Cognito user pool, without a network.

    `user_pool_id`: such as `"ap-northeast-1_AbCdEf123"`. Both of Cognito's issuers for the pool are accepted.
    `issuer`: exactly the `iss` to accept instead, for an emulator or a custom issuer: an `https://` address, or
    `http://` on a loopback address. With it, `user_pool_id` may be omitted.
    `client_id`: the app client whose tokens are accepted, a collection of them, or None for any client of the pool.
    `token_use`: `"access"`, `"id"`, or None for both.
    `keys`: usually a `JwksFile`.
    `groups`, `scopes`: when given, the token must have at least one of them.
    `leeway`: seconds of clock difference to tolerate in `exp` and `nbf`.
    `now`: the clock, in seconds since 1970.
    `cache_size`: how many verified tokens to remember; 0, the default, remembers none.

    `client_id` and `token_use` have no default: to accept any, pass None explicitly. A setting that makes no sense is
    a ValueError here. Threads can share a verifier.
    """

    def __init__(
        self,
        *,
        user_pool_id: str | None = None,
        issuer: str | None = None,
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
            issuer=issuer,
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
        """The claims of `token`, a compact JWS: the text after `Bearer ` in an Authorization header.

        Raises only TokenError (answer 401; 403 for its group and scope errors) and KeysError (answer 503).
        """
        keys = self._keys.current()
        if self._cache is None or not _may_be_a_token(token):
            return Claims(self._verify(token, keys))
        digest = self._cache.digest(token)
        known = self._cache.get(digest, keys)
        if known is not None:
            self._policy.check_times(raw_claims(known), self._now())
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
            raise TokenFormatError("its payload is not a strict JSON object in canonical base64url") from None
        self._policy.check(claims, self._now())
        return claims


def _may_be_a_token(token: object) -> bool:
    """Whether to compute a digest. What cannot be a token gets its error without the cache."""
    return isinstance(token, str) and len(token) <= MAX_TOKEN and token.isascii()


class AnyOfVerifier:
    """Accepts what at least one of its verifiers accepts; made by `CognitoVerifier.any_of`.

    When none does, it raises the error of the verifier that got furthest. A verifier without keys does not stop the
    others; but when it might have accepted the token, the error is its KeysError.
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
    """How much an error proves about the token: with the missing keys it might have been good."""
    match error:
        case UnknownKeyError():
            return 0
        case TokenSignatureError():
            return 1
        case KeysError():
            return 2
        case _:
            return 3
