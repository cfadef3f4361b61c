"""Who is signed in. The browser's cookie is a random number and nothing else; what it stands for lies in the file.

A browser without a session has a number too, to which its forms are bound. Signing in gives it another one.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from usermgr_console._config import Config
from usermgr_console._database import Database
from usermgr_console._roles import Role

__all__ = ["Person", "Session", "Sessions", "new_browser", "stored"]

TOUCH = 15
"""How many seconds may pass before a use of the session is written down again."""


def new_browser() -> str:
    """A number for a browser."""
    return secrets.token_urlsafe(32)


def stored(secret: str) -> bytes:
    """What is kept of a secret, so that the file by itself opens nothing."""
    return hashlib.sha256(secret.encode()).digest()


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the staff."""

    name: str
    """What is shown; audit records name the `username` where there is one."""
    role: Role
    method: str
    """How they signed in: `link`, `store`, or `oidc`."""
    username: str | None = None
    sub: str | None = None
    """Of a user of the store; both are `None` for somebody who is none."""
    subject: str | None = None
    """What an identity provider calls somebody who is no user of the store."""

    @property
    def key(self) -> str:
        """What their preferences are kept by."""
        return f"{self.method}:{self.sub or self.subject or self.name}"


@dataclass(frozen=True, slots=True)
class Session:
    """One sign-in of one person in one browser. Times are in seconds since 1970."""

    id: bytes
    person: Person
    created: int
    checked: int
    """When the person was last looked up in the store."""


class Sessions:
    """The sessions of all processes of one host."""

    def __init__(self, database: Database, config: Config, now: Callable[[], float]) -> None:
        self._database = database
        self._idle = int(config.idle / timedelta(seconds=1))
        self._absolute = int(config.absolute / timedelta(seconds=1))
        self._unchecked = min(self._absolute, int(config.oidc_absolute / timedelta(seconds=1)))
        self._now = now

    def open(self, person: Person) -> str:
        """A new session; what it returns belongs into the cookie."""
        browser, now = new_browser(), int(self._now())
        members = {
            "name": person.name, "role": person.role, "method": person.method, "username": person.username,
            "subject": person.subject,
        }  # fmt: skip
        with self._database.write() as connection:
            connection.execute(
                "DELETE FROM sessions WHERE seen <= ? OR created <= ?", (now - self._idle, now - self._absolute)
            )
            connection.execute(
                "INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, NULL)",
                (stored(browser), json.dumps(members), person.sub, now, now, now),
            )
        return browser

    def find(self, browser: str) -> Session | None:
        """The session, if it is not over; using it keeps it from becoming idle."""
        key, now = stored(browser), int(self._now())
        with self._database.read() as connection:
            row = connection.execute("SELECT * FROM sessions WHERE id = ?", (key,)).fetchone()
        if row is None:
            return None
        members = json.loads(row["person"])
        most = self._absolute if members.get("subject") is None else self._unchecked
        if now >= row["seen"] + self._idle or now >= row["created"] + most:
            self.end(key)
            return None
        if now >= row["seen"] + min(TOUCH, self._idle):
            with self._database.write() as connection:
                connection.execute("UPDATE sessions SET seen = ? WHERE id = ?", (now, key))
        members["role"] = Role(members["role"])
        return Session(key, Person(**members, sub=row["sub"]), row["created"], row["checked"])

    def end(self, key: bytes) -> None:
        """Ends the session."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM sessions WHERE id = ?", (key,))

    def end_all(self, sub: str) -> None:
        """Ends all sessions of the person."""
        with self._database.write() as connection:
            connection.execute("DELETE FROM sessions WHERE sub = ?", (sub,))

    def checked(self, key: bytes) -> None:
        """Notes that the person is still there and has the role."""
        with self._database.write() as connection:
            connection.execute("UPDATE sessions SET checked = ? WHERE id = ?", (int(self._now()), key))

    def tell(self, key: bytes, notice: str) -> None:
        """Leaves a sentence for the next page."""
        with self._database.write() as connection:
            connection.execute("UPDATE sessions SET notice = ? WHERE id = ?", (notice, key))

    def told(self, key: bytes) -> str | None:
        """The sentence that was left, which is then gone."""
        with self._database.read() as connection:
            row = connection.execute("SELECT notice FROM sessions WHERE id = ?", (key,)).fetchone()
        if row is None or row["notice"] is None:
            return None
        with self._database.write() as connection:
            connection.execute("UPDATE sessions SET notice = NULL WHERE id = ?", (key,))
        return row["notice"]
