"""Keeps the containers: unpacks each code once, reuses warm containers, starts more when all are busy."""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import threading
import zipfile
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from usermgr_sandbox.lambda_runtime.container import Container, Outcome
from usermgr_sandbox.lambda_runtime.site import link_runtime_packages

__all__ = ["Executor", "FunctionSpec", "Outcome"]

MAX_LOG_LINES = 10_000


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """What must be the same for a warm container to be used again."""

    name: str
    arn: str
    handler: str
    code: bytes = field(repr=False)
    environment: tuple[tuple[str, str], ...]
    memory_size: int
    version: str


class Executor:
    """Invokes functions. `site_packages`, when given, stands in for the packages of AWS's runtime."""

    def __init__(self, site_packages: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="usermgr-sandbox-lambda-")
        root = Path(self._folder.name)
        self._code_root = root / "code"
        self._site = site_packages or root / "runtime"
        if site_packages is None:
            self._site.mkdir()
            link_runtime_packages(self._site)
        self._lock = threading.Lock()
        self._idle: dict[FunctionSpec, list[Container]] = defaultdict(list)
        self._all: set[Container] = set()
        self._logs: dict[str, list[str]] = defaultdict(list)

    def invoke(
        self, spec: FunctionSpec, payload: bytes, timeout: float, credentials: Mapping[str, str]
    ) -> tuple[Outcome, list[str]]:
        """The outcome, and the lines that the function wrote meanwhile."""
        container = self._take(spec, credentials)
        try:
            outcome = container.invoke(payload, timeout)
        finally:
            lines, container.log = container.log, []
            self._give_back(spec, container)
        with self._lock:
            self._logs[spec.name] = (self._logs[spec.name] + lines)[-MAX_LOG_LINES:]
        return outcome, lines

    def logs(self, name: str) -> list[str]:
        """What the function has written so far, line by line."""
        with self._lock:
            return list(self._logs[name])

    def close(self) -> None:
        """Ends every container and removes what was unpacked."""
        with self._lock:
            containers, self._all = self._all, set()
            self._idle.clear()
        for container in containers:
            container.close()
        self._folder.cleanup()

    def _take(self, spec: FunctionSpec, credentials: Mapping[str, str]) -> Container:
        with self._lock:
            while self._idle[spec]:
                container = self._idle[spec].pop()
                if container.alive:
                    return container
                self._all.discard(container)
        container = Container(spec.arn, spec.handler, self._unpack(spec.code), self._environment(spec, credentials))
        with self._lock:
            self._all.add(container)
        return container

    def _give_back(self, spec: FunctionSpec, container: Container) -> None:
        with self._lock:
            if container in self._all and container.alive:
                self._idle[spec].append(container)
            else:
                self._all.discard(container)

    def _unpack(self, code: bytes) -> Path:
        folder = self._code_root / hashlib.sha256(code).hexdigest()
        with self._lock:
            if not folder.exists():
                with zipfile.ZipFile(io.BytesIO(code)) as archive:
                    archive.extractall(folder)
        return folder

    def _environment(self, spec: FunctionSpec, credentials: Mapping[str, str]) -> dict[str, str]:
        """https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime"""
        root = str(self._unpack(spec.code))
        return {
            "PATH": os.environ.get("PATH", ""),
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
            "PYTHONPATH": os.pathsep.join((root, str(self._site))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": root,
            "_HANDLER": spec.handler,
            "AWS_EXECUTION_ENV": "AWS_Lambda_python",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{spec.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "sandbox",
            **dict(spec.environment),
            **credentials,
        }
