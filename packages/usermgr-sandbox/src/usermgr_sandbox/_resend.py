"""A memory for calls that Terraform's SDK sends twice: the second sending gets the first one's answer.

On a busy machine the SDK was seen to send a CreateFunction again that had already been answered (the cause was not
found), and then waited minutes for a function "in conflict" with itself. Other SDKs are not helped: what they do with
a lost answer is what the fault proxy is for.
"""

from __future__ import annotations

import threading
from typing import Any

from usermgr_sandbox._wsgi import Reply, StartResponse, Wsgi

__all__ = ["ResendMemory"]

KEPT = 64
"""How many answers are kept."""


class ResendMemory:
    """WSGI middleware: keeps the successful answers of Terraform's calls, and repeats them."""

    def __init__(self, application: Wsgi) -> None:
        self._application = application
        self._answered: dict[str, Reply] = {}
        self._lock = threading.Lock()

    def recall(self, environ: dict[str, Any]) -> Reply | None:
        """The answer to an earlier sending of this same call; `None` when there was none."""
        sending = _sending(environ)
        if sending is None:
            return None
        with self._lock:
            return self._answered.get(sending)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> list[bytes] | Any:
        sending = _sending(environ)
        if sending is None:
            return self._application(environ, start_response)
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def keeping_start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            started.append((status, headers))
            return start_response(status, headers, *rest)

        body = b"".join(self._application(environ, keeping_start))
        reply = Reply(*started[-1], body)
        if reply.status.startswith("2"):
            with self._lock:
                self._answered[sending] = reply
                while len(self._answered) > KEPT:
                    del self._answered[next(iter(self._answered))]
        return [body]


def _sending(environ: dict[str, Any]) -> str | None:
    """The id that all sendings of one call of Terraform's SDK share; `None` for any other SDK."""
    if "aws-sdk-go" not in environ.get("HTTP_USER_AGENT", ""):
        return None
    return environ.get("HTTP_AMZ_SDK_INVOCATION_ID")
