"""The WSGI application: our control paths, then log and authorisation, then moto."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from usermgr_sandbox import fidelity
from usermgr_sandbox.lambda_runtime.executor import Executor
from usermgr_sandbox.records import CONTROL_PREFIX
from usermgr_sandbox.server.aws_call import AwsCall, parse_call
from usermgr_sandbox.server.control import ControlError, Controls
from usermgr_sandbox.server.principals import resolve_principal
from usermgr_sandbox.server.request_log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Environ = dict[str, Any]
    StartResponse = Callable[..., Any]


class SandboxApplication:
    """Answers every request of the sandbox. ``endpoint_url`` is set as soon as the port is known."""

    def __init__(self, *, work: Path, lambda_site_packages: Path | None) -> None:
        self.log = RequestLog()
        self.executor = Executor(
            work=work, sdk_site_packages=lambda_site_packages, endpoint_url=lambda: self.endpoint_url
        )
        self.endpoint_url = ""
        fidelity.apply(self.executor, self.log)
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._controls = Controls(self.log, self.executor)

    def close(self) -> None:
        """Stop the containers."""
        self.executor.close()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """WSGI."""
        body = _read_body(environ)
        if environ["PATH_INFO"].startswith(CONTROL_PREFIX):
            return self._control(environ["PATH_INFO"].removeprefix(CONTROL_PREFIX), body, start_response)
        call = parse_call(environ, body)
        principal = resolve_principal(call)
        return self._answer(call, str(principal), environ, start_response)

    def _answer(
        self, call: AwsCall, principal: str, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        status = 0

        def remember(line: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            nonlocal status
            status = int(line.split(" ", 1)[0])
            return start_response(line, headers, exc_info) if exc_info else start_response(line, headers)

        content = b"".join(self._moto(environ, remember))
        # Before the answer leaves: whoever has it finds its record.
        self.log.add(call.service, call.operation, principal, status, _error_code(status, content))
        return [content]

    def _control(self, action: str, body: bytes, start_response: StartResponse) -> Iterable[bytes]:
        try:
            status, answer = "200 OK", self._controls.run(action, json.loads(body or b"{}"))
        except ControlError as error:
            status, answer = "400 Bad Request", {"message": str(error)}
        content = json.dumps(answer).encode()
        start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(content)))])
        return [content]


def _read_body(environ: Environ) -> bytes:
    """The whole request body, which stays readable for moto."""
    if environ.get("wsgi.input_terminated") and "HTTP_TRANSFER_ENCODING" in environ:
        body = environ["wsgi.input"].read()
    else:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    return body


def _error_code(status: int, content: bytes) -> str | None:
    if status < 400:
        return None
    try:
        answer = json.loads(content)
    except ValueError:
        text = content.decode(errors="replace")
        return text.partition("<Code>")[2].partition("</Code>")[0] or None
    if not isinstance(answer, dict):
        return None
    code = answer.get("__type") or answer.get("code") or answer.get("Code")
    return str(code).rpartition("#")[2] if code else None
