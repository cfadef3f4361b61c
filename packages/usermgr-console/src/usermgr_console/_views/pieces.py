"""A piece of work as the pages about it find it, and its files as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usermgr_console import _labels, _refusals
from usermgr_console._call import Call
from usermgr_console._files import Explain
from usermgr_console._work import Piece

__all__ = ["explained", "piece_of"]


def piece_of(call: Call) -> Piece:
    """The piece of the path, which is who began it alone. Raises `Refusal`."""
    piece = call.services.work.find(call.param("id"))
    if piece is None or piece.owner != call.person.key:
        raise _refusals.missing()
    return piece


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
