"""An opt-in, bounded memory of tokens that were verified, for clients that send the same token again and again."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from usermgr_jwt.claims import Claims
    from usermgr_jwt.keys import KeySet

__all__ = ["VerifiedTokens"]


class _Generations(NamedTuple):
    keys: KeySet | None
    young: dict[bytes, Claims]
    old: dict[bytes, Claims]


class VerifiedTokens:
    """Claims by SHA-256 of the whole token, at most `size` of them.

    What keeps it safe: a token gets in only after every check passed; it is found by all of its bytes, of which
    none is kept; what depends on the time is for the caller to check again; a change of the keys forgets everything;
    claims cannot be changed by who receives them; and a cache belongs to one verifier, so that no other policy's
    verdict is ever found in it.

    When the young generation is full it becomes the old one, and the old one is dropped; a token that is used
    comes back young. That costs no lock and no list, and threads can at worst verify a token twice.
    """

    __slots__ = ("_generations", "_half")

    def __init__(self, size: int) -> None:
        self._half = max(1, size // 2)
        self._generations = _Generations(None, {}, {})

    def __len__(self) -> int:
        return len(self._generations.young) + len(self._generations.old)

    @staticmethod
    def digest(token: str) -> bytes:
        """What a token is found by. The token must be ASCII."""
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
        """Note a token that passed every check with `keys`."""
        known_keys, young, _ = self._generations
        if known_keys is not keys:
            return  # another thread has seen newer keys meanwhile
        if len(young) >= self._half:
            young, old = {}, young
            self._generations = _Generations(keys, young, old)
        young[digest] = claims
