"""The request log: who asked which service for what, and how it ended."""

from __future__ import annotations

import threading
from collections import deque
from datetime import UTC, datetime

from usermgr_sandbox.records import RequestRecord

_KEPT = 200_000


class RequestLog:
    """Thread-safe; keeps the newest records."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: deque[RequestRecord] = deque(maxlen=_KEPT)
        self._count = 0

    def add(self, service: str, operation: str, principal: str, status: int, error_code: str | None = None) -> None:
        """Write down one answered call."""
        with self._lock:
            self._count += 1
            self._records.append(
                RequestRecord(self._count, service, operation, principal, status, datetime.now(UTC), error_code)
            )

    def since(self, index: int) -> list[RequestRecord]:
        """The records after ``index``, oldest first."""
        with self._lock:
            return [record for record in self._records if record.index > index]

    def clear(self) -> None:
        """Forget all; indices begin at 1 again."""
        with self._lock:
            self._records.clear()
            self._count = 0
