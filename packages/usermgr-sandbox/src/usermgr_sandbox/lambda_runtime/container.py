"""One container: a process that runs one version of one function, one invocation at a time."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import TYPE_CHECKING

from usermgr_sandbox.lambda_runtime.invocation import MAX_RESPONSE_PAYLOAD, FunctionSpec, InvocationResult, failure
from usermgr_sandbox.lambda_runtime.runtime_api import Report, RuntimeApi, Task

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_INIT_LIMIT = 10.0
"""Seconds. https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html"""

_TAIL = 4096
"""Bytes of log that LogType=Tail shows. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""


class Container:
    """Starts at construction; ``alive`` until it is told to end, crashes or times out."""

    def __init__(
        self,
        spec: FunctionSpec,
        *,
        task_root: Path,
        python_path: list[Path],
        environment: Mapping[str, str],
        write_log: Callable[[str], None],
    ) -> None:
        self.spec = spec
        self._write_log = write_log
        self._api = RuntimeApi()
        self._tail = b""
        self._unfinished = b""
        self._drain_lock = threading.Lock()
        self._initialised = False
        self.alive = True
        watched, self._lifeline = os.pipe()
        variables = {
            **environment,
            "PYTHONPATH": os.pathsep.join(str(each) for each in [task_root, *python_path]),
            "LAMBDA_TASK_ROOT": str(task_root),
            "AWS_LAMBDA_RUNTIME_API": self._api.address,
        }
        try:
            # -S: no site-packages of ours. -s: none of the user. -P: nor this folder.
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter
                [sys.executable, "-S", "-s", "-P", str(_BOOTSTRAP), str(watched), spec.handler],
                cwd=task_root,
                env=variables,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(watched,),
                start_new_session=True,
            )
        finally:
            os.close(watched)
        if self._process.stdout is None:
            raise RuntimeError("the container's output is not readable")
        self._output = self._process.stdout
        os.set_blocking(self._output.fileno(), False)
        threading.Thread(target=self._watch, daemon=True).start()

    def invoke(self, event: bytes, arn: str, client_context: str | None) -> InvocationResult:
        """Run one event to its end. A container that failed as a process is not alive afterwards."""
        request_id = str(uuid.uuid4())
        self._tail = b""
        self._platform_log(f"START RequestId: {request_id} Version: {self.spec.version}\n")
        started = time.monotonic()
        result = self._initialise(request_id) or self._run(request_id, event, arn, client_context)
        self._drain()
        milliseconds = (time.monotonic() - started) * 1000
        self._platform_log(f"END RequestId: {request_id}\n")
        self._platform_log(
            f"REPORT RequestId: {request_id}\tDuration: {milliseconds:.2f} ms\tBilled Duration: {milliseconds:.0f} ms"
            f"\tMemory Size: {self.spec.memory} MB\n"
        )
        if result.kind != "ok" and result.kind != "handler-error":
            self.end()
        return InvocationResult(result.payload, request_id, result.function_error, result.kind, self._tail[-_TAIL:])

    def end(self) -> None:
        """Kill it, and all that it started."""
        if not self.alive:
            return
        self.alive = False
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, 9)
        self._process.wait()
        os.close(self._lifeline)
        self._api.close()
        self._drain()
        self._output.close()

    def _initialise(self, request_id: str) -> InvocationResult | None:
        if self._initialised:
            return None
        report = self._next_report(_INIT_LIMIT)
        match report.kind:
            case "ready":
                self._initialised = True
                return None
            case "init-error":
                return InvocationResult(report.payload, request_id, "Unhandled", "init-error")
            case "exit":
                return self._exit(request_id)
            case _:
                return self._timed_out(request_id, _INIT_LIMIT)

    def _run(self, request_id: str, event: bytes, arn: str, client_context: str | None) -> InvocationResult:
        limit = float(self.spec.timeout)
        self._api.tasks.put(Task(request_id, arn, int((time.time() + limit) * 1000), event, client_context))
        report = self._next_report(limit)
        match report.kind:
            case "response" if len(report.payload) > MAX_RESPONSE_PAYLOAD:
                message = f"Response payload size exceeded maximum allowed payload size ({MAX_RESPONSE_PAYLOAD} bytes)."
                return failure(request_id, "Function.ResponseSizeTooLarge", message, "too-large")
            case "response":
                result = InvocationResult(report.payload, request_id)
            case "error":
                result = InvocationResult(report.payload, request_id, "Unhandled", "handler-error")
            case "exit":
                return self._exit(request_id)
            case _:
                return self._timed_out(request_id, limit)
        # The client asks for the next event once its output is written: only then is the log whole.
        ended = self._next_report(1.0)
        return (
            result
            if ended.kind in {"ready", "timeout"}
            else InvocationResult(result.payload, request_id, result.function_error, "exited-after")
        )

    def _next_report(self, limit: float) -> Report:
        try:
            return self._api.reports.get(timeout=limit)
        except Empty:
            return Report("timeout")

    def _timed_out(self, request_id: str, limit: float) -> InvocationResult:
        message = f"RequestId: {request_id} Error: Task timed out after {limit:.2f} seconds"
        self._drain()
        self._platform_log(
            f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime())}Z {request_id} "
            f"Task timed out after {limit:.2f} seconds\n\n"
        )
        return failure(request_id, "Sandbox.Timedout", message, "timeout")

    def _exit(self, request_id: str) -> InvocationResult:
        status = self._process.wait()
        if status == 0:
            reason = "Runtime exited without providing a reason"
        elif status < 0:
            reason = f"Runtime exited with error: signal: {'killed' if status == -9 else -status}"
        else:
            reason = f"Runtime exited with error: exit status {status}"
        return failure(request_id, "Runtime.ExitError", f"RequestId: {request_id} Error: {reason}", "crash")

    def _watch(self) -> None:
        """Report the end of the process, whenever it comes."""
        self._process.wait()
        self._api.reports.put(Report("exit"))

    def _platform_log(self, line: str) -> None:
        self._tail += line.encode()
        self._write_log(line)

    def _drain(self) -> None:
        """Take what the function wrote so far. The pipe holds what was written before the answer."""
        with self._drain_lock:
            while True:
                try:
                    chunk = os.read(self._output.fileno(), 65536)
                except BlockingIOError:
                    break
                if not chunk:
                    break
                self._tail += chunk
                *lines, self._unfinished = (self._unfinished + chunk).split(b"\n")
                for line in lines:
                    self._write_log(
                        line.decode(errors="replace") + "\n",
                    )
            if not self.alive and self._unfinished:
                self._write_log(self._unfinished.decode(errors="replace") + "\n")
                self._unfinished = b""
