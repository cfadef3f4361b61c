"""The first page is that of the people."""

from __future__ import annotations

from starlette.responses import Response

from usermgr_console._call import Call

__all__ = ["home"]


def home(call: Call) -> Response:
    """Leads to the people."""
    return call.go("/people")
