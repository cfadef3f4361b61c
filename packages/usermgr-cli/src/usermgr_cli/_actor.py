"""Who is at the terminal, for the audit."""

from __future__ import annotations

import getpass
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usermgr.audit import Actor

__all__ = ["actor"]


def actor() -> Actor:
    """The local user, and the host."""
    from usermgr.audit import Actor  # noqa: PLC0415 - only an audit asks

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # no entry in the password database, as in a container
        name = "unknown"
    return Actor(name, {"host": socket.gethostname()})
