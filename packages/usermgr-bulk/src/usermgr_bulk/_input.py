"""Where the rows of an import come from: anything that can be read twice, and knows whether it is still the same."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from usermgr.errors import InvalidInputError
from usermgr.records import Row, find_format
from usermgr_bulk._journal import read_identity

__all__ = ["FileInput", "Input"]


class Input(ABC):
    """Rows that can be read again from their beginning, in the same order."""

    __slots__ = ()

    @abstractmethod
    def rows(self) -> Iterator[Row]:
        """The rows, one in memory at a time."""

    @abstractmethod
    def fingerprint(self) -> str:
        """A hash of the content: a journal goes on only with the same."""

    def settings(self) -> Mapping[str, Any]:
        """How the content is read, as plain JSON: a journal keeps it, and goes on only with the same."""
        return {}


@dataclass(frozen=True, slots=True)
class FileInput(Input):
    """A file in an installed format, read with the same settled options each time.

    Use `FileInput.open` for a file that is met for the first time, and `FileInput.resume` for one that a journal knows.
    """

    path: Path
    format: str
    options: Mapping[str, Any]
    """The settled options of the format, such as the encoding that was found."""

    @classmethod
    def open(cls, path: str | Path, format: str, **options: Any) -> Self:  # noqa: A002 - what it is
        """The file as the format finds it: what it does not say of itself, the options must.

        Raises:
            InvalidInputError: something is wrong with the whole of the file, such as its encoding.
            ConfigurationError: no installed package has that format, or the format has no such option.
        """
        with Path(path).open("rb") as stream:
            settled = find_format(format, **options).settle(stream)
        return cls(Path(path), format, dict(settled))

    @classmethod
    def resume(cls, path: str | Path, journal: str | Path) -> Self:
        """The file, read as the run of the journal reads it.

        Raises `InvalidInputError` where the journal is none, or its run does not read a file.
        """
        source = read_identity(journal).settings.get("source", {})
        if not {"format", "options"} <= source.keys():
            raise InvalidInputError(f"the journal {journal} is not of a run that reads a file", field="journal")
        return cls(Path(path), source["format"], source["options"])

    def rows(self) -> Iterator[Row]:
        """The rows of the file. Raises `InvalidInputError` for what is wrong with the whole of it."""
        with self.path.open("rb") as stream:
            yield from find_format(self.format, **self.options).read(stream)

    def fingerprint(self) -> str:
        """The SHA-256 of the file's bytes."""
        with self.path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()

    def settings(self) -> Mapping[str, Any]:
        """The format and its settled options."""
        return {"format": self.format, "options": dict(self.options)}
