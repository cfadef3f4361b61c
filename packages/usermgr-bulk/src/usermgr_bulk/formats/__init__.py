"""The formats that usermgr-bulk brings: JSON lines and CSV. `docs/formats.md` in the project describes both.

>>> import io
>>> from usermgr.records import UserRecord, find_format
>>> file = io.BytesIO()
>>> find_format("csv", attributes=["phone_number"]).write([UserRecord("ada", {"phone_number": "+81312345678"})], file)
1
>>> print(file.getvalue().decode().splitlines()[1])
ada,'+81312345678,,,,,,,1
"""

from __future__ import annotations

from usermgr_bulk.formats._columns import harmless
from usermgr_bulk.formats._csv import CsvFormat
from usermgr_bulk.formats._dialect import CsvDialect
from usermgr_bulk.formats._jsonl import JsonLinesFormat

__all__ = ["CsvDialect", "CsvFormat", "JsonLinesFormat", "harmless"]
