"""How a fault of ours is logged: where it was and its type, and never its text, which may quote anything."""

from __future__ import annotations

import logging
import traceback

__all__ = ["log_fault"]


def log_fault(log: logging.Logger, place: str, error: Exception) -> None:
    """Writes the type and the frames to the log; `place` is a request with its route, or a piece of work."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    log.error("%s: %s\n%s", place, type(error).__name__, frames)
