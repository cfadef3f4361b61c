"""Keeps the containers: unpacks each zip once, reuses warm containers, starts more when all are busy."""

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

from usermgr_sandbox._isolation import NO_FILES
from usermgr_sandbox._lambda_runtime.container import Container, Outcome
from usermgr_sandbox._lambda_runtime.site import link_runtime_packages

__all__ = ["Executor", "FunctionSpec", "Outcome"]

MAX_LOG_LINES = 10_000
MAX_IDLE = 12


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """A warm container is used again only if all of this is the same."""

    name: str
    arn: str
    handler: str
    code: bytes = field(repr=False)
    environment: tuple[tuple[str, str], ...]
    memory_size: int
    version: str
    runtime: str
    log_group: str
    role: str
    creation: str


class Executor:
    """Invokes functions. With `site_packages`, they find the boto3 of that folder instead of ours."""

    def __init__(self, site_packages: Path | None = None) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="usermgr-sandbox-lambda-")
        root = Path(self._folder.name)
        self._code_root = root / "code"
        self._sites = (root / "sdk", root / "runtime-client")
        link_runtime_packages(self._sites[0], ("boto3",), site_packages)
        link_runtime_packages(self._sites[1], ("awslambdaric",))
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
        self.reset()
        self._folder.cleanup()

    def _take(self, spec: FunctionSpec, credentials: Mapping[str, str]) -> Container:
        with self._lock:
            while self._idle[spec]:
                container = self._idle[spec].pop()
                if container.alive:
                    return container
                self._all.discard(container)
        self._retire(spec)
        container = Container(spec.arn, spec.handler, self._unpack(spec.code), self._environment(spec, credentials))
        with self._lock:
            self._all.add(container)
        return container

    def _retire(self, spec: FunctionSpec) -> None:
        """Ends the idle containers of an earlier state of the function."""
        with self._lock:
            old = [each for each in self._idle if each.arn == spec.arn and each != spec]
            containers = [container for each in old for container in self._idle.pop(each)]
            self._all.difference_update(containers)
        for container in containers:
            container.close()

    def reset(self) -> None:
        """Ends every container and forgets what they wrote."""
        with self._lock:
            containers, self._all = self._all, set()
            self._idle.clear()
            self._logs.clear()
        for container in containers:
            container.close()

    def _give_back(self, spec: FunctionSpec, container: Container) -> None:
        surplus: Container | None = None
        with self._lock:
            if container in self._all and container.alive:
                self._idle[spec].append(container)
                surplus = self._surplus()
            else:
                self._all.discard(container)
        if surplus is not None:
            surplus.close()

    def _surplus(self) -> Container | None:
        """The container that has been idle longest, when there are too many: each holds an SDK in memory."""
        idle = [containers for containers in self._idle.values() if containers]
        if sum(map(len, idle)) <= MAX_IDLE:
            return None
        container = idle[0].pop(0)
        self._all.discard(container)
        return container

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
        inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        reserved = {
            "TZ": ":UTC",
            "PYTHONPATH": os.pathsep.join((root, *map(str, self._sites))),
            "PYTHONDONTWRITEBYTECODE": "1",
            "LAMBDA_TASK_ROOT": root,
            "_HANDLER": spec.handler,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{spec.runtime}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": spec.name,
            "AWS_LAMBDA_FUNCTION_VERSION": spec.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_size),
            "AWS_LAMBDA_LOG_GROUP_NAME": spec.log_group,
            "AWS_LAMBDA_LOG_STREAM_NAME": "sandbox",
        }
        # A function may set its own endpoint, such as a fault proxy's, but not the variables that Lambda reserves.
        endpoint = {"AWS_ENDPOINT_URL": credentials["AWS_ENDPOINT_URL"]}
        given = {name: value for name, value in credentials.items() if name not in endpoint}
        return {**inherited, **NO_FILES, **endpoint, **dict(spec.environment), **reserved, **given}
