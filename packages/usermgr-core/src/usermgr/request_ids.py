"""The ids that services give to requests, for whoever wants to find a call again in the service's own log.

A backend notes each id where it reads a reply; a caller collects what was noted while it waited. Without a collector
nothing is kept.

>>> with collect() as ids:
...     note("4f0f5f6a-8c7b-4a39-9d61-0d6c3f6c2b11")
>>> ids
['4f0f5f6a-8c7b-4a39-9d61-0d6c3f6c2b11']
"""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["collect", "note"]

MAX_IDS = 100
"""How many ids a collector keeps."""

_FORM = re.compile(r"[\w.:/+=-]{1,128}", re.ASCII)

_collected: ContextVar[list[str] | None] = ContextVar("usermgr_request_ids", default=None)


@contextmanager
def collect() -> Generator[list[str]]:
    """The ids that are noted inside, by this thread or task, in their order; an outer collector gets them too."""
    ids: list[str] = []
    outer = _collected.get()
    token = _collected.set(ids)
    try:
        yield ids
    finally:
        _collected.reset(token)
        if outer is not None:
            outer += ids[: MAX_IDS - len(outer)]


def note(request_id: object) -> None:
    """Keeps the id for whoever collects; what does not look like an id is dropped."""
    ids = _collected.get()
    if ids is not None and len(ids) < MAX_IDS and isinstance(request_id, str) and _FORM.fullmatch(request_id):
        ids.append(request_id)
