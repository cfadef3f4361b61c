"""Where records go: the interface of a sink, and the sink that hands them to `logging`."""

from __future__ import annotations

import json
import logging
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from usermgr.audit._record import Record
from usermgr.errors import AuditError

__all__ = ["LoggerSink", "Sink", "one_line"]


def one_line(members: dict[str, Any]) -> str:
    """JSON in ASCII: no value can end the line, or reach a terminal as a control character."""
    return json.dumps(members, ensure_ascii=True, separators=(",", ":"))


class Sink(ABC):
    """Keeps records. Whatever it raises counts as a record that was not kept."""

    def ready(self) -> None:  # noqa: B027 - a sink that cannot tell says nothing
        """Raises where the next `write` could not succeed, as far as that can be known before."""

    @abstractmethod
    def write(self, record: Record) -> None:
        """Keeps the record, and returns when it is as durable as this sink makes it. Raises `AuditError`."""

    def write_all(self, records: Sequence[Record]) -> None:
        """Keeps the records of a batch, in their order; where it raises, any of them may not have been kept.

        A sink that can keep many at the price of one overrides this.
        """
        for record in records:
            self.write(record)


class LoggerSink(Sink):
    """Each record is a line of JSON in a log, and a `dict` in the log record's `usermgr_audit`.

    `logging` tells nobody when a handler fails, so this sink notices only a logger that would drop the record.
    """

    def __init__(self, logger: logging.Logger, level: int = logging.INFO) -> None:
        self._logger = logger
        self._level = level

    def __repr__(self) -> str:
        return f"LoggerSink({self._logger.name!r})"

    def ready(self) -> None:
        """Raises `AuditError` where the logger drops records of this level, or nobody handles them."""
        if not self._logger.isEnabledFor(self._level):
            level = logging.getLevelName(self._level)
            raise AuditError(f"the logger {self._logger.name} drops what is of level {level}: lower its level")
        if not self._logger.hasHandlers():
            raise AuditError(f"the logger {self._logger.name} has no handler: configure logging first")

    def write(self, record: Record) -> None:
        """Logs the record. Raises as `ready` does."""
        self.ready()
        members = record.to_dict()
        self._logger.log(self._level, "%s", one_line(members), extra={"usermgr_audit": members})
