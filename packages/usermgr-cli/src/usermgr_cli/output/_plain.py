"""Lines for other programs: values with tabs between them, and no heading."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from usermgr_cli._text import visible
from usermgr_cli.output._cells import cell

__all__ = ["show_plain"]


def show_plain(found: Iterable[dict[str, Any]], *, many: bool, utc: bool) -> None:
    """A record a line; of a single one, a member a line."""
    for each in found:
        if many:
            _write("\t".join(visible(cell(value, utc=utc)) for value in each.values()))
        else:
            for name, value in each.items():
                _write(f"{name}\t{visible(cell(value, utc=utc))}")


def _write(text: str) -> None:
    sys.stdout.buffer.write(text.encode() + b"\n")
