"""Writing the users of an input into a file of an installed format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from usermgr.errors import InvalidInputError
from usermgr.records import UserRecord, find_format
from usermgr_bulk._export import Export
from usermgr_bulk._files import whole_file
from usermgr_bulk._input import Input

__all__ = ["write_users"]


def write_users(source: Input, path: str | Path, format: str, **options: Any) -> int:  # noqa: A002 - what it is
    """Writes all users of the input, such as an export, to a new file. How many there were.

    The file has the mode 0600 and appears whole or not at all. Of an export, a table gets a column for each attribute
    that somebody has, unless `options` names others. Groups have no file here: a user's memberships are in the row.

    Raises:
        InvalidInputError: the file is there already; a row cannot be read, or the format cannot hold it.
        ConfigurationError: no installed package has that format, or the format has no such option.
        OSError: the file cannot be written.
    """
    target = Path(path)
    if target.exists():
        raise InvalidInputError(f"{target} is there already: name a new file", field="path")
    if format == "csv" and isinstance(source, Export):
        options = {"attributes": list(source.manifest.attributes), **options}
    writer = find_format(format, **options)
    with whole_file(target) as stream:
        return writer.write(_records(source), stream)


def _records(source: Input) -> Iterator[UserRecord]:
    for row in source.rows():
        if row.record is None:
            raise row.error or InvalidInputError("the row holds no record", field="row")
        yield row.record
