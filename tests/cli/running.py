"""Runs `usermgr` in this process, with standard input, output and error of its own."""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from usermgr_cli._main import run

__all__ = ["Ran", "usermgr"]


@dataclass(frozen=True)
class Ran:
    """What a run left behind."""

    status: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON that it printed."""
        return json.loads(self.out)


def usermgr(*arguments: object, stdin: str | bytes = b"") -> Ran:
    """The command with these arguments. Nobody is at a terminal, there is no profile, and the environment stays."""
    given = io.TextIOWrapper(io.BytesIO(stdin.encode() if isinstance(stdin, str) else stdin), "utf-8")
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", write_through=True) for _ in range(2))
    alone = mock.patch.dict(os.environ, USERMGR_CONFIG=str(Path(__file__).with_name("no-such-file.toml")))
    with alone, mock.patch.multiple(sys, stdin=given, stdout=out, stderr=err):
        status = run([str(each) for each in arguments])
    return Ran(status, *(each.buffer.getvalue().decode() for each in (out, err)))  # type: ignore[attr-defined]
