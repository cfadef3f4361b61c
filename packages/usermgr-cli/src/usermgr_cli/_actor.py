"""Who is at the terminal, for the audit."""

from __future__ import annotations

import getpass
import socket
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from usermgr.audit import Actor

__all__ = ["Person"]


class Person:
    """The local user, the host, and whom the service takes them for. Only an audit asks, and the service once.

    Args:
        ask: Asks the service: see `UserManager.caller`.
        note: Tells the person that it could not be asked, which stops nothing: the record then says so too.
    """

    def __init__(self, ask: Callable[[], str | None], note: Callable[[str], None]) -> None:
        self._ask = ask
        self._note = note
        self._lock = threading.Lock()  # changes of many threads are recorded
        self._actor: Actor | None = None

    def actor(self) -> Actor:
        """As the records of the audit name them."""
        with self._lock:
            if self._actor is None:
                self._actor = self._find()
            return self._actor

    def _find(self) -> Actor:
        from usermgr.audit import Actor  # noqa: PLC0415 - only an audit asks
        from usermgr.errors import UsermgrError  # noqa: PLC0415 - as above

        try:
            name = getpass.getuser()
        except (KeyError, OSError):  # no entry in the password database, as in a container
            name = "unknown"
        details = {"host": socket.gethostname()}
        try:
            caller = self._ask()
        except UsermgrError as error:
            caller = f"not known: {error.code}"
            self._note(f"The audit names {name} alone: whom the service takes them for is not known ({error.message}).")
        if caller is not None:
            details["caller"] = caller
        return Actor(name, details)
