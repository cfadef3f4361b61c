"""An optional, bounded memory of verified tokens, for clients that send the same token again and again."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from usermgr_jwt._claims import Claims
    from usermgr_jwt._keys import KeySet

__all__ = ["VerifiedTokens"]


class _Generations(NamedTuple):
    keys: KeySet | None
    young: dict[bytes, Claims]
    old: dict[bytes, Claims]


class VerifiedTokens:
    """Claims by SHA-256 of the whole token, at most `size` of them.

    Why it is safe: a token is added only after it passed every check; it is found by a digest of all its bytes,
    which are not kept; the caller checks again what depends on the time; a change of the keys empties the cache;
    whoever receives the claims cannot change them; and a cache belongs to one verifier, so that it never returns
    another policy's verdict.

    When the young generation is full it becomes the old one, and the old one is dropped; a token that is used again
    moves back to the young one. That needs no lock and no list, and threads can at worst verify a token twice.
    """

    __slots__ = ("_generations", "_half")

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._generations = _Generations(None, {}, {})

    def __len__(self) -> int:
        return len(self._generations.young) + len(self._generations.old)

    @staticmethod
    def digest(token: str) -> bytes:
        """The key of a token. The token must be ASCII."""
        return sha256(token.encode("ascii")).digest()

    def get(self, digest: bytes, keys: KeySet) -> Claims | None:
        """The claims of a token that was verified with `keys`."""
        known_keys, young, old = self._generations
        if known_keys is not keys:
            self._generations = _Generations(keys, {}, {})
            return None
        claims = young.get(digest)
        if claims is None and (claims := old.get(digest)) is not None:
            self.add(digest, keys, claims)
        return claims

    def add(self, digest: bytes, keys: KeySet, claims: Claims) -> None:
        """Remember a token that passed every check with `keys`."""
        known_keys, young, _ = self._generations
        if known_keys is not keys:
            return  # another thread has seen newer keys meanwhile
        if len(young) >= self._half:
            young, old = {}, young
            self._generations = _Generations(keys, young, old)
        young[digest] = claims
