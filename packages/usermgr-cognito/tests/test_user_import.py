"""The files of Cognito's import job. moto has no import job, so AWS's page is what the files are held against."""

from __future__ import annotations

import doctest
import io
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr import AttributeDescription, AttributeType, MfaMode, StoreDescription, UserStatus
from usermgr.errors import InvalidInputError
from usermgr.records import Row, UserRecord, find_format
from usermgr_cognito import user_import
from usermgr_cognito.user_import import MFA, STANDARD_HEADER, USERNAME, CognitoCsvFormat

REACHABLE = {"email": "a@example.org", "email_verified": "true"}
POOL = StoreDescription(
    attributes=[
        AttributeDescription("sub", writers=()),
        AttributeDescription("email"),
        AttributeDescription("email_verified", type=AttributeType.BOOLEAN),
        AttributeDescription("name", required=True, min_length=2, max_length=10),
        AttributeDescription("custom:age", type=AttributeType.NUMBER, minimum=0, maximum=150),
    ],
    mfa=MfaMode.OPTIONAL,
)
# The sample of AWS's page, "Creating the user import CSV file".
SAMPLE = """\
cognito:username,name,given_name,family_name,middle_name,nickname,preferred_username,profile,picture,website,email,\
email_verified,gender,birthdate,zoneinfo,locale,phone_number,phone_number_verified,address,updated_at,cognito:mfa_enabled
John,,John,Doe,,,,,,,johndoe@example.com,TRUE,,02/01/1985,,,+12345550100,TRUE,123 Any Street,,FALSE
Jane,,Jane,Roe,,,,,,,janeroe@example.com,TRUE,,01/01/1985,,,+12345550199,TRUE,100 Main Street,,FALSE
"""


def written(form: CognitoCsvFormat, records: Sequence[UserRecord]) -> str:
    stream = io.BytesIO()
    assert form.write(records, stream) == len(records)
    return stream.getvalue().decode()


def read(form: CognitoCsvFormat, content: bytes) -> list[Row]:
    return list(form.read(io.BytesIO(content)))


def user(username: str = "ada", **attributes: str | None) -> UserRecord:
    return UserRecord(username, REACHABLE | {"name": "Ada"} | attributes)


def test_sample_of_awss_page_is_written_as_it_is_read() -> None:
    """AWS's own sample reads as records, and those are written as the sample, but for the case of true and false."""
    form = CognitoCsvFormat(header=SAMPLE.splitlines()[0].split(","))

    records = [row.record for row in read(form, SAMPLE.encode()) if row.record]

    assert records[0].attributes["birthdate"] == "1985-02-01"
    assert written(form, records) == SAMPLE.replace("TRUE", "true").replace("FALSE", "false")


def test_example_of_the_docstring() -> None:
    """The example in the module's docstring is right."""
    result = doctest.testmod(user_import)

    assert (result.failed, result.attempted > 0) == (0, True)


names = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Zl", "Zp"], exclude_characters='\\"'), max_size=9
)
trimmed = (
    names | st.sampled_from(["a,b", ",", "=1+1", "+1", "a\\", "\\,", '"', "a\nb", "a\rb", "\ufeff", "日本"])
).map(str.strip)
records = st.builds(
    UserRecord,
    username=trimmed.filter(bool),
    attributes=st.dictionaries(st.sampled_from(["name", "custom:team", "address"]), trimmed.filter(bool)).map(
        lambda given: given | REACHABLE
    ),
)


@given(st.lists(records, max_size=4))
def test_what_is_not_refused_survives(users: list[UserRecord]) -> None:
    """Records that pass the check read back as they were: no value makes a row or a cell of its own."""
    form = CognitoCsvFormat(header=[*STANDARD_HEADER, "custom:team"])
    refused = {row.line for row in form.check([Row(line, record) for line, record in enumerate(users)])}
    good = [record for line, record in enumerate(users) if line not in refused]

    content = written(form, good)

    assert [row.record for row in read(form, content.encode())] == good
    assert content.count("\n") == len(good) + 1


@given(st.binary(max_size=60), st.sampled_from([b"", b"cognito:username,name,email_verified,cognito:mfa_enabled\n"]))
def test_any_bytes_are_rows_or_errors(content: bytes, header: bytes) -> None:
    """No input ends in an exception that is not of the tree."""
    try:
        rows = read(CognitoCsvFormat(), header + content)
    except InvalidInputError as error:
        assert error.field  # noqa: PT017 - an input is refused, or read
        return
    assert all((row.record is None) != (row.error is None) for row in rows)


@pytest.mark.parametrize(
    ("record", "field"),
    [
        pytest.param(user("ada lovelace"), "username", id="space in the name"),
        pytest.param(user("a\tb"), "username", id="tab in the name"),
        pytest.param(user("a" * 129), "username", id="long name"),
        pytest.param(user(email_verified="false"), "email_verified", id="nothing verified"),
        pytest.param(user(email=None), "email", id="verified without an address"),
        pytest.param(user(name=None), "name", id="required attribute"),
        pytest.param(user(name="A"), "name", id="too short"),
        pytest.param(user(name="A" * 11), "name", id="too long"),
        pytest.param(user(**{"custom:age": "151"}), "custom:age", id="too much"),
        pytest.param(user(**{"custom:age": "old"}), "custom:age", id="no number"),
        pytest.param(user(**{"custom:age": "9" * 400}), "custom:age", id="endless number"),
        pytest.param(user(nickname="A"), "nickname", id="not in the schema"),
        pytest.param(user(sub="s-1"), "sub", id="written by the service"),
        pytest.param(user(name=" Ada"), "name", id="white space that is trimmed"),
        pytest.param(user(name="A\nB"), "name", id="line end"),
        pytest.param(user(name="A\\B"), "name", id="backslash"),
        pytest.param(user(name='"Ada"'), "name", id="quotation marks"),
        pytest.param(user(name="A\ud800"), "name", id="half of a character"),
        pytest.param(user(email="ada"), "email", id="no address"),
        pytest.param(UserRecord("ada", user().attributes, enabled=False), "enabled", id="disabled"),
        pytest.param(
            UserRecord("ada", user().attributes, status=UserStatus.EXTERNAL_PROVIDER), "status", id="federated"
        ),
    ],
)
def test_check_names_what_the_job_refuses(record: UserRecord, field: str) -> None:
    """The check names the line and the field of each row that must not be written, and writing refuses it too."""
    form = CognitoCsvFormat(description=POOL, auto_verified=["email"])

    problems = list(form.check([Row(2, user()), Row(7, record), Row(8, user("grace"))]))

    assert [(row.line, row.error and row.error.field) for row in problems] == [(7, field)]
    assert str(problems[0].error).startswith("line 7: ")
    with pytest.raises(InvalidInputError):
        form.write([record], io.BytesIO())


def test_check_passes_on_what_could_not_be_read() -> None:
    """A row that is an error already is among the problems."""
    broken = Row(3, error=InvalidInputError("line 3: broken", field="row"))

    assert list(CognitoCsvFormat().check([broken])) == [broken]


def test_row_has_a_limit() -> None:
    """A row of 16,000 characters is written, and a longer one is not."""
    form = CognitoCsvFormat(header=[USERNAME, "email", "email_verified", "custom:a", MFA])
    rest = len(written(form, [user_with("")]).splitlines()[1])

    assert len(written(form, [user_with("ü" * (16_000 - rest))]).splitlines()[1]) == 16_000
    with pytest.raises(InvalidInputError, match="16000 characters"):
        form.write([user_with("ü" * (16_001 - rest))], io.BytesIO())


def user_with(text: str) -> UserRecord:
    return UserRecord("ada", REACHABLE | {"custom:a": text})


@pytest.mark.parametrize(
    ("limit", "value", "counts"),
    [
        pytest.param("FILE_ROWS", 2, [2, 2, 1], id="rows"),
        pytest.param("FILE_BYTES", 150, [2, 2, 1], id="bytes"),
        pytest.param("FILE_ROWS", 5, [5], id="just enough"),
    ],
)
def test_files_are_as_many_as_it_takes(
    limit: str, value: int, counts: list[int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new file begins, with the header, where the next row would exceed a limit of the job."""
    monkeypatch.setattr(user_import, limit, value)
    form = CognitoCsvFormat(header=[USERNAME, "email", "email_verified", MFA])
    users = [UserRecord(f"user{number}", REACHABLE) for number in range(5)]

    assert form.write_files(users, lambda number: (tmp_path / f"{number}.csv").open("wb")) == counts

    files = [path.read_bytes() for path in sorted(tmp_path.iterdir())]
    assert [row.record for file in files for row in read(form, file)] == users
    assert limit != "FILE_BYTES" or max(map(len, files)) <= value
    if len(counts) > 1:
        with pytest.raises(InvalidInputError, match="use write_files"):
            form.write(users, io.BytesIO())


def test_no_users_are_one_file() -> None:
    """Without users there is one file with the header alone."""
    stream = io.BytesIO()

    assert CognitoCsvFormat().write_files([], lambda _: nullcontext(stream)) == [0]
    assert stream.getvalue().decode() == ",".join(STANDARD_HEADER) + "\n"


def test_formulas_are_left_alone() -> None:
    """The job takes every character for what it is, so nothing is written before a plus or an equals sign."""
    content = written(CognitoCsvFormat(), [user(phone_number="+81312345678", name="=1+1", birthdate="1815-12-10")])

    assert {"+81312345678", "=1+1", "12/10/1815"} <= set(content.splitlines()[1].split(","))


@pytest.mark.parametrize(
    ("mode", "given", "expected"),
    [
        (MfaMode.OFF, None, "false"),
        (MfaMode.OPTIONAL, None, "false"),
        (MfaMode.OPTIONAL, True, "true"),
        (MfaMode.REQUIRED, None, "true"),
    ],
)
def test_mfa_is_as_the_pool_has_it(mode: MfaMode, given: bool | None, expected: str) -> None:
    """`cognito:mfa_enabled` is filled in every row, as the pool's setting asks."""
    form = CognitoCsvFormat(header=[USERNAME, "email", "email_verified", "name", MFA],
                            description=StoreDescription(mfa=mode), mfa_enabled=given)  # fmt: skip

    assert written(form, [user()]).splitlines()[1].endswith(f",{expected}")


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"header": ["name"]}, "header"),
        ({"header": [USERNAME, MFA, MFA]}, "header"),
        ({"header": [USERNAME, MFA, "a\nb"]}, "header"),
        ({"auto_verified": []}, "auto_verified"),
        ({"auto_verified": ["name"]}, "auto_verified"),
        ({"description": StoreDescription(mfa=MfaMode.OFF), "mfa_enabled": True}, "mfa_enabled"),
        ({"description": StoreDescription(mfa=MfaMode.REQUIRED), "mfa_enabled": False}, "mfa_enabled"),
    ],
)
def test_options_are_checked(options: dict[str, Any], field: str) -> None:
    """An option that no pool has is refused when the format is made."""
    with pytest.raises(InvalidInputError) as caught:
        CognitoCsvFormat(**options)

    assert caught.value.field == field


def test_header_comes_from_the_description() -> None:
    """The header has what somebody can set of the pool's attributes, and what the format settled on makes it again."""
    form = CognitoCsvFormat(description=POOL, auto_verified=["email"])

    again = find_format("cognito-csv", **form.settle(io.BytesIO()))

    assert written(form, []) == "cognito:username,email,email_verified,name,custom:age,cognito:mfa_enabled\n"
    assert isinstance(again, CognitoCsvFormat)
    assert written(again, [user()]) == written(form, [user()])


@pytest.mark.parametrize(
    ("content", "field"),
    [
        pytest.param("\ufeffcognito:username,cognito:mfa_enabled\n", "header", id="byte order mark"),
        pytest.param("", "header", id="empty"),
        pytest.param("cognito:username,Name,cognito:mfa_enabled\n", "Name", id="unknown column"),
        pytest.param("cognito:username,name,name,cognito:mfa_enabled\n", "name", id="column twice"),
        pytest.param("name,cognito:mfa_enabled\n", "cognito:username", id="no names"),
        pytest.param("cognito:username\n", "cognito:mfa_enabled", id="no MFA"),
    ],
)
def test_wrong_header_is_refused(content: str, field: str) -> None:
    """A header that the job would refuse is refused before the first row."""
    with pytest.raises(InvalidInputError) as caught:
        read(CognitoCsvFormat(), content.encode())

    assert caught.value.field == field


@pytest.mark.parametrize(
    ("line", "field"),
    [
        pytest.param(b"a,b\\c,,false", "row", id="backslash"),
        pytest.param(b"a,b\\,,false", "row", id="backslash at the end of a value"),
        pytest.param(b"a,b,c,,false", "row", id="comma too many"),
        pytest.param(b"a,\xfc,,false", "row", id="another encoding"),
        pytest.param(b"a," + b"b" * 16_000 + b",,false", "row", id="length"),
        pytest.param(b"a,b,,", MFA, id="no MFA"),
        pytest.param(b",b,,false", "username", id="no name"),
        pytest.param(b"a,b,1815-12-10,false", "birthdate", id="another date"),
        pytest.param(b"a,b,13/13/1815,false", "birthdate", id="no date"),
    ],
)
def test_wrong_row_fails_alone(line: bytes, field: str) -> None:
    """A row that the job would refuse is an error with its line and field, and the next one is read."""
    header = b"cognito:username,name,birthdate,cognito:mfa_enabled\r\n"

    row, after = read(CognitoCsvFormat(), header + line + b"\r\n\r\nb,Last\\, First,12/10/1815,TRUE\r\n")

    assert (row.line, row.error and row.error.field) == (2, field)
    assert after == Row(4, UserRecord("b", {"name": "Last, First", "birthdate": "1815-12-10"}))
