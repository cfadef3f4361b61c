"""Who acts at the moment: what the audit record names, and what the guard protects.

Each request sets it in the thread that its handler runs in. Pass `current_actor` and `current_sub` where a manager is
audited and guarded: `open_users(current_actor, acting=current_sub)`.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from usermgr.audit import Actor
from usermgr.errors import AccessDeniedError

__all__ = ["Acting", "acting", "current_actor", "current_sub"]


@dataclass(frozen=True, slots=True)
class Acting:
    """Whoever acts."""

    actor: Actor
    sub: str | None
    """Of a user of the store; `None` for somebody else, such as whoever opened the one-time link."""


_current: ContextVar[Acting | None] = ContextVar("usermgr_console_acting", default=None)


@contextmanager
def acting(who: Acting) -> Generator[None]:
    """Changes inside are made by `who`. A thread of its own, such as that of an import, needs it too."""
    token = _current.set(who)
    try:
        yield
    finally:
        _current.reset(token)


def current_actor() -> Actor:
    """For `Audited`. Raises `AccessDeniedError` where nobody acts, so that no change is nobody's."""
    who = _current.get()
    if who is None:
        raise AccessDeniedError("nobody is signed in to make this change")
    return who.actor


def current_sub() -> str | None:
    """For `Guarded`."""
    who = _current.get()
    return None if who is None else who.sub
