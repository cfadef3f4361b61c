"""`usermgr audit`: who changed what, and whether the file is as it was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from usermgr import UserManager
from usermgr.audit import Actor, Audited, FileSink

KEY = "5f" * 32


@pytest.fixture
def audited(users: UserManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An audit file with five changes, and the settings that name it."""
    times = iter(datetime(2026, 1, day, 12, tzinfo=UTC) for day in range(1, 9))
    path = tmp_path / "audit.jsonl"
    for actor in ("kim", "Lee \x1b[31m"):
        sink = FileSink(path, bytes.fromhex(KEY))
        manager = Audited(users, sink, Actor(actor, {"host": "desk"}), now=lambda: next(times))
        if actor == "kim":
            manager.add_user("ada", None, {"email": "ada@example.org"})
            manager.add_group("staff")
            manager.add_user_to_group("ada", "staff")
        else:
            manager.add_user("健二")
            manager.disable_user("ada")
    return {"USERMGR_AUDIT": str(path), "USERMGR_AUDIT_KEY": KEY}


def shown(ended: Any) -> list[tuple[str, str, str]]:
    assert ended.status == 0, ended.err
    rows = [json.loads(line) for line in ended.out.splitlines()]
    return [(row["actor"][:3], row["operation"], row["user"]) for row in rows]


ALL = [
    ("kim", "add_user", "ada"), ("kim", "add_group", None), ("kim", "add_user_to_group", "ada"),
    ("Lee", "add_user", "健二"), ("Lee", "disable_user", "ada"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        pytest.param([], ALL, id="all"),
        pytest.param(["--user", "ADA"], [ALL[0], ALL[2], ALL[4]], id="user"),
        pytest.param(["--actor", "kim"], ALL[:3], id="actor"),
        pytest.param(["--operation", "add_user"], [ALL[0], ALL[3]], id="operation"),
        pytest.param(["--outcome", "failed"], [], id="outcome"),
        pytest.param(["--since", "2026-01-04"], ALL[3:], id="since"),
        pytest.param(["--utc", "--since", "2026-01-04T12:00"], ALL[3:], id="since, in UTC"),
        pytest.param(["--until", "2026-01-02T13:00:00+01:00"], ALL[:1], id="until, with an offset"),
        pytest.param(["--user", "ada", "--since", "2026-01-02", "--until", "2026-01-04"], [ALL[2]], id="all of them"),
    ],
)
def test_filters(filters: list[str], expected: list[Any], usermgr: Any, audited: dict[str, str]) -> None:
    """Each filter leaves the changes that fit, oldest first; a filter on another needs no key."""
    del audited["USERMGR_AUDIT_KEY"]

    assert shown(usermgr("audit", "show", *filters, "-o", "jsonl", **audited)) == expected


def test_user_is_found_by_sub(usermgr: Any, users: UserManager, audited: dict[str, str]) -> None:
    """A `sub` finds the records that know it."""
    sub = users.get_user("ada").sub

    assert shown(usermgr("audit", "show", "--user", sub, "-o", "jsonl", **audited)) == ALL[:1]


def test_no_control_character_is_shown_raw(usermgr: Any, audited: dict[str, str]) -> None:
    """A name in the audit cannot draw on the terminal, in whatever form it is shown."""
    for form in ((), ("-o", "table"), ("-o", "json")):
        ended = usermgr("audit", "show", *form, **audited)

        assert "\x1b[31m" not in ended.out
        assert "Lee" in ended.out


def test_verify_is_content_with_a_file_as_it_was_written(usermgr: Any, audited: dict[str, str]) -> None:
    """It tells how many lines there are, and the hash that proves them later, without the key; status 0."""
    ended = usermgr("audit", "verify", **audited)
    last = ended.err.split()[-1]
    del audited["USERMGR_AUDIT_KEY"]
    without = usermgr("audit", "verify", "--last", last, **audited)

    assert (ended.status, ended.out, without.status) == (0, "", 0)
    assert ended.err.startswith("5 lines: all as written. The hash of the last line, to note elsewhere: ")
    assert len(last) == 64


def test_verify_tells_what_was_done_to_the_file(usermgr: Any, audited: dict[str, str]) -> None:
    """Findings are data, and the status is 1; `show` says which lines it could not read, and shows the others."""
    path = Path(audited["USERMGR_AUDIT"])
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace('"add_group"', '"delete_group"')
    lines[2] = "nothing"
    path.write_text("\n".join(lines) + "\n")

    verified = usermgr("audit", "verify", "-o", "json", **audited)
    seen = usermgr("audit", "show", "-o", "jsonl", **audited)

    assert verified.status == 1
    assert [(each["line"], each["kind"]) for each in json.loads(verified.out)] == [(2, "changed"), (3, "changed")]
    assert verified.err.startswith("5 lines: 2 findings.")
    assert len(shown(seen)) == 4
    assert seen.err == "1 line holds no record: see `usermgr audit verify`\n"


@pytest.mark.parametrize(
    ("arguments", "without", "said"),
    [
        (["verify"], "USERMGR_AUDIT_KEY", "USERMGR_AUDIT_KEY is not set"),
        (["show"], "USERMGR_AUDIT", "no audit file is named"),
        (["show", "--operation", "disable"], "", "there is no operation of that name"),
        (["show", "--since", "yesterday"], "", "--since takes a date or a time"),
    ],
)
def test_misuse_says_what_to_name(
    arguments: list[str], without: str, said: str, usermgr: Any, audited: dict[str, str]
) -> None:
    """What is missing or means nothing has status 2, and never looks like an empty file."""
    audited.pop(without, None)

    ended = usermgr("audit", *arguments, **audited)

    assert ended.status == 2
    assert said in ended.err


def test_key_is_one_that_the_settings_take(usermgr: Any, audited: dict[str, str]) -> None:
    """In a pipe the key is all that is printed, so that a shell can put it where it belongs."""
    key = usermgr("audit", "key").out.strip()

    assert len(bytes.fromhex(key)) == 32
    again = usermgr("audit", "verify", **(audited | {"USERMGR_AUDIT_KEY": f"{key},{KEY}"}))
    assert again.status == 0  # the new one seals what comes, and the old one sealed what is there
