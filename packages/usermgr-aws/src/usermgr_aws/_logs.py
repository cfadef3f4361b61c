"""Keeps secrets out of an SDK's debugging log, for applications that ask for it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

__all__ = ["redact_loggers", "redact_sdk_logs"]

_prefixes: set[str] = set()


def redact_loggers(*prefixes: str) -> None:
    """From now on, records below WARNING of these loggers, and of loggers below them, only name where they come from.

    Applies to the whole process, to every handler, and to loggers that do not exist yet. Calling it again adds to it.
    """
    _prefixes.update(prefixes)
    present = logging.getLogRecordFactory()
    if not getattr(present, "__usermgr_redacts__", False):
        _install(present)


def _install(make: Callable[..., logging.LogRecord]) -> None:
    def redacting(*args: Any, **kwargs: Any) -> logging.LogRecord:
        record = make(*args, **kwargs)
        if record.levelno < logging.WARNING and _is_under_a_prefix(record.name):
            record.msg = f"(redacted by usermgr: {record.funcName}, line {record.lineno})"
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return record

    redacting.__usermgr_redacts__ = True  # pyright: ignore[reportFunctionMemberAccess]
    logging.setLogRecordFactory(redacting)


def _is_under_a_prefix(name: str) -> bool:
    return any(name == prefix or name.startswith(f"{prefix}.") for prefix in _prefixes)


def redact_sdk_logs() -> None:
    """Keeps passwords and tokens out of the SDK's debugging log, which holds whole requests and replies.

    Opt-in, because it changes logging for the whole process: see `redact_loggers`.
    """
    redact_loggers("botocore", "boto3", "urllib3")
