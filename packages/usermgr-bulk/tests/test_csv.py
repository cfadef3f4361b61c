"""Our CSV: what an input tells of itself, what a cell can be, and what nothing may be read from."""

from __future__ import annotations

import io
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest

from usermgr import UserStatus
from usermgr.errors import InvalidInputError
from usermgr.records import Row, UserRecord, find_format
from usermgr_bulk.formats import CsvDialect, CsvFormat, harmless
from usermgr_bulk.formats._columns import FORMULA

HEADER = b"username,email,custom:team,enabled,groups,created_at\n"


def read(content: bytes, **options: Any) -> list[Row]:
    return list(CsvFormat(**options).read(io.BytesIO(content)))


def cell(column: str, text: str, **options: Any) -> Row:
    """The row of a file with one user, who has that text in that column."""
    (row,) = read(f'username;{column}\nada;"{text}"'.encode(), **options)
    return row


def refusal(content: bytes, **options: Any) -> InvalidInputError:
    with pytest.raises(InvalidInputError) as caught:
        read(content, **options)
    return caught.value


def dialect(content: bytes, **options: Any) -> CsvDialect:
    return CsvDialect.from_dict(CsvFormat(**options).settle(io.BytesIO(content))["dialect"])


# --- What an input tells -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        pytest.param("username,name\nada,Ü", {}, CsvDialect(marked=False), id="comma"),
        pytest.param("username;name\nada;a,b", {}, CsvDialect(delimiter=";", marked=False), id="semicolon"),
        pytest.param("username\tname\nada\ta,b;c", {}, CsvDialect(delimiter="\t", marked=False), id="tab"),
        pytest.param("username\na,b;c\n", {}, CsvDialect(marked=False), id="one column"),
        pytest.param('"username"\r\na', {}, CsvDialect(marked=False), id="one quoted column"),
        pytest.param('name;"username";usermgr:marked\n', {}, CsvDialect(delimiter=";"), id="marks"),
        pytest.param("\ufeffusername,name\nada,Ü", {}, CsvDialect(bom=True, marked=False), id="byte order mark"),
    ],
)
def test_dialect_is_found(content: str, options: dict[str, Any], expected: CsvDialect) -> None:
    """The header row tells the delimiter and the marks; UTF-8 is UTF-8 with and without a byte order mark."""
    assert dialect(content.encode(), **options) == expected
    assert not any(row.error for row in read(content.encode()) if row.record and "," not in row.record.username)


@pytest.mark.parametrize(
    ("codec", "named", "encoding", "bom"),
    [
        ("utf-16-le", "UTF-16LE", "utf-16-le", False),
        ("utf-16-be", "utf-16-be", "utf-16-be", False),
        ("utf-16", None, "utf-16-le", True),
        ("utf-16", "utf-16", "utf-16-le", True),
        ("utf-8-sig", "utf-8-sig", "utf-8", True),
        ("cp932", "ms932", "cp932", False),
        ("cp1252", "windows-1252", "cp1252", False),
    ],
)
def test_encoding_is_told_by_its_mark_or_by_name(codec: str, named: str | None, encoding: str, bom: bool) -> None:
    """A byte order mark is enough; an encoding without one is named."""
    name = "日本" if codec != "cp1252" else "Jürgen"
    content = f"username,name\nada,{name}\n".encode(codec)

    assert dialect(content, encoding=named) == CsvDialect(encoding, bom=bom, marked=False)
    assert [row.record for row in read(content, encoding=named)] == [UserRecord("ada", {"name": name})]


def test_refusal_shows_the_line_in_each_encoding() -> None:
    """A line that is not UTF-8 is shown as each candidate reads it, before any row is read."""
    error = refusal("username,name\nada,Ada\ngrace,日本\n".encode("cp932"))

    assert (error.field, error.message[:30]) == ("encoding", "line 3 is not text in utf-8, s")
    assert "as cp932: 'grace,日本'" in error.message
    assert f"as cp1252: 'grace,{'日本'.encode('cp932').decode('cp1252')}'" in error.message
    assert "as euc_jp: (cannot be read)" in error.message


def test_refusal_shows_the_part_that_differs() -> None:
    """Of a long line, the part around its first letter beyond ASCII is shown."""
    error = refusal(b"username,name\n" + b"a" * 500 + b",J\xfcrgen" + b"x" * 500 + b"\n")

    assert f"as cp1252: '...{'a' * 28},Jürgen{'x' * 25}...'" in error.message


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_recognised(codec: str) -> None:
    """UTF-16 without a byte order mark is valid UTF-8 with NULs: it is refused, and shown as UTF-16 too."""
    error = refusal("username,name\nada,Ada\n".encode(codec))

    assert error.field == "encoding"
    assert f"as {codec}: 'username,name'" in error.message


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        pytest.param("ada,hünter2,Jürgen", "'ada,,Jürgen'", id="cell left out"),
        pytest.param('"ada",hünter2,x', "not shown", id="quoted"),
        pytest.param("ada,hün,ter2,x", "not shown", id="one cell too many"),
        pytest.param('ada,"x\nhünter2,a,b",x', "not shown", id="inside a quoted password"),
    ],
)
def test_refusal_shows_no_password(row: str, shown: str) -> None:
    """A line of a file with passwords is shown without its password, or not at all."""
    error = refusal(f"\nusername,password,name\n{row}\n".encode("cp1252"))

    assert shown in error.message
    assert "hün" not in error.message
    assert "ter2" not in error.message


def test_line_is_not_shown_where_a_column_is_unknown() -> None:
    """The columns are checked before any line may be shown, because one with another name may hold passwords."""
    error = refusal("username,Passwort\nada,hünter2\n".encode("cp1252"))

    assert error.field == "Passwort"
    assert "nter2" not in error.message


@pytest.mark.parametrize(
    ("content", "options", "field"),
    [
        pytest.param(b"", {}, "header", id="empty"),
        pytest.param(b"\xef\xbb\xbf\n", {}, "header", id="byte order mark alone"),
        pytest.param(b"name,email\n", {}, "username", id="no user names"),
        pytest.param(b"username|name\n", {}, "username", id="another delimiter"),
        pytest.param(b"username,name\rada,Ada\r", {}, "header", id="line ends of old Macs"),
        pytest.param(b'username,"name\n', {}, "header", id="open quotation mark"),
        pytest.param(b"username,a;username\n", {}, "delimiter", id="two delimiters"),
        pytest.param(b"username,email,email\n", {}, "email", id="column twice"),
        pytest.param(b"username,email,attribute:email\n", {}, "attribute:email", id="attribute twice"),
        pytest.param(b"username,E-Mail\n", {}, "E-Mail", id="unknown column"),
        pytest.param(b"username,\n", {}, "header", id="column without a name"),
        pytest.param(b"username,usermgr:more\n", {}, "usermgr:more", id="column of a later release"),
        pytest.param("username,name\nada,\ud83d".encode("utf-16-le", "surrogatepass"), {"encoding": "utf-16-le"},
                     "encoding", id="half a character of UTF-16"),
        pytest.param(b"\xff\xfeu\0", {"encoding": "utf-8"}, "encoding", id="contradicted by the mark"),
        pytest.param(b"username\n\x81", {"encoding": "cp932"}, "encoding", id="named wrongly"),
        pytest.param(b"username\n", {"encoding": "utf-16"}, "encoding", id="byte order not told"),
        pytest.param(b"username,usermgr:marked\n", {"dialect": CsvDialect(marked=False)}, "dialect", id="another file"),
        pytest.param(b"username\n", {"dialect": CsvDialect(bom=True, marked=False)}, "dialect", id="another beginning"),
    ],
)  # fmt: skip
def test_input_is_refused_as_a_whole(content: bytes, options: dict[str, Any], field: str) -> None:
    """What is wrong with all of an input is refused before its first row, with its field."""
    assert refusal(content, **options).field == field


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"encoding": "utf-7"}, "encoding"),
        ({"encoding": "a\0b"}, "encoding"),
        ({"encoding": 8}, "encoding"),
        ({"delimiter": "|"}, "delimiter"),
        ({"attributes": "email"}, "attributes"),
        ({"dialect": "excel"}, "dialect"),
        ({"removal": ""}, "removal"),
        ({"removal": "-"}, "removal"),
        ({"removal": " -"}, "removal"),
        ({"removal": "'"}, "removal"),
        ({"dialect": {"encoding": "rot13"}}, "encoding"),
        ({"dialect": {"delimiter": 1}}, "delimiter"),
        ({"dialect": {"encoding": "cp932", "bom": True}}, "bom"),
    ],
)
def test_options_are_checked(options: dict[str, Any], field: str) -> None:
    """An option that cannot be meant is refused when the format is made."""
    with pytest.raises(InvalidInputError) as caught:
        find_format("csv", **options)

    assert caught.value.field == field


def test_input_that_can_be_read_only_once_needs_its_dialect() -> None:
    """A pipe cannot be looked through first, so it is read only with a dialect."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    with pytest.raises(InvalidInputError, match="save it to a file, or give the dialect"):
        list(CsvFormat().read(Pipe(b"username\nada")))
    assert [row.record for row in CsvFormat(dialect=CsvDialect(marked=False)).read(Pipe(b"username\nada"))] == [
        UserRecord("ada")
    ]


# --- Where nothing more can be read ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        pytest.param(b'b,"x,,,,\nc,x,,,,\n', "does not close", id="open quotation mark"),
        pytest.param(b'b,"x"y,,,,\nc,x,,,,\n', "beside its quotation marks", id="text after the closing mark"),
        pytest.param(b'b, "x",,,,\nc,x,,,,\n', "beside its quotation marks", id="text before the opening mark"),
        pytest.param(b'b,6",,,,\nc,x,,,,\n', "does not close", id="mark inside a plain cell"),
        pytest.param(b"b,x,,,,\rc,x,,,,\n", "carriage return", id="carriage return"),
        pytest.param(b"\0" * 5000, "NUL", id="tail of NULs"),
        pytest.param(b"b,\0,,,,\nc,x,,,,\n", "NUL", id="NUL in a cell"),
        pytest.param(b"b" * 5_000_000 + b",,,,,\nc,x,,,,\n", "longer than", id="endless line"),
        pytest.param(b'b,"' + (b"x" * 2_000 + b"\n") * 2_200 + b'",,,,\nc,x,,,,\n', "longer than", id="endless cell"),
    ],
)
def test_rows_end_where_their_ends_are_not_known(broken: bytes, said: str) -> None:
    """From a row whose end cannot be told, nothing is read, and the last row says that the total is unknown."""
    first, last = read(HEADER + b'a,"x\ny",,,,\n' + broken)

    assert (first.line, first.incomplete, first.error) == (2, False, first.error)
    assert (last.line, last.incomplete, last.record) == (4, True, None)
    assert last.error is not None
    assert last.error.message.startswith("line 4: nothing can be read from here on: ")
    assert said in last.error.message


def test_line_that_is_no_longer_text_ends_the_rows() -> None:
    """With a dialect that was found earlier, bytes that are not text in it end the rows where they stand."""
    settled = CsvFormat().settle(io.BytesIO(b"username\na\n"))

    rows = list(find_format("csv", **settled).read(io.BytesIO(b"username\na\n\xff\nc")))

    assert [(row.line, row.incomplete) for row in rows] == [(2, False), (3, True)]


def test_lines_are_those_of_an_editor() -> None:
    """A row's line is counted by LF, through cells of several lines and over empty lines, which are no rows."""
    rows = read(b'username,name\r\n\r\na,"1\n2\r\n3"\r\n\nb,x\n')

    assert [(row.line, row.record and row.record.username) for row in rows] == [(3, "a"), (7, "b")]


# --- Cells -------------------------------------------------------------------------------------------


def test_all_columns() -> None:
    """Every field and attribute has its column, in any order."""
    content = (
        "groups,email,username,enabled,status,sub,created_at,updated_at,attribute:updated_at,custom:team,password\n"
        r"a|b\|c\\,ada@example.org,ada,TRUE,CONFIRMED,s-1,2026-01-31T09:00:00+09:00,2026-01-31T00:00:00Z,17,red,pw"
    )

    (row,) = read(content.encode())

    assert row.record is not None
    assert row.record.to_dict() == {
        "username": "ada", "enabled": True, "groups": ["a", "b|c\\"], "status": UserStatus.CONFIRMED, "sub": "s-1",
        "created_at": "2026-01-31T00:00:00+00:00", "updated_at": "2026-01-31T00:00:00+00:00", "password": "pw",
        "attributes": {"email": "ada@example.org", "updated_at": "17", "custom:team": "red"},
    }  # fmt: skip


def test_empty_cell_says_nothing() -> None:
    """An empty cell sets nothing and removes nothing."""
    assert read(HEADER + b"ada,,,,,", removal="\\-") == [Row(2, UserRecord("ada"))]


@pytest.mark.parametrize(
    ("column", "expected"),
    [("email", UserRecord("ada", {"email": None})), ("groups", UserRecord("ada", groups=[]))],
)
def test_removal_needs_its_stated_mark(column: str, expected: UserRecord) -> None:
    """The stated mark removes; without the option it is a text like any other."""
    assert cell(column, "(remove)", removal="(remove)").record == expected
    assert cell("name", "(remove)").record == UserRecord("ada", {"name": "(remove)"})


@pytest.mark.parametrize(
    ("column", "text"),
    [
        pytest.param("custom:badge", "1.23E+11", id="shortened number"),
        pytest.param("custom:badge", "1,23E+11", id="shortened number with a decimal comma"),
        pytest.param("custom:badge", "12345678901200000", id="rounded number"),
        pytest.param("custom:badge", "#NAME?", id="error of a formula"),
        pytest.param("custom:badge", "#####", id="narrow column"),
        pytest.param("phone_number", "81312345678", id="number that lost its plus sign"),
        pytest.param("birthdate", "10/12/1815", id="ambiguous date"),
        pytest.param("birthdate", "1815-02-30", id="no date"),
        pytest.param("created_at", "2026-01-31T00:00:00", id="time without an offset"),
        pytest.param("created_at", "01/02/2026", id="ambiguous time"),
        pytest.param("enabled", "yes", id="boolean"),
        pytest.param("enabled", "1", id="digit for a boolean"),
        pytest.param("email_verified", "WAHR", id="boolean of another language"),
        pytest.param("groups", "a||b", id="group without a name"),
        pytest.param("groups", r"a\b", id="unknown escape"),
        pytest.param("groups", "a|", id="delimiter at the end"),
    ],
)
def test_no_value_is_repaired(column: str, text: str) -> None:
    """A value that a spreadsheet may have changed, or that could mean two things, fails its row, and is not shown."""
    row = cell(column, text)

    assert row.error is not None
    assert row.error.field == column
    assert row.error.message.startswith("line 2: ")
    assert text not in row.error.message.split(", such as ")[0]


def test_wrong_row_fails_alone() -> None:
    """A row with another number of cells, without a name, or with a wrong one is an error; the rest goes on."""
    rows = read(HEADER + b"a,,,,\n,,,,,\n(remove),,,,,\nb,,,,,\n", removal="(remove)")

    assert [row.error and row.error.field for row in rows] == ["row", "username", "username", None]
    assert rows[3].record == UserRecord("b")


# --- Marks -------------------------------------------------------------------------------------------


def test_marks_are_undone_only_where_a_row_says_so() -> None:
    """An apostrophe is a mark in a row with 1 in the column for that, and a character everywhere else."""
    content = b"username,name,usermgr:marked\na,'=1,1\nb,'=1,\nc,'=1,yes\nd,'',1\ne,',1\n"

    names = [row.record and row.record.attributes.get("name") for row in read(content)]

    assert names == ["=1", "'=1", None, "'", ""]
    assert [row.error and row.error.field for row in read(content)][2] == "usermgr:marked"
    assert cell("name", "'=1").record == UserRecord("ada", {"name": "'=1"})


@pytest.mark.parametrize(
    "beginning", [*FORMULA, *(f"{blank}{sign}" for blank in " \u3000\xa0" for sign in "=+-@")], ids=ascii
)
def test_no_cell_is_a_formula(beginning: str) -> None:
    """What a spreadsheet would take for a formula has a mark, also where it takes blanks before it away."""
    assert harmless(f"{beginning}SUM(A1)") == f"'{beginning}SUM(A1)"


@pytest.mark.parametrize("text", ["", "Ada", " Ada", "1+1", "a\n=1"])
def test_other_cells_have_no_mark(text: str) -> None:
    """A sign in the middle, and blanks before anything else, stand as they are."""
    assert harmless(text) == text


def test_what_a_file_looks_like() -> None:
    """Formulas, plus signs and what would be misread have a mark; the rest stands as it is."""
    stream = io.BytesIO()
    user = UserRecord("ada", {"phone_number": "+81312345678", "name": "=1+1", "custom:a": "1E5", "x": ""}, groups=())

    CsvFormat(attributes=["phone_number", "name", "custom:a", "x", "email"]).write([user], stream)

    assert stream.getvalue().decode().splitlines() == [
        "username,phone_number,name,custom:a,attribute:x,email,enabled,status,groups,sub,created_at,updated_at,usermgr:marked",
        "ada,'+81312345678,'=1+1,'1E5,',,,,',,,,1",
    ]


@pytest.mark.parametrize(
    ("record", "options", "field"),
    [
        pytest.param(UserRecord("a", {"shoe": "1"}), {}, "shoe", id="no column"),
        pytest.param(UserRecord("a", {"name": None}), {}, "name", id="no mark for removals"),
        pytest.param(UserRecord("a", {"name": "a\0"}), {}, "name", id="NUL"),
        pytest.param(UserRecord("a", groups=[""]), {}, "groups", id="group without a name"),
        pytest.param(UserRecord("a", password="hunter2"), {}, "password", id="password"),
        pytest.param(UserRecord("a"), {"attributes": ["a\0"]}, "attributes", id="NUL in the name of an attribute"),
        pytest.param(UserRecord("a", {"name": "日"}), {"encoding": "cp1252"}, "encoding", id="character"),
        pytest.param(UserRecord("a", {"name": "x" * 5_000_000}), {}, "row", id="length"),
        pytest.param(UserRecord("a", {"name": ""}), {"dialect": CsvDialect(marked=False)}, "name", id="empty text"),
    ],
)
def test_what_would_not_read_back_is_not_written(record: UserRecord, options: dict[str, Any], field: str) -> None:
    """A record that a file cannot hold as it is, is refused with its field."""
    with pytest.raises(InvalidInputError) as caught:
        CsvFormat(**options).write([record], io.BytesIO())

    assert caught.value.field == field
    assert "hunter2" not in str(caught.value)


def test_memory_does_not_grow_with_the_file() -> None:
    """Five megabytes of rows take no more memory than a few, written and read."""

    class Counted(io.RawIOBase):
        """A file of as many rows as wanted, which exists nowhere."""

        def __init__(self) -> None:
            self.rows: Iterator[bytes] = iter(
                [HEADER, *[b'ada,ada@example.org,"a,%b",true,a|b,\r\n' % (b"b" * 5_000)] * 1_000]
            )

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            row = next(self.rows, b"")
            buffer[: len(row)] = row
            return len(row)

    class Nowhere(io.BytesIO):
        def write(self, content: Any) -> int:
            return len(content)

    source = io.BufferedReader(Counted())
    form = CsvFormat(dialect=CsvDialect(marked=False), attributes=["email", "custom:team"])
    tracemalloc.start()

    count = form.write((row.record for row in form.read(source) if row.record), Nowhere())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count == 1_000
    assert peak < 500_000
