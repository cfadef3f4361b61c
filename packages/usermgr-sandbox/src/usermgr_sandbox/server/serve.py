"""Run the server: threaded, on loopback, and gone as soon as whoever started it is gone."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from usermgr_sandbox.server.app import SandboxApplication

if TYPE_CHECKING:
    from collections.abc import Callable

HOST = "127.0.0.1"


class _QuietHandler(MotoRequestHandler):
    """Keeps connections alive, and writes no access log: the request log tells more."""

    protocol_version = "HTTP/1.1"
    # Headers and body leave in two writes; with Nagle's algorithm the second would wait 40 ms for an ACK.
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002 - werkzeug's name
        """Only errors, to stderr."""
        if type == "error":
            sys.stderr.write(f"usermgr-sandbox: {message % args if args else message}\n")


def serve(
    *, port: int, lambda_site_packages: Path | None, exit_with_stdin: bool, announce: Callable[[str], None]
) -> int:
    """Serve until SIGINT, SIGTERM or (``exit_with_stdin``) the end of stdin; returns the exit status."""
    with ExitStack() as stack:
        work = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="usermgr-sandbox-", ignore_cleanup_errors=True))
        )
        application = SandboxApplication(work=work, lambda_site_packages=lambda_site_packages)
        stack.callback(application.close)
        server = make_server(HOST, port, application, threaded=True, request_handler=_QuietHandler)
        server.daemon_threads = True  # type: ignore[attr-defined] - of the threading mix-in
        stack.callback(server.server_close)
        endpoint_url = f"http://{HOST}:{server.server_port}"
        application.endpoint_url = endpoint_url

        def stop(*_: object) -> None:
            # shutdown() waits for the loop, which runs in the thread that a signal interrupts.
            threading.Thread(target=server.shutdown, daemon=True).start()

        signal.signal(signal.SIGTERM, stop)
        signal.signal(signal.SIGINT, stop)
        if exit_with_stdin:
            threading.Thread(target=_wait_for_end_of_stdin, args=(stop,), daemon=True).start()
        announce(endpoint_url)
        # Whoever reads our stdout reads one line. Anything that moto prints goes where it cannot block us.
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        server.serve_forever(poll_interval=0.05)
    return 0


def _wait_for_end_of_stdin(stop: Callable[[], None]) -> None:
    while os.read(sys.stdin.fileno(), 4096):
        pass
    stop()
