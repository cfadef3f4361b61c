"""A piece of work as the pages about it find it."""

from __future__ import annotations

from usermgr_console import _refusals
from usermgr_console._call import Call
from usermgr_console._work import Piece

__all__ = ["piece_of"]


def piece_of(call: Call) -> Piece:
    """The piece of the path, which is who began it alone. Raises `Refusal`."""
    piece = call.services.work.find(call.param("id"))
    if piece is None or piece.owner != call.person.key:
        raise _refusals.missing()
    return piece
