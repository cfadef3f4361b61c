"""How a run ends before its input does."""

from __future__ import annotations

from usermgr.errors import UsermgrError
from usermgr_bulk._results import Summary

__all__ = ["BulkInterruptedError", "BulkStoppedError"]


class BulkStoppedError(UsermgrError):
    """The run could not go on, and its journal is kept, or what an export has read; `__cause__` is what stopped it.

    Missing credentials or permissions, a store that is gone, a limit of the account, a service that stays away, a full
    disk, or an input that cannot be read any further.
    """

    code = "bulk_stopped"
    sentence = "the run stopped"
    summary: Summary | None = None
    """What was done; `None` of an export, which does nothing."""
    remedy: str | None = None
    """How to go on, where whoever made the run says so: the message only names the journal."""


class BulkInterruptedError(KeyboardInterrupt):
    """Ctrl-C, or `stop`: the calls in flight have ended, and the journal is valid. `summary` is what was done."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(
            f"interrupted after {summary}: start the same run with the journal {summary.journal} again to go on"
        )
        self.summary = summary
