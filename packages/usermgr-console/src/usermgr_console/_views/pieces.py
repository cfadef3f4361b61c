"""A piece of work as the routes about it find it, and its files as people read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

from starlette.responses import Response, StreamingResponse

from usermgr_console import _labels, _refusals
from usermgr_console._call import Call
from usermgr_console._files import Explain, csv_of_lines
from usermgr_console._routing import Handler
from usermgr_console._work import Piece

__all__ = ["of_piece", "rows_as_csv", "run"]


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


def run(call: Call, piece: Piece) -> Response:
    """Runs the piece in the name of who asks, and leads to its page."""
    call.services.work.start(piece, call.acting())
    return call.go("/work/{id}", id=piece.id)


def rows_as_csv(call: Call, path: Path, columns: tuple[str, ...]) -> Response:
    """A file of a piece, a line of JSON for each row, as CSV; in other languages than English with what a row means."""
    if not path.exists():
        raise _refusals.missing()
    headers = {"Content-Disposition": f'attachment; filename="{path.stem}.csv"'}
    lines = csv_of_lines(path, columns, _explained(call, outcomes="outcome" in columns))
    return StreamingResponse(lines, 200, headers, "text/csv; charset=utf-8")


def _explained(call: Call, *, outcomes: bool) -> Mapping[str, Explain]:
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
