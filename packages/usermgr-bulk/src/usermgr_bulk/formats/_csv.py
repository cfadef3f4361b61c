"""Our CSV: RFC 4180, with a header row, and with marks that keep a spreadsheet from taking a value for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO

from usermgr.codec import MismatchError
from usermgr.errors import InvalidInputError
from usermgr.records import LINE_LIMIT, Row, UserRecord
from usermgr.validation import STANDARD_ATTRIBUTES, check_texts, check_type
from usermgr_bulk.formats._columns import MARK, Column, columns_for, columns_named, needs_mark, read_cells, write_cell
from usermgr_bulk.formats._dialect import MARKED, CsvDialect, check_delimiter, detect, encoding_named, rows_with_header
from usermgr_bulk.formats._rows import BrokenError
from usermgr_bulk.formats._texts import at_line, has_surrogate, printable, texts_of

__all__ = ["CsvFormat"]


class CsvFormat:
    """Users as a table, one a row. What a cell can be, and what the marks are, is in `docs/formats.md`.

    Args:
        dialect: What `settle` found; without it, an input is looked through before its first row is read. To write,
            it says how; by default in UTF-8 without a byte order mark, with commas and with marks.
        encoding: The encoding of an input that has no byte order mark and is not UTF-8.
        delimiter: A comma, a semicolon or a tab; without it, the header row of an input tells.
        removal: The text of a cell that removes an attribute, or all groups; without it, nothing is removed.
        attributes: The attributes that a file can have beside those of OpenID Connect and those with a colon in their
            names; to write, the attributes that get a column. By default those of OpenID Connect.
        passwords: Whether a file is written with a column for passwords.

    Raises:
        InvalidInputError: one of these is not what it must be; `field` names it.
    """

    def __init__(
        self,
        *,
        dialect: CsvDialect | Mapping[str, Any] | None = None,
        encoding: str | None = None,
        delimiter: str | None = None,
        removal: str | None = None,
        attributes: Sequence[str] | None = None,
        passwords: bool = False,
    ) -> None:
        self._dialect = CsvDialect.from_dict(dialect) if isinstance(dialect, Mapping) else dialect
        if self._dialect is not None:
            check_type("dialect", self._dialect, CsvDialect)
        if encoding is not None:
            check_texts(encoding=encoding)
        if encoding is not None and encoding.lower() != "utf-16":
            encoding_named(encoding)
        if delimiter is not None:
            check_delimiter(delimiter)
        if removal is not None:
            _check_removal(removal)
        self._encoding, self._delimiter, self._removal = encoding, delimiter, removal
        if isinstance(attributes, str):
            raise InvalidInputError("attributes must be a list of names", field="attributes")
        self._attributes = tuple(sorted(STANDARD_ATTRIBUTES) if attributes is None else attributes)
        self._passwords = passwords

    def settle(self, stream: BinaryIO) -> Mapping[str, Any]:
        """The options with which every reading of this input reads it alike: its dialect, the removal and the names.

        Raises `InvalidInputError` where the input does not tell its dialect, and where its header row is not one.
        """
        dialect = self._dialect or self._detect(stream)
        return {"dialect": dialect.to_dict(), "removal": self._removal, "attributes": list(self._attributes)}

    def read(self, stream: BinaryIO) -> Iterator[Row]:
        """A row for each row of the table.

        Where a row has no end that can be told, it is an error, and the last one. Raises `InvalidInputError` for an
        encoding that is not told, and for a header row with a column that is unknown, or there twice.
        """
        dialect = self._dialect or self._detect(stream)
        titles, rows = rows_with_header(stream, dialect)
        columns = columns_named(titles, self._attributes)
        return self._rows(columns, rows)

    def _detect(self, stream: BinaryIO) -> CsvDialect:
        def check_titles(titles: Sequence[str]) -> None:
            columns_named(titles, self._attributes)

        return detect(stream, check_titles, encoding=self._encoding, delimiter=self._delimiter)

    def _rows(self, columns: Sequence[Column | None], rows: Iterator[tuple[int, list[str]]]) -> Iterator[Row]:
        try:
            for line, cells in rows:
                try:
                    yield Row(line, read_cells(columns, cells, self._removal))
                except InvalidInputError as error:
                    yield Row(line, error=at_line(line, error))
        except BrokenError as broken:
            message = f"line {broken.line}: nothing can be read from here on: {broken.reason}"
            yield Row(broken.line, error=InvalidInputError(message, field="row"), incomplete=True)

    def write(self, records: Iterable[UserRecord], stream: BinaryIO) -> int:
        """Writes the header row, and a row for each record, ended by CRLF.

        Raises `InvalidInputError` for a record that would not read back as it is: with an attribute that has no column,
        a removal without a mark for it, a character that the encoding lacks, or NUL.
        """
        dialect = self._dialect or CsvDialect(self._encoding or "utf-8", self._delimiter or ",")
        columns = columns_for(self._attributes, passwords=self._passwords)
        titles = [column.title for column in columns] + [MARKED] * dialect.marked
        stream.write(_encode(titles, dialect, "\ufeff" if dialect.bom else ""))
        count = 0
        for count, record in enumerate(records, 1):  # noqa: B007 - the last one is the result
            stream.write(self._row(record, columns, dialect))
        return count

    def _row(self, record: UserRecord, columns: Sequence[Column], dialect: CsvDialect) -> bytes:
        check_texts(username=record.username)
        try:
            members = record.to_dict()
        except MismatchError as mismatch:
            raise InvalidInputError(mismatch.describe("the record"), field=mismatch.field) from None
        self._check_carried(record)
        marked = dialect.marked
        cells = [write_cell(column, members, self._removal, marked=marked) for column in columns]
        return _encode(cells + ["1"] * marked, dialect)

    def _check_carried(self, record: UserRecord) -> None:
        for name, text in texts_of(record):
            if "\0" in text or has_surrogate(text):
                field = printable(name)
                raise InvalidInputError(f"{field} has a NUL or half of a character: CSV cannot hold it", field=field)
        if "" in (record.groups or ()):
            raise InvalidInputError("groups must be non-empty names", field="groups")
        for name in record.attributes:
            if name not in self._attributes:
                raise InvalidInputError(
                    f"the attribute {name} has no column: name it in the option attributes", field=name
                )
        if record.password is not None and not self._passwords:
            raise InvalidInputError(
                "the record has a password: write without it, or with passwords=True", field="password"
            )


def _encode(cells: Sequence[str], dialect: CsvDialect, before: str = "") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=dialect.delimiter, lineterminator="\r\n").writerow(cells)
    text = before + buffer.getvalue()
    try:
        row = text.encode(dialect.encoding)
    except UnicodeEncodeError:
        row = b""
    if row.decode(dialect.encoding) != text:
        raise InvalidInputError(
            f"the record has a character that {dialect.encoding} cannot hold: write in UTF-8", field="encoding"
        )
    if len(row) > LINE_LIMIT:
        raise InvalidInputError(f"the row would be longer than {LINE_LIMIT} bytes: shorten its values", field="row")
    return row


def _check_removal(removal: Any) -> None:
    check_texts(removal=removal)
    if needs_mark(removal) or "\0" in removal or has_surrogate(removal):
        raise InvalidInputError(
            rf"removal must be a text that no spreadsheet changes, such as \- or (remove), and not begin with {MARK}",
            field="removal",
        )
