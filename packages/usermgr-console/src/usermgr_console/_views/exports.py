"""Exports: everybody and all groups in one archive, which is deleted after some days, or at once."""

from __future__ import annotations

from starlette.responses import Response, StreamingResponse

from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._exports import ARCHIVE, EXPORT
from usermgr_console._files import blocks
from usermgr_console._views.pieces import of_piece, run
from usermgr_console._work import KEPT_DAYS, Piece

__all__ = ["archive", "begin", "page"]


def page(call: Call) -> Response:
    """The button, and the exports that were made."""
    pieces = call.services.work.latest(EXPORT, call.person.key)
    return call.page("export.html", pieces=pieces, kept_days=KEPT_DAYS)


def begin(call: Call) -> Response:
    """Begins an export."""
    piece = call.services.work.begin(EXPORT, call.person.key)
    return run(call, piece)


@of_piece
def archive(_: Call, piece: Piece) -> Response:
    """The archive."""
    path = piece.path(ARCHIVE)
    if not path.exists():
        raise _refusals.missing()
    headers = {"Content-Disposition": 'attachment; filename="export.zip"', "Content-Length": str(path.stat().st_size)}
    return StreamingResponse(blocks(path), 200, headers, "application/zip")
