"""What kind of CSV an input is: found in the input itself, and never guessed."""

from __future__ import annotations

import codecs
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from usermgr.errors import InvalidInputError
from usermgr.records import JsonValue
from usermgr_bulk.formats._rows import BrokenError, raw_lines, split_row, text_lines, texts_of_rows

__all__ = ["DELIMITERS", "MARKED", "CsvDialect", "detect", "rows_with_header"]

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab"}
MARKED = "usermgr:marked"
"""The column that says whether the cells of a row have marks."""

_ENCODINGS = frozenset({
    "utf-8", "utf-16-le", "utf-16-be", "cp932", "shift_jis", "shift_jis_2004", "euc_jp", "euc_kr", "cp949", "gb18030",
    "gbk", "gb2312", "big5", "cp950", "koi8-r", "koi8-u", "mac-roman", "cp437", "cp850", "cp852", "cp866", "cp874",
    *(f"cp125{last}" for last in range(9)), *(f"iso8859-{part}" for part in (*range(1, 12), *range(13, 17))),
})  # fmt: skip
"""Those in which the byte LF is a line end and nothing else, and UTF-16."""

_BOMS = {codecs.BOM_UTF8: "utf-8", codecs.BOM_UTF16_LE: "utf-16-le", codecs.BOM_UTF16_BE: "utf-16-be"}
_CANDIDATES = ("cp1252", "cp932", "euc_jp")
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class CsvDialect(JsonValue):
    """How a CSV file is written. The default is what usermgr writes when it is not told otherwise.

    Raises `InvalidInputError` for an encoding or a delimiter that is none, and a byte order mark that there is not.
    """

    encoding: str = "utf-8"
    delimiter: str = ","
    bom: bool = False
    """Whether the file begins with a byte order mark."""
    marked: bool = True
    """Whether the file has the column `usermgr:marked`, and so says which rows have marks before their formulas."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "encoding", encoding_named(self.encoding))
        check_delimiter(self.delimiter)
        if self.bom and not self.encoding.startswith("utf-"):
            raise InvalidInputError(f"there is no byte order mark in {self.encoding}", field="bom")


def encoding_named(name: Any) -> str:
    """Python's one name of the encoding. Raises `InvalidInputError` for one that is not supported."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, TypeError, ValueError):
        known = ""
    known = {"utf-8-sig": "utf-8"}.get(known, known)
    if known not in _ENCODINGS:
        raise InvalidInputError(
            f"encoding must be one of {', '.join(sorted(_ENCODINGS))}; utf-16 is told by its byte order mark, or named "
            "with its byte order",
            field="encoding",
        )
    return known


def check_delimiter(delimiter: Any) -> None:
    """Raises `InvalidInputError` for what is no delimiter."""
    if delimiter not in list(DELIMITERS):  # a list, because not every value has a hash
        raise InvalidInputError(f"delimiter must be a {', a '.join(DELIMITERS.values())}", field="delimiter")


def detect(
    stream: BinaryIO,
    check_titles: Callable[[Sequence[str]], object],
    *,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> CsvDialect:
    """The dialect of the stream, which is read to its end and put back to where it was.

    The encoding comes from the byte order mark; else it is the named one, else UTF-8, if that reads every line. The
    delimiter is the one that gives the header row a column `username`. `check_titles` is called with the cells of the
    header row before any other line is looked at, because a refusal may show such a line.

    Raises:
        InvalidInputError: the encoding is not told, or contradicts the byte order mark; the header row is none; the
            stream cannot be read twice.
    """
    if not stream.seekable():
        raise InvalidInputError(
            "the input can be read only once, and a CSV file is first looked through: save it to a file, or give the "
            "dialect",
            field="input",
        )
    start = stream.tell()
    found, bom = _encoding(stream.read(4), encoding)
    stream.seek(start)
    _check_first_line(stream, found, told=bom or encoding is not None)
    stream.seek(start)
    titles, delimiter = _header(stream, found, delimiter)
    check_titles(titles)
    stream.seek(start)
    _check_lines(stream, found, titles, delimiter.encode())
    stream.seek(start)
    return CsvDialect(found, delimiter, bom=bom, marked=MARKED in titles)


def _encoding(head: bytes, named: str | None) -> tuple[str, bool]:
    by_bom = next((name for bom, name in _BOMS.items() if head.startswith(bom)), None)
    if by_bom is None:
        return encoding_named("utf-8" if named is None else named), False
    if named is not None and named.lower() not in ("utf-16", "utf16", "utf_16") and encoding_named(named) != by_bom:
        raise InvalidInputError(
            f"the input begins with the byte order mark of {by_bom}: leave the encoding out, or take the mark away",
            field="encoding",
        )
    return by_bom, True


def _check_first_line(stream: BinaryIO, encoding: str, *, told: bool) -> None:
    for number, raw, now in raw_lines(stream, encoding):
        if raw is not None and (not _decodes(raw, now) or (b"\0" in raw and not told)):
            raise _not_that(number, raw, encoding)
        return


def _check_lines(stream: BinaryIO, encoding: str, titles: Sequence[str], delimiter: bytes) -> None:
    quoted = False
    for number, raw, now in raw_lines(stream, encoding):
        if raw is None:
            continue  # reading says so, at its line
        quoted = quoted or (number > 1 and b'"' in raw)
        if not _decodes(raw, now):
            raise _not_that(number, _without_password(raw, titles, delimiter, quoted=quoted), encoding)


def _decodes(raw: bytes, encoding: str) -> bool:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _not_that(number: int, shown: bytes | None, encoding: str) -> InvalidInputError:
    if encoding.startswith("utf-16"):
        return InvalidInputError(
            f"line {number} is not text in {encoding}: the file may be cut or damaged; save it again, best as UTF-8",
            field="encoding",
        )
    if shown is None:
        readings = "it is not shown, because the file has a column of passwords"
    else:
        candidates = (*_CANDIDATES, "utf-16-le", "utf-16-be") if b"\0" in shown else _CANDIDATES
        readings = "it reads " + ", ".join(f"as {name}: {_reading(shown, name)}" for name in candidates)
    return InvalidInputError(
        f"line {number} is not text in {encoding}, so the encoding must be named with the option encoding; {readings}",
        field="encoding",
    )


def _without_password(raw: bytes, titles: Sequence[str], delimiter: bytes, *, quoted: bool) -> bytes | None:
    """The line without the cell of a password; none where quotation marks leave open which one that is."""
    if "password" not in titles:
        return raw
    cells = raw.rstrip(b"\r\n").split(delimiter)
    if quoted or len(cells) != len(titles):
        return None
    return delimiter.join(b"" if title == "password" else cell for title, cell in zip(titles, cells, strict=True))


def _reading(raw: bytes, encoding: str) -> str:
    whole = raw[: len(raw) // 2 * 2] if encoding.startswith("utf-16") else raw
    try:
        text = whole.decode(encoding).rstrip("\r\n")
    except UnicodeDecodeError:
        return "(cannot be read)"
    first = next((index for index, character in enumerate(text) if not character.isascii()), 0)
    start = max(0, first - _SHOWN // 2) if len(text) > _SHOWN else 0
    part = text[start : start + _SHOWN]
    return repr("..." * (start > 0) + part + "..." * (start + _SHOWN < len(text)))


def _header(stream: BinaryIO, encoding: str, delimiter: str | None) -> tuple[list[str], str]:
    try:
        number, header = next(texts_of_rows(text_lines(stream, encoding)), (1, ""))
        header = header.removeprefix("\ufeff")
        if not header:
            raise InvalidInputError("the input is empty: its first row must name the columns", field="header")
        delimiter = _delimiter(number, header) if delimiter is None else delimiter
        return split_row(number, header, delimiter), delimiter
    except BrokenError as broken:
        raise _unreadable_header(broken) from None


def _delimiter(number: int, header: str) -> str:
    fitting: list[str] = []
    broken: BrokenError | None = None
    for delimiter in DELIMITERS:
        try:
            cells = split_row(number, header, delimiter)
        except BrokenError as error:
            broken = error
            continue
        if "username" in cells:
            fitting.append(delimiter)
    if header.strip('"') == "username":
        return ","
    match fitting:
        case [one]:
            return one
        case []:
            if broken is not None:
                raise broken
            raise InvalidInputError(
                f"line {number}: the header row must have a column username, with a comma, a semicolon or a tab "
                "between its columns",
                field="username",
            )
        case _:
            raise InvalidInputError(
                f"line {number}: the header row has a column username with more than one delimiter: name the right one",
                field="delimiter",
            )


def _unreadable_header(broken: BrokenError) -> InvalidInputError:
    """The error for an input whose header row cannot be read."""
    return InvalidInputError(f"line {broken.line}: the header row cannot be read: {broken.reason}", field="header")


def rows_with_header(stream: BinaryIO, dialect: CsvDialect) -> tuple[Sequence[str], Iterator[tuple[int, list[str]]]]:
    """The cells of the header row, and the line and the cells of each row after it, which may raise `BrokenError`.

    Raises `InvalidInputError` where there is no header row that fits the dialect.
    """
    texts = texts_of_rows(text_lines(stream, dialect.encoding))
    try:
        number, header = next(texts, (1, ""))
        bom = header.startswith("\ufeff")
        names = split_row(number, header.removeprefix("\ufeff"), dialect.delimiter)
    except BrokenError as broken:
        raise _unreadable_header(broken) from None
    if bom != dialect.bom or (MARKED in names) != dialect.marked:
        raise InvalidInputError(
            f"the input is not what the dialect says: it {'has' if bom else 'lacks'} a byte order mark and "
            f"{'has' if MARKED in names else 'lacks'} the column {MARKED}",
            field="dialect",
        )
    return names, ((line, split_row(line, text, dialect.delimiter)) for line, text in texts)
