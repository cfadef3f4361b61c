"""Lambda: functions really run, failures are told as AWS tells them, and LoggingConfig is kept.

- `FunctionError` is `Unhandled` for every failure of a managed runtime's handler (moto: `Handled`):
  https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_ResponseSyntax
- LoggingConfig comes back as it was set, with its defaults (moto forgets it, and every plan shows a difference):
  https://docs.aws.amazon.com/lambda/latest/api/API_LoggingConfig.html
"""

from __future__ import annotations

import base64
import json
import threading
import time
from typing import Any

from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.logs.models import logs_backends

from usermgr_sandbox.fidelity.world import World
from usermgr_sandbox.identity import role_credentials
from usermgr_sandbox.lambda_runtime import FunctionSpec, Outcome

__all__ = ["make_lambda_backend", "run_function"]

MAX_PAYLOAD = 6 * 1024 * 1024
CREDENTIALS_LIVE = 3000.0


def make_lambda_backend(world: World) -> type[LambdaBackend]:
    """moto's backend with the executor in the place of Docker."""

    class SandboxLambdaBackend(LambdaBackend):
        __module__ = LambdaBackend.__module__  # where moto looks for the backend's routes

        def create_function(self, spec: dict[str, Any]) -> LambdaFunction:
            function = super().create_function(spec)
            _remember_logging(function, spec.get("LoggingConfig"))
            return function

        def update_function_configuration(
            self, function_name: str, qualifier: str | None, body: dict[str, Any]
        ) -> dict[str, Any] | None:
            function = self.get_function(function_name, qualifier)
            if "LoggingConfig" in body:
                _remember_logging(function, body["LoggingConfig"])
            if "TracingConfig" in body:
                function.tracing_config = body["TracingConfig"]
            return super().update_function_configuration(function_name, qualifier, body)

        def invoke(
            self, function_name: str, qualifier: str | None, body: Any, headers: Any, response_headers: Any
        ) -> str | bytes | None:
            function = self.get_function(function_name, qualifier)
            payload = body.encode() if isinstance(body, str) else body or b"{}"
            kind = headers.get("X-Amz-Invocation-Type", "RequestResponse")
            if kind == "DryRun":
                return b""
            if kind == "Event":
                arguments = (world, function, payload, float(function.timeout))
                threading.Thread(target=run_function, args=arguments, daemon=True).start()
                return b""
            outcome, lines = run_function(world, function, payload, float(function.timeout))
            if outcome.failed:
                response_headers["x-amz-function-error"] = "Unhandled"
            tail = "\n".join(lines).encode()[-4096:]
            response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
            response_headers["Content-Length"] = str(len(outcome.payload))
            return outcome.payload

    return SandboxLambdaBackend


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
    )
    environment = {
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ENDPOINT_URL": world.endpoint_url,
        **_credentials(function),
    }
    outcome, lines = world.executor.invoke(spec, payload, timeout, environment)
    if len(outcome.payload) > MAX_PAYLOAD:
        report = {
            "errorType": "Function.ResponseSizeTooLarge",
            "errorMessage": f"Response payload size exceeded maximum allowed payload size ({MAX_PAYLOAD} bytes).",
        }
        outcome = Outcome(json.dumps(report).encode(), failed=True)
    _write_log(function, lines)
    return outcome, lines


def _credentials(function: LambdaFunction) -> dict[str, str]:
    """The role's credentials, kept with the function while they live, so that a warm container fits."""
    kept: tuple[str, float, dict[str, str]] | None = getattr(function, "sandbox_credentials", None)
    if kept is None or kept[0] != function.role or kept[1] < time.monotonic():
        made = role_credentials(function.role, function.function_name, function.region)
        kept = (function.role, time.monotonic() + CREDENTIALS_LIVE, made)
        function.sandbox_credentials = kept  # type: ignore[attr-defined]
    return kept[2]


def _write_log(function: LambdaFunction, lines: list[str]) -> None:
    """Into CloudWatch Logs, where the group exists: the function may not create it."""
    backend = logs_backends[function.account_id][function.region]
    group = f"/aws/lambda/{function.function_name}"
    if group not in backend.groups or not lines:
        return
    stream = "sandbox"
    if stream not in backend.groups[group].streams:
        backend.create_log_stream(group, stream)
    now = int(time.time() * 1000)
    backend.put_log_events(group, stream, [{"timestamp": now, "message": line} for line in lines])


def _remember_logging(function: LambdaFunction, given: dict[str, Any] | None) -> None:
    logging_config = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{function.function_name}", **(given or {})}
    if logging_config["LogFormat"] == "JSON":
        logging_config = {"ApplicationLogLevel": "INFO", "SystemLogLevel": "INFO", **logging_config}
    stock = type(function).get_configuration

    def with_logging(on_create: bool = False) -> dict[str, Any]:
        return {**stock(function, on_create), "LoggingConfig": logging_config}

    function.get_configuration = with_logging  # type: ignore[method-assign]
