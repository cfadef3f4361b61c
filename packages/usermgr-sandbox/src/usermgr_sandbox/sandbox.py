"""The sandbox as a test or an application holds it: starts the server as a child process, and asks it things."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from usermgr_sandbox.records import (
    CONTROL_PREFIX,
    REGION,
    ROOT_ACCESS_KEY_ID,
    ROOT_SECRET_ACCESS_KEY,
    RequestRecord,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_LAMBDA_SITE_PACKAGES = "USERMGR_SANDBOX_LAMBDA_SITE_PACKAGES"
_NOT_INHERITED = ("AWS_", "MOTO_", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX")


class SandboxError(Exception):
    """The sandbox did not start, or did not do what it was asked to."""


def environment(endpoint_url: str) -> dict[str, str]:
    """The variables with which any AWS SDK, and Terraform, talk to a sandbox at this address, as its root."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_ACCESS_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET_ACCESS_KEY,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1,localhost",
    }


class Sandbox:
    """A running sandbox. Use ``Sandbox.start()``, best as a context manager, which stops it.

    The server ends when this process ends, however it ends: it watches a pipe that closes with us.
    """

    def __init__(self, process: subprocess.Popen[bytes], endpoint_url: str) -> None:
        self._process = process
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        self.endpoint_url = endpoint_url
        """``http://127.0.0.1:PORT``: every service's endpoint."""

    @classmethod
    def start(
        cls, *, port: int = 0, lambda_site_packages: str | Path | None = None, start_timeout: float = 60.0
    ) -> Self:
        """Start a sandbox in a child process and wait until it answers.

        ``port`` 0 picks a free one. ``lambda_site_packages`` is a ``site-packages`` folder whose boto3 the Lambda
        functions get instead of this environment's (also by the variable USERMGR_SANDBOX_LAMBDA_SITE_PACKAGES).
        Raises SandboxError when it is not ready after ``start_timeout`` seconds.
        """
        command = [sys.executable, "-P", "-m", "usermgr_sandbox", "--json", "--exit-with-stdin", "--port", str(port)]
        chosen = lambda_site_packages or os.environ.get(_LAMBDA_SITE_PACKAGES)
        if chosen:
            command += ["--lambda-site-packages", str(chosen)]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
        process = subprocess.Popen(  # noqa: S603 - our own module, by our own interpreter
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=inherited
        )
        try:
            ready = json.loads(_read_line(process, start_timeout))
        except BaseException:
            _end(process)
            raise
        return cls(process, ready["endpoint_url"])

    def close(self) -> None:
        """Stop the server and everything that it started. Safe to call twice."""
        _end(self._process)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The server's process id."""
        return self._process.pid

    def environment(self) -> dict[str, str]:
        """The variables with which any AWS SDK, and Terraform, talk to this sandbox as its root."""
        return environment(self.endpoint_url)

    def jwks_url(self, user_pool_id: str) -> str:
        """The address at which the pool publishes its keys, unsigned, as AWS does."""
        return f"{self.endpoint_url}/{user_pool_id}/.well-known/jwks.json"

    def reset(self) -> None:
        """Forget everything: resources, requests, containers, switches."""
        self._control("reset")

    def requests(self, since: int = 0) -> list[RequestRecord]:
        """The AWS calls that were answered, oldest first; only those whose index is greater than ``since``."""
        answer = self._control("requests", since=since)
        return [RequestRecord(**{**each, "time": datetime.fromisoformat(each["time"])}) for each in answer["requests"]]

    def rotate_keys(self, user_pool_id: str) -> None:
        """Give the pool two new signing keys. The old ones leave the published set at once."""
        self._control("rotate_keys", user_pool_id=user_pool_id)

    def function_logs(self, function_name: str) -> list[str]:
        """What the function wrote to stdout and stderr, line by line, whether or not its role may write logs."""
        return self._control("function_logs", function_name=function_name)["lines"]

    def sms_code(self, user_pool_id: str, username: str) -> str:
        """The code of the last text message to this user. Raises SandboxError when there was none."""
        return self._control("sms_code", user_pool_id=user_pool_id, username=username)["code"]

    def add_federated_user(
        self, user_pool_id: str, provider: str, subject: str, attributes: Mapping[str, str] | None = None
    ) -> str:
        """Make a user as a first federated sign-in would (status EXTERNAL_PROVIDER); returns the username."""
        answer = self._control(
            "add_federated_user",
            user_pool_id=user_pool_id,
            provider=provider,
            subject=subject,
            attributes=dict(attributes or {}),
        )
        return answer["username"]

    def delay_listing(self, seconds: float) -> None:
        """Let ListUsers show the pools as they were this long ago, as AWS's eventual consistency may. 0 ends it."""
        self._control("delay_listing", seconds=seconds)

    def advance_clock(self, seconds: float) -> None:
        """Move Cognito's clock forward: tokens, codes, sessions and listing tokens grow old without waiting."""
        self._control("advance_clock", seconds=seconds)

    def _control(self, action: str, **arguments: object) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - always our own loopback address
            self.endpoint_url + CONTROL_PREFIX + action,
            data=json.dumps(arguments).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with self._opener.open(request, timeout=60) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(json.load(error)["message"]) from None
        except urllib.error.URLError as error:
            raise SandboxError(f"the sandbox at {self.endpoint_url} does not answer: {error.reason}") from None


def _read_line(process: subprocess.Popen[bytes], timeout: float) -> bytes:
    """The child's first line; SandboxError when it dies first or stays silent."""
    if process.stdout is None:
        raise SandboxError("the sandbox's output is not readable")
    deadline = time.monotonic() + timeout
    line = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while not line.endswith(b"\n"):
            if not selector.select(max(0.0, deadline - time.monotonic())):
                raise SandboxError(f"the sandbox was not ready after {timeout:g} seconds")
            chunk = os.read(process.stdout.fileno(), 65536)
            if not chunk:
                raise SandboxError(f"the sandbox ended at start with status {process.wait()}; see its output on stderr")
            line += chunk
    return line


_ENDING = threading.Lock()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Close its stdin, which asks it to end; then insist. By its own pid only."""
    with _ENDING:
        if process.stdin is not None:
            with contextlib.suppress(OSError):
                process.stdin.close()
        for insist in (process.terminate, process.kill):
            try:
                process.wait(10)
                break
            except subprocess.TimeoutExpired:
                insist()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
