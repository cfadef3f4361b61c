r"""The CSV files of Cognito's user import job: their dialect, their limits, and what the job refuses.

No cell has quotation marks, `\,` is a comma, a birth date is mm/dd/yyyy, and every row has a verified address
(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-using-import-tool-csv-header.html). The
job sets no group and no password, and everybody ends in RESET_REQUIRED. `docs/formats.md` in the project says how to
run it.

>>> import io
>>> form = CognitoCsvFormat(header=["cognito:username", "name", "email", "email_verified", "cognito:mfa_enabled"])
>>> ada = UserRecord("ada", {"email": "ada@example.org", "email_verified": "true", "name": "Lovelace, Ada"})
>>> file = io.BytesIO()
>>> form.write([ada], file)
1
>>> print(file.getvalue().decode().splitlines()[1])
ada,Lovelace\, Ada,ada@example.org,true,false
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from typing import Any, BinaryIO

from usermgr import AttributeType, MfaMode, StoreDescription, UserStatus
from usermgr.errors import InvalidInputError
from usermgr.records import Row, UserRecord, lines_of
from usermgr.validation import STANDARD_ATTRIBUTES, check_form, check_texts

__all__ = ["FILE_BYTES", "FILE_ROWS", "MFA", "ROW_CHARACTERS", "STANDARD_HEADER", "USERNAME", "CognitoCsvFormat"]

FILE_ROWS = 500_000
"""How many users a file can have."""
FILE_BYTES = 100_000_000
"""How large a file can be: AWS's page says 100 MB, and this is the smaller of the two meanings."""
ROW_CHARACTERS = 16_000
"""How long a row can be."""

USERNAME = "cognito:username"
MFA = "cognito:mfa_enabled"
STANDARD_HEADER = (USERNAME, *sorted(STANDARD_ATTRIBUTES), MFA)
"""The header of a pool without custom attributes; the job takes the columns in any order."""

_ADDRESSES = ("email", "phone_number")
_FLAGS = tuple(f"{address}_verified" for address in _ADDRESSES)
_CUSTOM = re.compile(r"(dev:)?custom:.+")
_CELL = re.compile(r"((?:[^,\\]|\\,)*)(,|\Z)")
_ISO_DATE = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_JOB_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_BOM = b"\xef\xbb\xbf"


class CognitoCsvFormat:
    """Users as rows of the import job's files; also the format `cognito-csv` of `usermgr.records.find_format`.

    A file holds names and attributes. Groups, `sub`, times and passwords of a record are not in it, and neither is its
    status; `check` says which records must not be written.

    Args:
        header: The pool's own header, as GetCSVHeader gives it; without it, that of the description, else of a pool
            without custom attributes.
        description: What the pool says of itself (`UserManager.describe`): its attributes and its MFA setting.
        auto_verified: The pool's AutoVerifiedAttributes: a row needs one of them, with its value, verified.
        mfa_enabled: What `cognito:mfa_enabled` is for every user; without it, true where the pool requires MFA.

    Raises:
        InvalidInputError: one of these is not what it must be; `field` names it.
    """

    def __init__(
        self,
        *,
        header: Sequence[str] | None = None,
        description: StoreDescription | Mapping[str, Any] | None = None,
        auto_verified: Sequence[str] = _ADDRESSES,
        mfa_enabled: bool | None = None,
    ) -> None:
        pool = StoreDescription.from_dict(description) if isinstance(description, Mapping) else description
        self._pool = pool
        self._header = tuple(header) if header is not None else _header_of(pool)
        if not {USERNAME, MFA} <= set(self._header) or len(set(self._header)) < len(self._header):
            raise InvalidInputError(f"the header must have {USERNAME}, {MFA}, and no column twice", field="header")
        for name in self._header:
            check_texts(header=name)
            if not name.isprintable():
                raise InvalidInputError("the header must have names of attributes", field="header")
        self._given = header is not None or pool is not None
        if not auto_verified or not set(auto_verified) <= set(_ADDRESSES):
            raise InvalidInputError(
                "auto_verified must name email, phone_number or both: without one of them, no import job starts",
                field="auto_verified",
            )
        self._auto_verified = tuple(auto_verified)
        mode = pool.mfa if pool is not None else MfaMode.OPTIONAL
        self._mfa = mode is MfaMode.REQUIRED if mfa_enabled is None else mfa_enabled
        if (mode is MfaMode.REQUIRED and not self._mfa) or (mode is MfaMode.OFF and self._mfa):
            raise InvalidInputError(
                f"mfa_enabled must be {'false' if self._mfa else 'true'}: MFA is {mode.value} in this pool",
                field="mfa_enabled",
            )

    def settle(self, stream: BinaryIO) -> Mapping[str, Any]:  # noqa: ARG002 - nothing has to be found
        """The options that this format was made with."""
        return {
            "header": list(self._header) if self._given else None,
            "description": None if self._pool is None else self._pool.to_dict(),
            "auto_verified": list(self._auto_verified),
            "mfa_enabled": self._mfa,
        }

    # --- Writing -------------------------------------------------------------------------------------

    def check(self, rows: Iterable[Row]) -> Iterator[Row]:
        """For each row that must not be written, one with its line and its first error: what the job would refuse,
        what it would misread, and who would be changed by it.

        A row that could not be read is passed on. That no name is there twice, and none in the pool, is for the check
        of the import to find.
        """
        for row in rows:
            if row.record is None:
                yield row
                continue
            try:
                self._row(row.record)
            except InvalidInputError as error:
                yield Row(row.line, error=InvalidInputError(f"line {row.line}: {error.message}", field=error.field))

    def write(self, records: Iterable[UserRecord], stream: BinaryIO) -> int:
        """Writes one file. Raises `InvalidInputError` for what `check` names, and where one file is not enough."""
        first = True

        def only(_: int) -> AbstractContextManager[BinaryIO]:
            nonlocal first
            if not first:
                raise InvalidInputError(
                    f"a file of the import job holds {FILE_ROWS} users and {FILE_BYTES} bytes: use write_files",
                    field="file",
                )
            first = False
            return _Open(stream)

        return sum(self.write_files(records, only))

    def write_files(
        self, records: Iterable[UserRecord], open_file: Callable[[int], AbstractContextManager[BinaryIO]]
    ) -> list[int]:
        """Writes as many files as it takes, and says how many users each one has.

        `open_file` is called with 1, 2, ... and returns what the file is written to, which is closed after it. There is
        always one. Raises `InvalidInputError` for what `check` names; the file is then not complete.
        """
        header = _encode([name.replace(",", r"\,") for name in self._header])
        counts: list[int] = []
        with ExitStack() as opened:

            def start() -> BinaryIO:
                opened.close()
                file = opened.enter_context(open_file(len(counts) + 1))
                file.write(header)
                counts.append(0)
                return file

            file, size = start(), len(header)
            for record in records:
                row = self._row(record)
                if counts[-1] == FILE_ROWS or size + len(row) > FILE_BYTES:
                    file, size = start(), len(header)
                file.write(row)
                size += len(row)
                counts[-1] += 1
        return counts

    def _row(self, record: UserRecord) -> bytes:
        self._check_user(record)
        values = {name: value for name, value in record.attributes.items() if value}
        for name in values:
            if name not in self._header or name in (USERNAME, MFA):
                raise InvalidInputError(
                    f"the pool has no attribute {name}: leave it out, or add it to the pool's schema", field=name
                )
        self._check_verified(values)
        self._check_required(values)
        cells = {name: self._cell(name, value) for name, value in values.items()}
        cells[USERNAME] = self._cell(USERNAME, record.username)
        cells[MFA] = "true" if self._mfa else "false"
        row = _encode([cells.get(name, "") for name in self._header])
        if len(row.decode()) - 1 > ROW_CHARACTERS:
            raise InvalidInputError(
                f"the row would have more than {ROW_CHARACTERS} characters: shorten its values, or create this user "
                "through the API",
                field="row",
            )
        return row

    def _check_user(self, record: UserRecord) -> None:
        check_texts(username=record.username)
        if " " in record.username or "\t" in record.username:
            raise InvalidInputError("username must have no space and no tab for the import job", field="username")
        if len(record.username) > 128:
            raise InvalidInputError("username must have at most 128 characters", field="username")
        if record.enabled is False:
            raise InvalidInputError(
                "the import job would enable this disabled user: create the user through the API", field="enabled"
            )
        if record.status is UserStatus.EXTERNAL_PROVIDER:
            raise InvalidInputError(
                "this user signs in through an external provider, and the import job would make a local account: leave "
                "the user out",
                field="status",
            )

    def _check_verified(self, values: Mapping[str, str]) -> None:
        for address, flag in zip(_ADDRESSES, _FLAGS, strict=True):
            if values.get(flag) == "true" and address not in values:
                raise InvalidInputError(f"{address} must have a value where {flag} is true", field=address)
        if not any(values.get(f"{address}_verified") == "true" for address in self._auto_verified):
            flags = " or ".join(f"{address}_verified" for address in self._auto_verified)
            raise InvalidInputError(
                f"{flags} must be true: the import job takes nobody without a verified address",
                field=f"{self._auto_verified[0]}_verified",
            )

    def _check_required(self, values: Mapping[str, str]) -> None:
        for attribute in self._pool.attributes if self._pool is not None else ():
            if attribute.required and attribute.name in self._header and attribute.name not in values:
                raise InvalidInputError(
                    f"the attribute {attribute.name} is required by the pool's schema", field=attribute.name
                )

    def _cell(self, name: str, value: str) -> str:
        field = "username" if name == USERNAME else name
        if name != USERNAME:
            check_form(name, value)
            self._check_bounds(name, value)
        for bad, what in (
            (re.search(r"[\0-\x1f\x7f\x85\u2028\u2029]", value), "a line end or another control character"),
            ("\\" in value, "a backslash, which AWS gives no way to write"),
            (value.startswith('"'), "a quotation mark at its beginning, which may not be read as a part of it"),
            (value != value.strip(), "white space at its beginning or end, which the job takes away"),
            (re.search("[\ud800-\udfff]", value), "half of a character"),
        ):
            if bad:
                raise InvalidInputError(
                    f"{field} has {what}: change it, or create this user through the API", field=field
                )
        if name == "birthdate":
            return _ISO_DATE.sub(r"\2/\3/\1", value)
        return value.replace(",", r"\,")

    def _check_bounds(self, name: str, value: str) -> None:
        known = self._pool.attribute(name) if self._pool is not None else None
        if known is None:
            return
        if known.type is AttributeType.NUMBER:
            _check_number(name, value, known.minimum, known.maximum)
            return
        low, high = known.min_length, known.max_length
        if (low is not None and len(value) < low) or (high is not None and len(value) > high):
            most = "" if high is None else f" and at most {high}"
            raise InvalidInputError(f"{name} must have at least {low or 0}{most} characters", field=name)

    # --- Reading -------------------------------------------------------------------------------------

    def read(self, stream: BinaryIO) -> Iterator[Row]:
        """A row for each user of a file that was written for the job. `cognito:mfa_enabled` is not kept.

        Raises `InvalidInputError` for a byte order mark, and for a header that is not the pool's.
        """
        lines = lines_of(stream)
        columns = self._columns(next(lines, (1, b""))[1] or b"")
        for number, line in lines:
            if line is None or line.strip(b"\r\n"):
                try:
                    yield Row(number, _record(columns, _decode(line)))
                except InvalidInputError as error:
                    yield Row(number, error=InvalidInputError(f"line {number}: {error.message}", field=error.field))

    def _columns(self, line: bytes) -> list[str]:
        if line.startswith(_BOM):
            raise InvalidInputError("the import job takes no byte order mark: save the file without it", field="header")
        columns = _decode(line)
        for column in columns:
            known = column in self._header or (not self._given and _CUSTOM.fullmatch(column))
            if not known or columns.count(column) > 1:
                raise InvalidInputError(
                    f"the header has the column {column!r}, which {'is there twice' if known else 'the pool has not'}",
                    field=column or "header",
                )
        missing = sorted({USERNAME, MFA, *(self._header if self._given else ())} - set(columns))
        if missing:
            raise InvalidInputError(f"the header lacks the column {missing[0]}", field=missing[0])
        return columns


class _Open(AbstractContextManager[BinaryIO]):
    """A stream that its owner closes."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def __enter__(self) -> BinaryIO:
        return self._stream

    def __exit__(self, *_: object) -> None:
        return None


def _header_of(pool: StoreDescription | None) -> tuple[str, ...]:
    """The columns of a pool's header: what somebody can set of its attributes."""
    if pool is None or not pool.attributes:
        return STANDARD_HEADER
    return (USERNAME, *(attribute.name for attribute in pool.attributes if attribute.writers), MFA)


def _check_number(name: str, value: str, low: float | None, high: float | None) -> None:
    number = float(value) if re.fullmatch(r"[+-]?[0-9]{1,300}(\.[0-9]{1,300})?", value) else None
    if number is None or (low is not None and number < low) or (high is not None and number > high):
        least = "" if low is None else f", at least {low:g}"
        most = "" if high is None else f", at most {high:g}"
        raise InvalidInputError(f"{name} must be a number{least}{most}", field=name)


def _encode(cells: Sequence[str]) -> bytes:
    return ",".join(cells).encode() + b"\n"


def _decode(line: bytes | None) -> list[str]:
    """The cells of a line, without the white space around them, which the job takes away too."""
    try:
        text = "" if line is None else line.decode().removesuffix("\n").removesuffix("\r")
    except UnicodeDecodeError:
        raise InvalidInputError("the row is not UTF-8: save the file in UTF-8", field="row") from None
    if line is None or len(text) > ROW_CHARACTERS:
        raise InvalidInputError(f"the row has more than {ROW_CHARACTERS} characters", field="row")
    cells: list[str] = []
    position = 0
    while (match := _CELL.match(text, position)) is not None:
        cells.append(match[1].replace(r"\,", ",").strip())
        if not match[2]:
            return cells
        position = match.end()
    raise InvalidInputError(
        r"the row has a backslash that is not part of \, so where its cells end is not known", field="row"
    )


def _record(columns: Sequence[str], cells: Sequence[str]) -> UserRecord:
    if len(cells) != len(columns):
        raise InvalidInputError(
            rf"the row has {len(cells)} cells, and the header {len(columns)}: a comma inside a value is written \,",
            field="row",
        )
    values = {name: cell for name, cell in zip(columns, cells, strict=True) if cell}
    if values.pop(MFA, "").lower() not in ("true", "false"):
        raise InvalidInputError(f"{MFA} must be true or false", field=MFA)
    check_texts(username=values.get(USERNAME))
    username = values.pop(USERNAME)
    for name, value in values.items():
        if name in _FLAGS:
            values[name] = value.lower()
        if name == "birthdate" and not _JOB_DATE.fullmatch(value):
            raise InvalidInputError("birthdate must be mm/dd/yyyy, such as 12/10/1815", field=name)
        if name == "birthdate":
            values[name] = _JOB_DATE.sub(r"\3-\1-\2", value)
        check_form(name, values[name])
    return UserRecord(username, values)
