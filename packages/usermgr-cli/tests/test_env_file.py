"""The dialect of `--env-file`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr.errors import ConfigurationError
from usermgr_cli._settings._env_file import parse


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\ufeffA=1\r\nexport B=2\r\n", None),
        ("A=1\r\nexport B=2\r\n", {"A": "1", "B": "2"}),
        ("A=x#y # z\nB= # only a comment\n", {"A": "x#y", "B": ""}),
        ("A='x # $HOME \\' # c\n", {"A": "x # $HOME \\"}),
        ('A="x \\"y\\" \\\\ $HOME \\n" \n', {"A": 'x "y" \\ $HOME \\n'}),
        ("  A =  two words  \n\n   # comment\n", {"A": "two words"}),
        ("A=${B} $(id) `id`\n", {"A": "${B} $(id) `id`"}),
        ("A=1\nA=2", {"A": "2"}),
        ("A=it's\n", {"A": "it's"}),
    ],
)
def test_dialect_of_env_files(text: str, expected: dict[str, str] | None) -> None:
    """What a line means; a byte order mark belongs to the file, and not to a text."""
    if expected is None:
        with pytest.raises(ConfigurationError, match="line 1"):
            parse(text, "t")
    else:
        assert parse(text, "t") == expected


@pytest.mark.parametrize("line", ["A", "1=x", "A B=1", "A='x", "A='x'y", 'A="x', 'A="x"#y', "=x", "A=\x1b", "A=x\ry"])
def test_line_that_does_not_parse_is_an_error_with_its_number(line: str) -> None:
    """No line is passed over in silence, and no value is repeated."""
    with pytest.raises(ConfigurationError, match=r"^t, line 3: ") as caught:
        parse(f"# one\nOK=hunter2\n{line}\n", "t")
    assert "hunter2" not in caught.value.message


def _single(value: str) -> str:
    return f"'{value}'"


def _double(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


VALUES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="\u2028\u2029\x85"), max_size=20)


@given(value=VALUES, before=st.sampled_from(["", "export ", "  "]), after=st.sampled_from(["", " ", " # x'\"", "\r"]))
def test_every_value_can_be_written_in_quotes(value: str, before: str, after: str) -> None:
    """Any text without control characters survives, in double quotes, and in single ones where it has none."""
    assert parse(f"{before}A={_double(value)}{after}\n", "t") == {"A": value}
    if "'" not in value:
        assert parse(f"{before}A={_single(value)}{after}\n", "t") == {"A": value}


@given(text=st.text(max_size=60))
def test_any_text_is_settings_or_an_error_with_a_line(text: str) -> None:
    """Whatever stands in the file, it is read or refused by the number of a line."""
    try:
        found = parse(text, "t")
    except ConfigurationError as error:
        assert error.message.startswith("t, line ")  # noqa: PT017 - either is right
    else:
        assert all(name.isidentifier() for name in found)


def test_env_file_may_have_a_byte_order_mark(usermgr: Any, users: Any, tmp_path: Path) -> None:
    """What Windows' editors write is read."""
    path = tmp_path / "x.env"
    path.write_bytes(b"\xef\xbb\xbfAWS_REGION=eu-west-1\r\n")

    ended = usermgr("profile", "show", "-o", "json", "--env-file", str(path))
    assert "eu-west-1" in [each["value"] for each in json.loads(ended.out) if each["name"] == "AWS_REGION"]

    path.write_bytes(b"A=1\nB=\xff\n")
    assert "line 2: this is not UTF-8" in usermgr("user", "list", "--env-file", str(path)).err
