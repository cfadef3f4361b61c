"""Problems on the disk: a check may find more than fit into the memory."""

from __future__ import annotations

import dataclasses
import json
import tempfile
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from usermgr_bulk import Problem

__all__ = ["Spool"]


class Spool:
    """Takes problems, and gives them back once, in their order."""

    def __init__(self) -> None:
        self._file: IO[str] | None = None  # a run that fails before any problem leaves none open

    def add(self, problem: Problem) -> None:
        """Keeps it."""
        if self._file is None:
            self._file = tempfile.TemporaryFile("w+", encoding="ascii")  # noqa: SIM115 - closed with the last problem
        self._file.write(json.dumps(dataclasses.asdict(problem)) + "\n")

    def problems(self) -> Iterator[Problem]:
        """All of them."""
        from usermgr_bulk import Problem  # noqa: PLC0415 - as all of usermgr, once the command runs

        if self._file is None:
            return
        with self._file as file:
            file.seek(0)
            for text in file:
                yield Problem(**json.loads(text))
