"""The console of one person on their own machine: the store in force, and a link that opens it once."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from usermgr.frontends import open_audit
from usermgr_console._app import create_app
from usermgr_console._config import Config
from usermgr_console._roles import Role
from usermgr_console._server import bind, open_stores, serve

__all__ = ["run"]


def run(port: int, role: str) -> None:
    """Serves until it is interrupted. What `USERMGR_CONSOLE_*` says holds, but for the origin and the folder.

    The link goes to standard error, so that nothing which keeps the output keeps the link.

    Raises `ConfigurationError` and what the store raises when it is opened.
    """
    users, activity = open_stores()
    try:
        with tempfile.TemporaryDirectory(prefix="usermgr-console-") as temporary:
            listening = bind(port)
            origin = f"http://127.0.0.1:{listening.getsockname()[1]}"
            config = Config.read(os.environ, origin=origin, folder=str(Path(temporary) / "console"))
            console = create_app(users, activity, config=config, audit=open_audit())
            link = console.make_link(Role[role.upper()])
            print(f"The console runs. Open this link once:\n\n  {link}\n\nCtrl-C ends it.", file=sys.stderr, flush=True)
            try:
                serve(console, listening)
            finally:
                console.close()
    finally:
        users.close()
        if activity is not None:
            activity.close()
