"""CSV (RFC 4180) in UTF-8."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable
from typing import Any

from usermgr_cli.output._cells import cell

__all__ = ["show_csv"]


def show_csv(found: Iterable[dict[str, Any]]) -> None:
    """A heading of the first record's members, and a line for each record."""
    heading: list[str] | None = None
    for each in found:
        if heading is None:
            heading = list(each)
            _write(heading)
        _write([_value(each.get(name)) for name in heading])


def _value(value: Any) -> str:
    return value if isinstance(value, str) else cell(value, utc=True)


def _write(row: list[str]) -> None:
    text = io.StringIO()
    csv.writer(text).writerow(row)
    sys.stdout.buffer.write(text.getvalue().encode())
