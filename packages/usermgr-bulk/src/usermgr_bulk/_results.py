"""What became of rows, of a whole run, and how far a run is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

__all__ = ["Progress", "RowOutcome", "RowResult", "Summary"]


class RowOutcome(StrEnum):
    """What became of a row. Each row has exactly one, so their numbers add up to the rows."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """All was as the row wants it."""
    FAILED = "failed"
    """`code` and `message` say why, and what was done before."""
    SKIPPED = "skipped"
    """The policy for who exists already said so."""
    UNKNOWN = "unknown"
    """It may or may not have happened, and looking could not tell."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of one row. `code` is that of an error class, where there was an error."""

    outcome: RowOutcome
    code: str | None = None
    message: str | None = None
    old_sub: str | None = None
    """The `sub` in the store that the row came from, where the row has one."""
    new_sub: str | None = None
    """The `sub` in this store, where it is known."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What became of all rows that have ended, in this run and in those before it with the same journal."""

    counts: Mapping[RowOutcome, int]
    journal: Path
    complete: bool
    """Whether the input was read to its end and every row of it has ended."""

    @property
    def rows(self) -> int:
        """How many rows have ended."""
        return sum(self.counts.values())

    @property
    def all_succeeded(self) -> bool:
        """Whether the run is complete, and no row failed or is unknown."""
        return self.complete and not self.counts[RowOutcome.FAILED] and not self.counts[RowOutcome.UNKNOWN]

    def __str__(self) -> str:
        counts = ", ".join(f"{number} {outcome}" for outcome, number in self.counts.items() if number)
        rows = "1 row" if self.rows == 1 else f"{self.rows} rows"
        return f"{rows}: {counts}" if counts else rows


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. A row counts once its record in the journal is durable."""

    done: int
    """How many rows have ended, in earlier runs of the same journal too."""
    total: int | None
    """How many there are, where the caller said."""
    counts: Mapping[RowOutcome, int] = field(default_factory=dict[RowOutcome, int])
    per_second: float = 0.0
    """The rate of the last seconds."""
    seconds_left: float | None = None
    throttled: int = 0
    """How often the service has asked this run to slow down."""
