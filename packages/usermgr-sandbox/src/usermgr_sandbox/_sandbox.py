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

from usermgr_sandbox._isolation import NO_FILES, REGION, environment, isolated
from usermgr_sandbox._provision import ACCOUNT_ID, SandboxPool, create_pool, deploy_function

__all__ = ["ACCOUNT_ID", "REGION", "RequestRecord", "Sandbox", "SandboxError", "SandboxPool", "SentMessage"]

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

    The code of an invitation is the temporary password.
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
        kept = {name: value for name, value in os.environ.items() if not name.startswith(NOT_INHERITED)}
        variables = {**kept, **NO_FILES}
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

    def wait(self) -> int:
        """Blocks until the server ends; its exit status."""
        return self._process.wait()

    def environment(self) -> dict[str, str]:
        """The variables to set, so that every AWS SDK finds the sandbox, as its operator."""
        return environment(self.endpoint_url)

    def isolated_environment(self, environ: Mapping[str, str] = os.environ) -> dict[str, str]:
        """A whole environment for a child process: `environ`, without any way to the real AWS, and `environment()`."""
        return isolated(self.endpoint_url, environ)

    def client(self, service: str) -> Any:
        """A boto3 client of that service, as the sandbox's operator, whatever the environment says."""
        from usermgr_sandbox._client import make_client  # noqa: PLC0415 - boto3 takes long, and few need it here

        return make_client(service, self.endpoint_url)

    def create_pool(self, **settings: Any) -> SandboxPool:
        """Creates a user pool with an app client that has a secret and signs in with a password.

        `settings` are those of CreateUserPool. By default names are the same in any case, and there is one custom
        attribute, `custom:extra_info`.
        """
        return create_pool(self.client, **settings)

    def empty_pool(self, pool: SandboxPool) -> None:
        """Deletes all users and groups of the pool, with their tokens. The calls so far stay in `requests`."""
        self._control("empty-pool", user_pool_id=pool.id)

    def deploy_function(self, code: Path, pool: SandboxPool, *, name: str = "usermgr") -> str:
        """Creates usermgr's management function for the pool from its zip; returns its name.

        Its role may do everything in this pool, and nothing else.
        """
        return deploy_function(self.client, code, pool, REGION, name)

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
        """Moves the clock by which tokens, sessions, codes and temporary passwords expire, and by which listings lag.

        It goes back when `seconds` is negative.
        """
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

    def lose_messages(self, lost: bool = True) -> None:
        """Whether a message that Cognito would send is refused with CodeDeliveryFailureException, after the work."""
        self._control("lose-messages", lost=lost)

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
