"""Serving a console: on this machine with a one-time link, or behind a proxy, from the environment."""

from __future__ import annotations

import logging
import signal
import socket
import sys
import threading
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress

import uvicorn

from usermgr import ActivityStore, UserManager
from usermgr.frontends import open_activity, open_audit, open_users
from usermgr_console._acting import current_actor, current_sub
from usermgr_console._app import Console, create_app
from usermgr_console._config import Config

__all__ = ["bind", "from_environment", "open_stores", "serve"]


def bind(port: int, host: str = "127.0.0.1") -> socket.socket:
    """A socket that listens there; a port of 0 is a free one. Raises `OSError`."""
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(128)  # who comes before the server is ready waits
    return listening


def open_stores() -> tuple[UserManager, ActivityStore | None]:
    """The stores of the environment: guarded and audited as it says, in the name of whoever acts in the console.

    Raises `ConfigurationError`, `UnknownBackendError`, `BackendNotInstalledError`.
    """
    return open_users(current_actor, acting=current_sub), open_activity()


def from_environment() -> Console:
    """The console that the environment describes, for an ASGI server that takes a factory::

        uvicorn --factory usermgr_console:from_environment --workers 2 --no-access-log --no-proxy-headers

    Raises as `open_stores` and `Config.read` do.
    """
    _log_to_stderr()
    config = Config.read()
    users, activity = open_stores()
    return create_app(users, activity, config=config, audit=open_audit())


def serve(console: Console, listening: socket.socket) -> None:
    """Serves until it is interrupted. Nothing that a request says is logged but its route.

    The proxy's headers are read by the console, which knows whom to trust, and not by the server.
    """
    config = uvicorn.Config(
        console, access_log=False, server_header=False, proxy_headers=False, log_level="warning", lifespan="off"
    )
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _end)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as behind nohup
            signal.signal(signal.SIGHUP, _end)
    with closing(listening), suppress(KeyboardInterrupt):  # which uvicorn raises again once it has ended
        _Server(config).run(sockets=[listening])


class _Server(uvicorn.Server):
    """Ends in order when its terminal is closed, as uvicorn does at Ctrl-C and SIGTERM."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """As uvicorn's, which raises what it has captured once more when it has ended."""
        if signal.getsignal(signal.SIGHUP) != _end:  # it is ignored, or this is not the main thread
            with super().capture_signals():
                yield
            return
        with super().capture_signals():
            signal.signal(signal.SIGHUP, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(signal.SIGHUP, _end)


def _log_to_stderr() -> None:
    """The console's own log, where nobody else has configured one."""
    log = logging.getLogger("usermgr_console")
    if not log.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        log.addHandler(handler)
        log.setLevel(logging.INFO)


def _end(number: int, frame: object) -> None:
    """As Ctrl-C does: what was made for the time is cleaned up."""
    del frame
    sys.exit(128 + number)
