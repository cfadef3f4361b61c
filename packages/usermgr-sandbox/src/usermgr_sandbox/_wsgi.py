"""The few types of WSGI that the server's rooms share: https://peps.python.org/pep-3333/."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

__all__ = ["Reply", "StartResponse", "Wsgi"]

StartResponse = Callable[..., Any]
Wsgi = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer: the status line, such as `200 OK`, the headers and the body."""

    status: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def code(self) -> int:
        """The status as a number."""
        return int(self.status.split(maxsplit=1)[0])

    def send(self, start_response: StartResponse) -> list[bytes]:
        """Starts the response; the body, as WSGI wants it."""
        start_response(self.status, self.headers)
        return [self.body]
