"""The values that pass between a caller, the executor and a container."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

MAX_SYNCHRONOUS_PAYLOAD = 6 * 1024 * 1024
"""Bytes, each way. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html"""

MAX_ASYNCHRONOUS_PAYLOAD = 1024 * 1024
"""Bytes of an Event invocation. https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""

MAX_RESPONSE_PAYLOAD = 6_291_556
"""Bytes of an answer: AWS's own error message names this figure."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """Everything that a container is made from. Two equal specs may share a warm container."""

    name: str
    arn: str
    version: str
    handler: str
    runtime: str
    role: str
    timeout: int
    memory: int
    log_group: str
    region: str
    reserved_concurrency: int | None
    variables: tuple[tuple[str, str], ...] = field(repr=False)
    code: bytes = field(repr=False, compare=False)
    code_hash: str

    @staticmethod
    def hash_of(code: bytes) -> str:
        """The code's identity, as hexadecimal SHA-256."""
        return hashlib.sha256(code).hexdigest()


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """How an invocation ended. ``function_error`` is None or ``Unhandled``; ``kind`` tells what went wrong."""

    payload: bytes = field(repr=False)
    request_id: str
    function_error: str | None = None
    kind: str = "ok"
    log_tail: bytes = field(default=b"", repr=False)


def failure(request_id: str, error_type: str, message: str, kind: str) -> InvocationResult:
    """A failure that the platform reports, not the handler."""
    payload = json.dumps({"errorType": error_type, "errorMessage": message}).encode()
    return InvocationResult(payload, request_id, "Unhandled", kind)
