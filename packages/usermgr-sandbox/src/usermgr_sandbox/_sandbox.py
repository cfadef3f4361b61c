"""`Sandbox`: starts the server as a child process, and controls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ACCOUNT_ID", "REGION", "RequestRecord", "Sandbox", "SandboxError", "SentMessage", "environment"]

REGION = "ap-northeast-1"
ACCOUNT_ID = "123456789012"
ROOT_KEY_ID = "AKIAUSERMGRSANDBOX00"
ROOT_SECRET = "sandbox"  # noqa: S105 - opens nothing but the sandbox
CONTROL = "/usermgr-sandbox/"
START_SECONDS = 60.0
LAMBDA_SITE_PACKAGES = "USERMGR_SANDBOX_LAMBDA_SITE_PACKAGES"
NOT_INHERITED = ("AWS_", "MOTO_", "PYTHONDONTWRITEBYTECODE")


class SandboxError(RuntimeError):
    """The sandbox did not start, or could not do what a control asked for."""


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One AWS call that the sandbox saw. `principal` is an ARN, `root` for the operator, or `nobody`."""

    index: int
    service: str
    operation: str
    principal: str
    status: int
    time: float


@dataclass(frozen=True, slots=True)
class SentMessage:
    """One message. `reason` is `verification`, `invitation`, `reset` or `mfa`; `kind`, `email` or `phone_number`.

    An invitation has no code here, because its code is the temporary password.
    """

    reason: str
    kind: str
    destination: str
    code: str = field(repr=False)


class Sandbox:
    """A running sandbox: a moto server, corrected, whose Lambda functions really run.

    >>> with Sandbox.start() as sandbox:            # doctest: +SKIP
    ...     os.environ.update(sandbox.environment())
    """

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self._process = process
        self.endpoint_url = f"http://127.0.0.1:{port}"

    @classmethod
    def start(cls, *, port: int = 0, lambda_site_packages: Path | None = None) -> Self:
        """Starts it on a loopback port (a free one for 0) and waits until it answers.

        It ends with `stop`, and automatically when this process is gone for any reason. Functions find
        the boto3 of the `site-packages` folder `lambda_site_packages` instead of this environment's; the variable
        USERMGR_SANDBOX_LAMBDA_SITE_PACKAGES names one as well. Raises `SandboxError`.
        """
        command = [sys.executable, "-m", "usermgr_sandbox", "--port", str(port), "--child"]
        chosen = lambda_site_packages or os.environ.get(LAMBDA_SITE_PACKAGES)
        if chosen:
            command += ["--lambda-site-packages", str(chosen)]
        # The caller's AWS settings must not reach the server's own SDK; and without its compiled files moto takes
        # seconds to start.
        variables = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        process = subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=variables, start_new_session=True
        )
        # A server that never announces its port is killed, which closes its end of the pipe.
        impatience = threading.Timer(START_SECONDS, process.kill)
        impatience.start()
        try:
            line = process.stdout.readline() if process.stdout else ""
        finally:
            impatience.cancel()
        sandbox = cls(process, int(json.loads(line)["port"]) if line else 0)
        if not line:
            sandbox.stop()
            raise SandboxError(
                f"the sandbox did not start (exit status {process.returncode}): see its message on stderr"
            )
        return sandbox

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    def stop(self) -> None:
        """Stops the server and every function that it runs."""
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout:
            self._process.stdout.close()

    def environment(self) -> dict[str, str]:
        """The variables that point every AWS SDK to the sandbox, as its operator."""
        return environment(self.endpoint_url)

    def jwks_url(self, user_pool_id: str) -> str:
        """The address of the pool's public keys."""
        return f"{self.endpoint_url}/{user_pool_id}/.well-known/jwks.json"

    def requests(self, since: int = 0) -> list[RequestRecord]:
        """The AWS calls that were made, from index `since` on."""
        return [RequestRecord(**record) for record in self._control("requests", since=since)]

    def function_logs(self, name: str) -> list[str]:
        """The lines that a Lambda function has written."""
        return list(self._control("function-logs", name=name))

    def rotate_keys(self, user_pool_id: str) -> None:
        """Replaces the pool's signing keys; the old ones are no longer published."""
        self._control("rotate-keys", user_pool_id=user_pool_id)

    def shift_clock(self, seconds: float) -> None:
        """Moves the clock of tokens, sessions and page tokens by `seconds` (back, when negative)."""
        self._control("shift-clock", seconds=seconds)

    def delay_listing(self, seconds: float) -> None:
        """From now on, ListUsers shows the users as they were `seconds` ago."""
        self._control("delay-listing", seconds=seconds)

    def sms_code(self, user_pool_id: str, username: str) -> str | None:
        """The last sign-in code that was sent to the user by SMS; `None` when none was."""
        sent = self.messages(user_pool_id, username)
        codes = [each.code for each in sent if (each.reason, each.kind) == ("mfa", "phone_number")]
        return codes[-1] if codes else None

    def messages(self, user_pool_id: str, username: str) -> list[SentMessage]:
        """What Cognito would have sent to the user by SMS and e-mail, the oldest first."""
        sent = self._control("messages", user_pool_id=user_pool_id, username=username)
        return [SentMessage(each["reason"], each["kind"], each["destination"], each["code"]) for each in sent]

    def allow_incomplete_users(self, allowed: bool = True) -> None:
        """Lets AdminCreateUser create users without the attributes that the pool requires, or refuses them again.

        AWS's page says that such users are accepted; reports of 2026 say that they are refused, as here by default.
        """
        self._control("allow-incomplete-users", allowed=allowed)

    def federate_user(
        self, user_pool_id: str, provider: str, subject: str, attributes: Mapping[str, str] | None = None
    ) -> str:
        """Creates a user as the first sign-in through another provider does; returns `PROVIDER_SUBJECT`, its name."""
        asked = {"provider": provider, "subject": subject, "attributes": dict(attributes or {})}
        return str(self._control("federate-user", user_pool_id=user_pool_id, **asked))

    def reset(self) -> None:
        """Empties everything: resources, keys, request log, switches."""
        self._control("reset")

    def _control(self, control: str, /, **arguments: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own loopback address
            self.endpoint_url + CONTROL + control, data=json.dumps(arguments).encode(), method="POST"
        )
        try:
            with _direct.open(request, timeout=30) as response:
                return json.load(response)
        except urllib.error.HTTPError as error:
            with error:
                raise SandboxError(f"{control}: {error.read().decode()}") from None


_direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Ignores the proxies of the environment: the address is on loopback."""


def environment(endpoint_url: str) -> dict[str, str]:
    """The variables that point every AWS SDK to that endpoint, as its operator."""
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_REGION": REGION,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": ROOT_KEY_ID,
        "AWS_SECRET_ACCESS_KEY": ROOT_SECRET,
        "AWS_EC2_METADATA_DISABLED": "true",
        **{name: _without_loopback(name) for name in ("NO_PROXY", "no_proxy")},
    }


def _without_loopback(name: str) -> str:
    """The variable's value with this machine added: the sandbox is reached without a proxy."""
    return ",".join(filter(None, (os.environ.get(name), "127.0.0.1", "localhost")))
