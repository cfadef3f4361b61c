"""Where the rows of an import come from: anything that can be read twice, and knows whether it is still the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from usermgr.records import Format, Row

__all__ = ["FileInput", "Input"]


class Input(Protocol):
    """Rows that can be read again from their beginning, in the same order."""

    def rows(self) -> Iterator[Row]:
        """The rows, one in memory at a time."""
        ...

    def fingerprint(self) -> str:
        """A hash of the content, and of how it is read."""
        ...


@dataclass(frozen=True, slots=True)
class FileInput:
    """A file in some format. `dialect` is how the format reads it, such as the encoding; plain JSON.

    >>> from usermgr.records import find_format
    >>> FileInput(Path("people.csv"), find_format("csv"), {"format": "csv"})  # doctest: +SKIP
    """

    path: Path
    format: Format
    dialect: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def rows(self) -> Iterator[Row]:
        """The rows of the file. Raises `InvalidInputError` for what is wrong with the whole of it."""
        with self.path.open("rb") as stream:
            yield from self.format.read(stream)

    def fingerprint(self) -> str:
        """The SHA-256 of the content and the dialect."""
        with self.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256")
        digest.update(json.dumps(dict(self.dialect), sort_keys=True).encode())
        return digest.hexdigest()
