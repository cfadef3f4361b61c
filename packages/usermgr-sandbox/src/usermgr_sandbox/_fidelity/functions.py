"""Lambda: functions really run, failures are reported as AWS reports them, and LoggingConfig is kept.

- `FunctionError` is `Unhandled` for every failure of a managed runtime's handler (moto: `Handled`):
  https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax
- The answer's request id is the one that the handler sees in its context (moto: another one):
  https://docs.aws.amazon.com/lambda/latest/dg/python-context.html
- LoggingConfig comes back as it was set, with its defaults (moto forgets it, and every plan shows a difference):
  https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
- Another KMSKeyArn of the environment variables is taken (moto keeps the first):
  https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionConfiguration.html
"""

from __future__ import annotations

import base64
import json
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.logs.models import logs_backends

from usermgr_sandbox._fidelity.world import World
from usermgr_sandbox._iam import DenialError, evaluate, policies_of_role
from usermgr_sandbox._identity import role_credentials
from usermgr_sandbox._lambda_runtime import FunctionSpec, Outcome

__all__ = ["ThrottledError", "make_lambda_backend", "run_function"]

MAX_PAYLOAD = 6 * 1024 * 1024
MAX_EVENT = 1024 * 1024
MAX_ANSWER = 6_291_556
"""Bytes, as in AWS's own message; the others: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""
CREDENTIALS_LIVE = 3000.0


def make_lambda_backend(world: World) -> type[LambdaBackend]:
    """moto's backend, with the executor instead of Docker."""

    class SandboxLambdaBackend(LambdaBackend):
        __module__ = LambdaBackend.__module__  # where moto looks for the backend's routes

        def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
            made = SandboxFunction(account_id=self.account_id, spec=spec, region=self.region_name, version="$LATEST")
            function = cast("SandboxFunction", made)
            function.remember_logging(spec.get("LoggingConfig"))
            self._lambdas.put_function(function)
            published = self.publish_version(function.function_name) if spec.get("Publish") else None
            return published or function

        def update_function_configuration(
            self, function_name: str, qualifier: str, body: dict[str, Any]
        ) -> dict[str, Any] | None:
            function = self.get_function(function_name, qualifier)
            if isinstance(function, SandboxFunction) and "LoggingConfig" in body:
                function.remember_logging(body["LoggingConfig"])
            if "TracingConfig" in body:
                function.tracing_config = body["TracingConfig"]
            if "KMSKeyArn" in body:
                function.kms_key_arn = body["KMSKeyArn"]
            return super().update_function_configuration(function_name, qualifier, body)

        def invoke(
            self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
        ) -> str | bytes | None:
            function = self.get_function(function_name, qualifier)
            payload: bytes = (body.encode() if isinstance(body, str) else body) or b"{}"
            kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
            check_payload(payload, MAX_EVENT if kind == "Event" else MAX_PAYLOAD)
            if kind == "DryRun":
                return b""
            if kind == "Event":
                arguments = (world, function, payload, float(function.timeout))
                threading.Thread(target=run_function, args=arguments, daemon=True).start()
                return b""
            outcome, lines = run_function(world, function, payload, float(function.timeout))
            response_headers["x-amzn-requestid"] = outcome.request_id
            if outcome.failed:
                response_headers["x-amz-function-error"] = "Unhandled"
            tail = "\n".join(lines).encode()[-4096:]
            response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
            response_headers["Content-Length"] = str(len(outcome.payload))
            return outcome.payload

    return SandboxLambdaBackend


class SandboxFunction(LambdaFunction):
    """moto's function, which also keeps its LoggingConfig; so do the versions that are copied from it."""

    logging_config: dict[str, Any]

    def remember_logging(self, given: dict[str, Any] | None) -> None:
        """Keeps the given settings, with the defaults of the others."""
        config = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}", **(given or {})}
        levels = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO"} if config["LogFormat"] == "JSON" else {}
        self.logging_config = {**levels, **config}
        self.logs_group_name = str(config["LogGroup"])

    def get_configuration(self, on_create: bool = False) -> dict[str, Any]:
        return {**super().get_configuration(on_create), "LoggingConfig": self.logging_config}


class _PayloadTooLargeError(LambdaClientError):
    code = 413


class ThrottledError(LambdaClientError):
    """The function's reserved concurrency is used up."""

    code = 429

    def __init__(self) -> None:
        super().__init__("TooManyRequestsException", "Rate Exceeded.")


def check_payload(payload: bytes, most: int) -> None:
    """Checks the payload's size and syntax, as Lambda does before anything runs.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_Errors
    """
    if len(payload) > most:
        raise _PayloadTooLargeError(
            "RequestTooLargeException", f"Request must be smaller than {most} bytes for the InvokeFunction operation"
        )
    try:
        json.loads(payload)
    except ValueError as error:
        raise LambdaClientError(
            "InvalidRequestContentException", f"Could not parse request body into json: {error}"
        ) from None


@contextmanager
def _slot(world: World, function: LambdaFunction) -> Generator[None]:
    """One of the function's reserved executions, if it has any. https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html"""
    with world.lock:
        limit = function.reserved_concurrency
        if limit is not None and world.running[function.function_name] >= int(limit):
            raise ThrottledError
        world.running[function.function_name] += 1
    try:
        yield
    finally:
        with world.lock:
            world.running[function.function_name] -= 1


def run_function(world: World, function: LambdaFunction, payload: bytes, timeout: float) -> tuple[Outcome, list[str]]:
    """Runs one invocation with the credentials of the function's role, and writes its log."""
    spec = FunctionSpec(
        name=function.function_name,
        arn=function.function_arn,
        handler=function.handler or "",
        code=function.code_bytes,
        environment=tuple(sorted(function.environment_vars.items())),
        memory_size=function.memory_size,
        version=str(function.version),
        runtime=function.run_time or "",
        log_group=function.logs_group_name,
        role=function.role,
        creation=_creation(function),
    )
    environment = {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": world.endpoint_url,
        **_credentials(function),
    }
    with _slot(world, function):
        outcome, lines = world.executor.invoke(spec, payload, timeout, environment)
    if len(outcome.payload) > MAX_ANSWER:
        report = {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": f"Response payload size exceeded maximum allowed payload size ({MAX_ANSWER} bytes).",
        }
        outcome = Outcome(json.dumps(report).encode(), failed=True, request_id=outcome.request_id)
    _write_log(function, lines)
    return outcome, lines


def _creation(function: LambdaFunction) -> str:
    """Tells a function from another that had the same name before: its containers have other credentials."""
    if not hasattr(function, "sandbox_creation"):
        function.sandbox_creation = str(uuid.uuid4())  # type: ignore[attr-defined]
    return str(function.sandbox_creation)  # type: ignore[attr-defined]


def _credentials(function: LambdaFunction) -> dict[str, str]:
    """The role's credentials, kept while they are valid, so that a warm container can be used again."""
    kept: tuple[str, float, dict[str, str]] | None = getattr(function, "sandbox_credentials", None)
    if kept is None or kept[0] != function.role or kept[1] < time.monotonic():
        made = role_credentials(function.role, function.function_name, function.region)
        kept = (function.role, time.monotonic() + CREDENTIALS_LIVE, made)
        function.sandbox_credentials = kept  # type: ignore[attr-defined]
    return kept[2]


def _write_log(function: LambdaFunction, lines: list[str]) -> None:
    """Writes to CloudWatch Logs, as far as the function's role allows; without a log group the lines are lost.

    https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
    """
    if not lines:
        return
    backend, group, stream = logs_backends[function.account_id][function.region], function.logs_group_name, "sandbox"
    arn = f"arn:aws:logs:{function.region}:{function.account_id}:log-group:{group}"
    if group not in backend.groups:
        if not _role_may(function, "logs:CreateLogGroup", arn):
            return
        backend.create_log_group(group, {})
    if stream not in backend.groups[group].streams:
        if not _role_may(function, "logs:CreateLogStream", f"{arn}:log-stream:{stream}"):
            return
        backend.create_log_stream(group, stream)
    if _role_may(function, "logs:PutLogEvents", f"{arn}:log-stream:{stream}"):
        now = int(time.time() * 1000)
        backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])


def _role_may(function: LambdaFunction, action: str, resource: str) -> bool:
    try:
        evaluate(policies_of_role(function.role), action, [resource], {"aws:PrincipalAccount": function.account_id})
    except DenialError:
        return False
    return True
