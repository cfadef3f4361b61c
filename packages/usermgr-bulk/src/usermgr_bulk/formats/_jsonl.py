"""JSON lines: one record a line, in UTF-8 (https://jsonlines.org, RFC 8259)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, BinaryIO, cast

from usermgr.codec import MismatchError
from usermgr.errors import InvalidInputError
from usermgr.records import LINE_LIMIT, Row, UserRecord, lines_of
from usermgr.validation import check_texts
from usermgr_bulk.formats._texts import at_line, has_surrogate, printable, texts_of

__all__ = ["JsonLinesFormat"]

_MEMBERS = frozenset(member.name for member in fields(UserRecord))
_BOM = b"\xef\xbb\xbf"
_NO_NUMBER = object()
"""Stands for NaN and the infinities, which no member takes: so the error names the member."""


class _RepeatedError(ValueError):
    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class JsonLinesFormat:
    """Records as lines, each with what `UserRecord.to_dict` says that is not null. Lines without text are no rows."""

    def settle(self, stream: BinaryIO) -> Mapping[str, Any]:  # noqa: ARG002 - nothing has to be found
        """No options: each line says all about itself."""
        return {}

    def read(self, stream: BinaryIO) -> Iterator[Row]:
        """A row for every line with text. A line that cannot be read is an error, and the rest goes on."""
        for number, line in lines_of(stream):
            text = line.removeprefix(_BOM) if line is not None and number == 1 else line
            if text is None or text.strip(b" \t\r\n"):
                try:
                    yield Row(number, _record(text))
                except InvalidInputError as error:
                    yield Row(number, error=at_line(number, error))

    def write(self, records: Iterable[UserRecord], stream: BinaryIO) -> int:
        """Writes a line for each record, ended by LF. Raises `InvalidInputError` for one that no line can hold."""
        count = 0
        for count, record in enumerate(records, 1):  # noqa: B007 - the last one is the result
            stream.write(_line(record))
        return count


def _line(record: UserRecord) -> bytes:
    check_texts(username=record.username)
    try:
        members = {name: value for name, value in record.to_dict().items() if value is not None}
    except MismatchError as mismatch:
        raise InvalidInputError(mismatch.describe("the record"), field=mismatch.field) from None
    _refuse_surrogates(record)
    text = json.dumps(members, ensure_ascii=False, separators=(",", ":"))
    for separator in ("\x85", "\u2028", "\u2029"):  # line ends to some readers
        text = text.replace(separator, f"\\u{ord(separator):04x}")
    line = text.encode() + b"\n"
    if len(line) > LINE_LIMIT:
        raise _too_long()
    return line


def _record(line: bytes | None) -> UserRecord:
    if line is None:
        raise _too_long()
    members = _parse(line)
    if not isinstance(members, dict):
        raise InvalidInputError('the line must hold a JSON object, such as {"username": "ada"}', field="record")
    known = cast("dict[str, Any]", members)
    unknown = sorted(known.keys() - _MEMBERS)
    if unknown:
        raise InvalidInputError(
            f"the record has no member {unknown[0]}: the members are {', '.join(sorted(_MEMBERS))}", field=unknown[0]
        )
    record = UserRecord.from_dict(known)
    check_texts(username=record.username)
    _refuse_surrogates(record)
    return record


def _parse(line: bytes) -> Any:
    try:
        return json.loads(line.decode(), object_pairs_hook=_members, parse_constant=lambda _: _NO_NUMBER)
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"the line is not UTF-8, from its byte {error.start + 1} on: write the file in UTF-8", field="record"
        ) from None
    except _RepeatedError as repeated:
        raise InvalidInputError(
            f"the member {repeated.name} stands there twice: remove one of them", field=repeated.name
        ) from None
    except json.JSONDecodeError as error:
        raise InvalidInputError(
            f"the line is not JSON: {error.msg}, at its character {error.pos + 1}", field="record"
        ) from None
    except ValueError:  # a whole number of more digits than Python converts
        raise InvalidInputError(
            "the line has a number that is too long: no member is a number", field="record"
        ) from None
    except RecursionError:
        raise InvalidInputError(
            "the line nests too deeply: attributes and groups are the deepest", field="record"
        ) from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        raise _RepeatedError(next(name for name, _ in pairs if name in seen or seen.add(name)))
    return members


def _refuse_surrogates(record: UserRecord) -> None:
    field = next((name for name, text in texts_of(record) if has_surrogate(text)), None)
    if field is not None:
        raise InvalidInputError(
            f"{printable(field)} has half of a character (a lone surrogate)", field=printable(field)
        )


def _too_long() -> InvalidInputError:
    return InvalidInputError(
        f"the row is longer than {LINE_LIMIT} bytes: shorten it, or create this user by itself", field="record"
    )
