"""Page tokens: where a listing continues, signed, and valid only for the query that they came from."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from usermgr.errors import InvalidPageTokenError

__all__ = ["PageTokens"]

MAC_LENGTH = 16
ID_LENGTH = 8


class PageTokens:
    """Creates and reads page tokens under the store's own key. `query` is any string that tells queries apart."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def create(self, query: str, after: int) -> str:
        """The token for the page that begins after the row with the id `after`."""
        position = after.to_bytes(ID_LENGTH, "big")
        return base64.urlsafe_b64encode(self._mac(query, position) + position).decode()

    def read(self, query: str, token: str | None) -> int:
        """The id after which the page begins; 0 without a token. Raises `InvalidPageTokenError`."""
        if token is None:
            return 0
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError, TypeError):
            raw = b""
        mac, position = raw[:MAC_LENGTH], raw[MAC_LENGTH:]
        if len(position) != ID_LENGTH or not hmac.compare_digest(mac, self._mac(query, position)):
            raise InvalidPageTokenError(field="page_token")
        return int.from_bytes(position, "big")

    def _mac(self, query: str, position: bytes) -> bytes:
        message = position + query.encode("utf-8", "surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).digest()[:MAC_LENGTH]
