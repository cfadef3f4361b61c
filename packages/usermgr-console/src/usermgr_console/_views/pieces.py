"""A piece of work as the routes about it find it, and its files as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from starlette.responses import Response

from usermgr_console import _labels, _refusals
from usermgr_console._call import Call
from usermgr_console._files import Explain
from usermgr_console._routing import Handler
from usermgr_console._work import Piece

__all__ = ["explained", "of_piece"]


def of_piece(handler: Callable[[Call, Piece], Response]) -> Handler:
    """A handler with the piece of the path, which is who began it alone.

    Somebody may delete the piece while the handler has it: then it is not there, as it would not have been a moment
    later.
    """

    @wraps(handler)
    def handle(call: Call) -> Response:
        piece = call.services.work.find(call.param("id"))
        if piece is None or piece.owner != call.person.key:
            raise _refusals.missing()
        try:
            return handler(call, piece)
        except FileNotFoundError:
            if piece.folder.exists():
                raise
            raise _refusals.missing() from None

    return handle


def explained(call: Call, *, outcomes: bool = False) -> Mapping[str, Explain]:
    """Columns that tell a row of a file of work in the reader's language, behind those that are the same in each.

    In English there are none, because the others say all of it. `outcomes` is for rows that have one.
    """
    if call.language.code == "en":
        return {}

    def outcome(members: Mapping[str, Any]) -> str:
        name = members["outcome"]
        return call.text(_labels.ROWS[name]) if name in _labels.ROWS else name

    def meaning(members: Mapping[str, Any]) -> str:
        code, message = members.get("code"), members.get("message") or ""
        if code is None:
            return call.translated(message).text
        return call.told(code, message, members.get("field")).text

    return {**({call.text("Result"): outcome} if outcomes else {}), call.text("What it means"): meaning}
