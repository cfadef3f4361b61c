"""What JSON lines and our CSV promise alike: what is written reads back, and what is read is a row or an error."""

from __future__ import annotations

import csv
import doctest
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr import UserStatus
from usermgr.errors import InvalidInputError
from usermgr.records import Format, Row, UserRecord, find_format
from usermgr_bulk import formats
from usermgr_bulk.formats import CsvDialect, CsvFormat, JsonLinesFormat

ATTRIBUTES = (
    "email",
    "email_verified",
    "birthdate",
    "phone_number",
    "updated_at",
    "custom:team",
    "shoe size",
    "groups",
    "=x:y",
    "attribute:x",
)

# Texts of every kind, and often those that a table could take for something else.
tricky = st.sampled_from([
    "=1+1", "+81312345678", "-", "@SUM(A1)", "\tx", "\rx", "'", "''x", '"', 'a"b', "a,b", "a;b", "a\tb", "a\nb",
    "a\r\nb", "a|b", "a\\", "\\|", "\\-", "(remove)", "1.23E+11", "12345678901200000", "TRUE", "true", "1",
    "#NAME?", " a ", "", "\ufeffa", "\x85", "\u2028", "ü", "日本", "😀", "\uff1d1", "1815-12-10",
    "10/12/1815", "usermgr:marked", " =1+1",
])  # fmt: skip
texts = tricky | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
names = texts.filter(bool)
times = st.none() | st.datetimes(timezones=st.just(UTC))
records = st.builds(
    UserRecord,
    username=names,
    attributes=st.dictionaries(st.sampled_from(ATTRIBUTES), st.none() | texts),
    enabled=st.none() | st.booleans(),
    groups=st.none() | st.lists(names, max_size=3),
    status=st.none() | st.sampled_from(list(UserStatus)) | texts.map(UserStatus),
    sub=st.none() | texts,
    created_at=times,
    updated_at=times,
    password=st.none() | texts,
)
dialects = st.builds(
    lambda encoding, delimiter, bom: CsvDialect(encoding, delimiter, bom=bom and encoding != "gb18030"),
    st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "gb18030"]),
    st.sampled_from([",", ";", "\t"]),
    st.booleans(),
)


def csv_format(**options: Any) -> CsvFormat:
    return CsvFormat(removal="\\-", attributes=ATTRIBUTES, passwords=True, **options)


def written(form: Format, users: Sequence[UserRecord]) -> bytes:
    stream = io.BytesIO()
    assert form.write(users, stream) == len(users)
    return stream.getvalue()


def read(form: Format, content: bytes) -> list[Row]:
    return list(form.read(io.BytesIO(content)))


@given(st.lists(records, max_size=4))
def test_json_lines_survive(users: list[UserRecord]) -> None:
    """Records that are written as JSON lines read back as they were, with their lines."""
    content = written(JsonLinesFormat(), users)

    assert read(JsonLinesFormat(), content) == [Row(line, user) for line, user in enumerate(users, 1)]
    assert len(content.decode().splitlines()) == len(users)


@given(st.lists(records, max_size=4), dialects)
def test_csv_survives(users: list[UserRecord], dialect: CsvDialect) -> None:
    """Records that are written as CSV read back as they were, each in a row that no value of another has changed."""
    content = written(csv_format(dialect=dialect), users)

    rows = read(csv_format(dialect=dialect.to_dict()), content)
    told = dialect.bom or dialect.encoding == "utf-8"
    found = csv_format(encoding=None if told else dialect.encoding).settle(io.BytesIO(content))

    assert [row.record for row in rows] == users
    assert found["dialect"] == dialect.to_dict()
    assert [row.record for row in find_format("csv", **found).read(io.BytesIO(content))] == users


@given(st.lists(records, max_size=3))
def test_csv_without_marks_survives_or_is_refused(users: list[UserRecord]) -> None:
    """Without marks, what would not read back is refused, and not written as something else."""
    form = csv_format(dialect=CsvDialect(marked=False))
    try:
        content = written(form, users)
    except InvalidInputError:
        return

    assert [row.record for row in read(csv_format(), content)] == users


@given(st.lists(records, max_size=3), st.sampled_from([",", ";", "\t"]))
def test_pythons_reader_sees_the_same_cells(users: list[UserRecord], delimiter: str) -> None:
    """Python's own reader finds as many cells in each row as the header row has, and no formula in any of them."""
    content = written(csv_format(dialect=CsvDialect(delimiter=delimiter)), users)

    header, *rows = csv.reader(io.StringIO(content.decode(), newline=""), delimiter=delimiter, strict=True)

    assert header[0] == "username"
    assert [len(row) for row in rows] == [len(header)] * len(users)
    assert all(row[0] in (user.username, f"'{user.username}") for row, user in zip(rows, users, strict=True))
    assert not [cell for row in rows for cell in row if cell[:1] in tuple("=+-@\t\r\n")]


cells = st.text(st.sampled_from("ab\";,\r\n '="), max_size=5)
lines = st.lists(cells | cells.map(lambda cell: '"{}"'.format(cell.replace('"', '""'))), min_size=2, max_size=2).map(
    ",".join
)


@given(st.lists(lines, max_size=4), st.sampled_from(["\n", "\r\n"]))
def test_csv_is_read_as_python_reads_it(rows: list[str], end: str) -> None:
    """Each row up to the first that cannot be read has the cells that Python's strict reader finds in it."""
    content = end.join(["username,name", *rows])
    ours = read(CsvFormat(), content.encode())
    theirs = filter(None, csv.reader(io.StringIO(content, newline=""), strict=True))
    assert next(theirs) == ["username", "name"]

    for row in ours:
        if row.incomplete:
            break
        cells = next(theirs)
        if row.record is not None:
            assert [row.record.username, row.record.attributes.get("name", "")] == cells
        else:
            assert len(cells) != 2 or not cells[0]


noise = st.binary(max_size=60) | st.lists(
    st.sampled_from(
        [b'"', b",", b"\n", b"\r", b"\0", b"\xff\xfe", b"\xef\xbb\xbf", b"username", b"'", b"{", b"[", b":"]
    )
    | st.binary(max_size=3)
).map(b"".join)


@given(
    noise, st.sampled_from([b"", b"username,name,enabled,groups,created_at,usermgr:marked\n", b'{"username":"a"}\n'])
)
def test_any_bytes_are_rows_or_errors_of_the_tree(content: bytes, before: bytes) -> None:
    """No input ends in an exception that is not of the tree, and every row is a record or an error with its line."""
    for form in (
        JsonLinesFormat(),
        CsvFormat(),
        CsvFormat(encoding="cp932"),
        CsvFormat(dialect=CsvDialect("utf-16-le")),
    ):
        try:
            rows = read(form, before + content)
        except InvalidInputError as error:
            assert error.field  # noqa: PT017 - an input is refused, or read
            continue
        assert all((row.record is None) != (row.error is None) and row.line > 0 for row in rows)
        assert all(row.error is not None and row.error.field for row in rows if row.record is None)
        assert not any(row.incomplete for row in rows[:-1])


# --- JSON lines --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "field", "said"),
    [
        pytest.param(b'{"username":"a","username":"b"}', "username", "twice", id="repeated member"),
        pytest.param(b'{"username":"a","attributes":{"x":"1","x":"2"}}', "x", "twice", id="repeated attribute"),
        pytest.param(b'{"username":"a","admin":true}', "admin", "no member admin", id="unknown member"),
        pytest.param(b'{"username":"a","attributes":{"x":NaN}}', "x", "must be a string", id="NaN"),
        pytest.param(b'{"username":"a","attributes":{"x":-Infinity}}', "x", "must be a string", id="infinity"),
        pytest.param(b'{"username":"a","sub":"\\ud800"}', "sub", "half of a character", id="surrogate in a value"),
        pytest.param(b'{"username":"a","attributes":{"\\ud800":""}}', "\\ud800", "half of", id="surrogate in a name"),
        pytest.param(b'{"\\udfff":1}', "\\udfff", "no member", id="surrogate in a member"),
        pytest.param(b'{"username":"a","enabled":1}', "enabled", "true or false", id="number for a boolean"),
        pytest.param(b'{"username":"a","groups":"staff"}', "groups", "a list", id="text for a list"),
        pytest.param(b'{"username":"a","groups":["x",7]}', "groups", "groups.1 must", id="number in a list"),
        pytest.param(b'{"username":"a","created_at":"2026-01-31T00:00:00"}', "created_at", "offset", id="no offset"),
        pytest.param(b'{"username":""}', "username", "non-empty", id="empty name"),
        pytest.param(b"{}", "username", "present", id="no name"),
        pytest.param(b'["a"]', "record", "JSON object", id="no object"),
        pytest.param(b'{"username":"a"', "record", "not JSON", id="cut"),
        pytest.param(b'{"username":"a"}\0\0\0', "record", "not JSON", id="tail of NULs"),
        pytest.param(b'{"username":"\xfc"}', "record", "not UTF-8", id="another encoding"),
        pytest.param(b'{"a":' * 100_000, "record", "too deeply", id="depth"),
        pytest.param(b'{"username":' + b"1" * 5000 + b"}", "record", "too long", id="digits"),
        pytest.param(b'{"username":"' + b"a" * 5_000_000 + b'"}', "record", "longer than", id="length"),
    ],
)
def test_wrong_line_fails_alone(line: bytes, field: str, said: str) -> None:
    """A line that is no record is an error with its line and field, and the next one is read."""
    before, row, after = read(JsonLinesFormat(), b'{"username":"x"}\n' + line + b'\r\n\n{"username":"z"}')

    assert (before.record, after) == (UserRecord("x"), Row(4, UserRecord("z")))
    assert row.line == 2
    assert row.error is not None
    assert row.error.field == field
    assert row.error.message.startswith("line 2: ")
    assert said in row.error.message


@pytest.mark.parametrize(
    ("record", "field"),
    [
        pytest.param(UserRecord(""), "username", id="empty name"),
        pytest.param(UserRecord("a", {"x": "\ud800"}), "x", id="surrogate"),
        pytest.param(UserRecord("a", {"x": 5}), "x", id="number"),  # type: ignore[dict-item]
        pytest.param(UserRecord("a", created_at=datetime(2026, 1, 31)), "created_at", id="no time zone"),  # noqa: DTZ001
    ],
)
@pytest.mark.parametrize("form", [JsonLinesFormat(), CsvFormat(attributes=["x"])], ids=["jsonl", "csv"])
def test_what_no_file_can_hold_is_not_written(form: Format, record: UserRecord, field: str) -> None:
    """A record that would not read back is refused with its field."""
    with pytest.raises(InvalidInputError) as caught:
        form.write([record], io.BytesIO())

    assert caught.value.field == field


def test_json_lines_are_plain_json() -> None:
    """A line has the members that are not null, as any reader of JSON finds them."""
    content = written(JsonLinesFormat(), [UserRecord("ü", {"x": None}, groups=[], password="p")])

    assert json.loads(content) == {"username": "ü", "attributes": {"x": None}, "groups": [], "password": "p"}


def test_example_of_the_docstring() -> None:
    """The example in the package's docstring is right."""
    result = doctest.testmod(formats)

    assert (result.failed, result.attempted > 0) == (0, True)
