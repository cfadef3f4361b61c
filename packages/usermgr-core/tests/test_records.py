"""The door for formats, and what all of them share."""

from __future__ import annotations

import doctest
import io
from importlib.metadata import EntryPoint, EntryPoints
from typing import Any

import pytest

from usermgr import UserStatus, records
from usermgr.errors import ConfigurationError
from usermgr.records import LINE_LIMIT, UserRecord, find_format, lines_of


class Plain:
    """A format with one option."""

    def __init__(self, mark: str = "-") -> None:
        self.mark = mark


def register(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Makes these the only formats that packages register."""
    points = [EntryPoint(name, f"{__name__}:Plain", "usermgr.formats") for name in names]
    monkeypatch.setattr(EntryPoint, "load", lambda _: Plain)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **wanted: EntryPoints(points).select(**wanted))


def test_record_survives_json() -> None:
    """A record is the same after it was JSON, its removals too."""
    record = UserRecord("ada", {"email": None, "name": "Ada"}, enabled=False, groups=[], status=UserStatus.CONFIRMED)

    assert UserRecord.from_dict(record.to_dict()) == record


def test_password_is_not_shown() -> None:
    """The representation of a record has no password."""
    assert "hunter2" not in repr(UserRecord("ada", password="hunter2"))


def test_format_is_found_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """A format is made with its options."""
    register(monkeypatch, "plain")

    found: Any = find_format("plain", mark="+")

    assert found.mark == "+"


@pytest.mark.parametrize(
    ("registered", "asked", "options", "said"),
    [
        pytest.param(["plain"], "Plain", {}, "the choices are plain", id="unknown"),
        pytest.param([], "plain", {}, "the choices are none", id="none installed"),
        pytest.param(["plain", "plain"], "plain", {}, "uninstall all but one", id="two of a name"),
        pytest.param(["plain"], "plain", {"marks": 1}, "no option marks: its options are mark", id="unknown option"),
    ],
)
def test_wrong_name_or_option_is_refused(
    registered: list[str], asked: str, options: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be a format of an installed package is refused with what there is."""
    register(monkeypatch, *registered)

    with pytest.raises(ConfigurationError, match=said):
        find_format(asked, **options)


def test_only_lf_ends_a_line() -> None:
    """CR, NEL, form feed and the separators of Unicode belong to their line."""
    text = "a\rb\x0b\x0c\x1c\x85\u2028\u2029c\r\n\nd".encode()

    assert list(lines_of(io.BytesIO(text))) == [(1, text[:-2]), (2, b"\n"), (3, b"d")]


def test_longest_line() -> None:
    """A line of the limit, its end included, is given; a longer one is not, and the next lines keep their numbers."""
    longest = b"a" * (LINE_LIMIT - 1) + b"\n"
    stream = io.BytesIO(longest + b"b" + longest + b"c" * (2 * LINE_LIMIT + 1) + b"\nd\n" + b"e" * (LINE_LIMIT + 1))

    assert list(lines_of(stream)) == [(1, longest), (2, None), (3, None), (4, b"d\n"), (5, None)]


def test_examples_in_docstrings() -> None:
    """The examples in the module's docstrings are right."""
    result = doctest.testmod(records)

    assert (result.failed, result.attempted > 0) == (0, True)
