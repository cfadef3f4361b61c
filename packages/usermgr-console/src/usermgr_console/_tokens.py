"""Tokens that are good once: of forms, of one-time links, and what waits for a browser's next step.

A form's token is made without writing anything: a nonce and a time under a key that the file and the browser's number
give. Using it writes the nonce down, which can be done once, in whatever process.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable
from enum import Enum
from typing import Any

from usermgr_console._database import Database
from usermgr_console._roles import Role
from usermgr_console._sessions import stored

__all__ = ["FormTokens", "Links", "Steps", "Use"]

LIFE = 12 * 3600
"""Seconds for which a form can be sent."""

NONCE, TIME, MAC = 16, 8, 16
"""Bytes of a form's token."""


class Use(Enum):
    """What became of using a token."""

    GOOD = "good"
    SPENT = "spent"
    """It was used before: a second click, or a reload."""
    WRONG = "wrong"
    """It is none of this browser's, or too old."""


class FormTokens:
    """The tokens of forms."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._key = database.key("forms")
        self._now = now

    def make(self, browser: str) -> str:
        """A token for one form in this browser."""
        body = secrets.token_bytes(NONCE) + int(self._now()).to_bytes(TIME, "big")
        return base64.urlsafe_b64encode(body + self._mac(browser, body)).decode()

    def use(self, browser: str, token: str) -> Use:
        """Uses the token up."""
        try:
            raw = base64.b64decode(token, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError):
            return Use.WRONG
        body, mac = raw[: NONCE + TIME], raw[NONCE + TIME :]
        made = int.from_bytes(body[NONCE:], "big")
        now = int(self._now())
        if len(body) != NONCE + TIME or not hmac.compare_digest(mac, self._mac(browser, body)) or now >= made + LIFE:
            return Use.WRONG
        with self._database.write() as connection:
            connection.execute("DELETE FROM spent WHERE until <= ?", (now,))
            done = connection.execute("INSERT OR IGNORE INTO spent VALUES (?, ?)", (body, made + LIFE))
        return Use.GOOD if done.rowcount == 1 else Use.SPENT

    def _mac(self, browser: str, body: bytes) -> bytes:
        key = hmac.digest(self._key, stored(browser), hashlib.sha256)
        return hmac.digest(key, body, hashlib.sha256)[:MAC]


class Steps:
    """What waits for the next step of a browser that is not signed in, such as a challenge; never in its cookie."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def put(self, browser: str, kind: str, value: Any, seconds: int) -> None:
        """Keeps a JSON value for so long; one of the same kind before it is gone."""
        now = int(self._now())
        with self._database.write() as connection:
            connection.execute("DELETE FROM steps WHERE until <= ?", (now,))
            connection.execute(
                "INSERT OR REPLACE INTO steps VALUES (?, ?, ?, ?)",
                (stored(browser), kind, json.dumps(value), now + seconds),
            )

    def peek(self, browser: str, kind: str) -> Any:
        """The value, or `None`."""
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT value, until FROM steps WHERE browser = ? AND kind = ?", (stored(browser), kind)
            ).fetchone()
        return None if row is None or row["until"] <= int(self._now()) else json.loads(row["value"])

    def take(self, browser: str, kind: str) -> Any:
        """The value, for one taker; `None` for the others."""
        value = self.peek(browser, kind)
        with self._database.write() as connection:
            gone = connection.execute("DELETE FROM steps WHERE browser = ? AND kind = ?", (stored(browser), kind))
        return value if gone.rowcount == 1 else None


class Links:
    """One-time links, as the command prints them."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def make(self, role: Role, seconds: int) -> str:
        """A secret for a link that signs somebody in with that role."""
        secret = secrets.token_urlsafe(32)
        with self._database.write() as connection:
            connection.execute(
                "INSERT INTO links VALUES (?, ?, ?)", (stored(secret), int(role), int(self._now()) + seconds)
            )
        return secret

    def is_good(self, token: bytes) -> bool:
        """Whether the link, by what is `stored` of its secret, could be used. Looking does not use it."""
        with self._database.read() as connection:
            row = connection.execute("SELECT until FROM links WHERE token = ?", (token,)).fetchone()
        return row is not None and row["until"] > int(self._now())

    def use(self, token: bytes) -> Role | None:
        """Uses the link up: the role, for one user of it."""
        with self._database.write() as connection:
            row = connection.execute(
                "DELETE FROM links WHERE token = ? AND until > ? RETURNING role", (token, int(self._now()))
            ).fetchone()
        return None if row is None else Role(row["role"])
