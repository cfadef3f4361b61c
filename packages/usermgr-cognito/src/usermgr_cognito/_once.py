"""One sending of a request that has a message in its train, whatever the SDK's own retries are.

An SDK sends a request again when no answer came, or one that tells of a failure inside. A user would then get two
messages, of which only the second has the password that works. A request that was throttled did nothing, and is sent
again as always. The event: https://docs.aws.amazon.com/botocore/latest/topics/events.html
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from http import HTTPStatus
from typing import Any

from botocore.exceptions import ClientError

__all__ = ["sent_once"]

_active: ContextVar[bool] = ContextVar("sent_once", default=False)


@contextmanager
def sent_once(client: Any, operation: str) -> Generator[None]:
    """Within it, this thread's calls of the operation fail where the SDK would send them again."""
    client.meta.events.register_first(
        f"needs-retry.cognito-idp.{operation}", _end, unique_id=f"usermgr-sent-once-{operation}"
    )
    token = _active.set(True)
    try:
        yield
    finally:
        _active.reset(token)


def _end(response: Any, operation: Any, caught_exception: Exception | None, **_: Any) -> None:
    """Raises what the SDK would raise after its last try."""
    if not _active.get():
        return
    if caught_exception is not None:
        raise caught_exception
    http, parsed = response
    if http.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise ClientError(parsed, operation.name)
