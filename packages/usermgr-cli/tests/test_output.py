"""What commands print: in tables, in lines, and as JSON and CSV."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from usermgr_cli_harness import USERMGR

from usermgr import UserManager
from usermgr_cli._output._cells import for_people

HOSTILE = "=1+1\x1b[31m\u202e\x9b"


@pytest.fixture
def people(users: UserManager) -> UserManager:
    """Ada, who is disabled; Taro, whose name takes two columns a letter; and one whose name is an attack."""
    users.add_user("ada", attributes={"email": "ada@example.org", "name": "Ada Lovelace"})
    users.disable_user("ada")
    users.add_user("山田太郎", attributes={"email": "taro@example.co.jp", "name": "山田 [bold]太郎[/bold]"})
    users.add_user("eve", attributes={"name": HOSTILE})
    return users


def test_table_fits_the_terminal(screen: Any, people: UserManager) -> None:
    """Columns stand below each other, wide letters too, and no line is wider than the terminal."""
    shown = screen("user", "list", columns=82)

    assert shown.status == 0
    assert shown.lines == [
        "username  email               name                  status                 enabled",
        "ada       ada@example.org     Ada Lovelace          FORCE_CHANGE_PASSWORD  no",
        "山田太郎  taro@example.co.jp  山田 [bold]太郎[/bo…  FORCE_CHANGE_PASSWORD  yes",
        "eve                           =1+1\\x1b[31m\\u202e\\…  FORCE_CHANGE_PASSWORD  yes",
    ]


def test_narrow_terminal_leaves_the_last_columns_out_and_says_so(screen: Any, people: UserManager) -> None:
    """What has no room is named, with what to do."""
    shown = screen("user", "list", columns=44)

    assert shown.status == 0
    assert shown.lines[0].split() == ["username", "email", "name"]
    assert "There is no room for status, enabled:" in shown.text


def test_one_thing_is_shown_member_by_member(screen: Any, people: UserManager) -> None:
    """A single user is a list of members; attributes stand beside them. Nothing is markup, no control gets out."""
    shown = screen("user", "show", "eve", "--utc")

    assert shown.status == 0
    lines = dict(line.split(None, 1) for line in shown.lines)
    assert lines["name"] == "=1+1\\x1b[31m\\u202e\\x9b"
    assert lines["created"].endswith(" UTC")
    assert "\x1b[31m" not in shown.text


def test_times_in_tables_are_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """A time of the store is shown as the clock on the wall has it, or in UTC where that is asked for."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert for_people("2026-01-31T20:00:00+00:00", utc=False) == "2026-02-01 05:00:00"
        assert for_people("2026-01-31T20:00:00+00:00", utc=True) == "2026-01-31 20:00:00 UTC"
        assert for_people("2026-01-31T20:00:00", utc=False) == "2026-01-31T20:00:00"  # nobody knows where
    finally:
        monkeypatch.undo()
        time.tzset()


@pytest.mark.parametrize(
    ("arguments", "variables", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
        (["--color", "never"], {}, False),
        ([], {"TERM": "dumb"}, False),
        (["-o", "json"], {"FORCE_COLOR": "1", "CLICOLOR_FORCE": "1"}, False),
        (["-o", "csv", "--color", "always"], {}, False),
    ],
)
def test_colours_on_a_terminal(
    screen: Any, people: UserManager, arguments: list[str], variables: dict[str, str], colored: bool
) -> None:
    """`--color` decides, then NO_COLOR; forms for programs have none."""
    shown = screen("user", "list", *arguments, **variables)

    assert shown.status == 0
    assert ("\x1b[" in shown.text) is colored


def test_pipe_gets_lines_with_tabs(usermgr: Any, people: UserManager) -> None:
    """In a pipe a user is a line, whole, with times in UTC, whatever the environment says of colours and widths."""
    ended = usermgr("user", "list", FORCE_COLOR="1", COLUMNS="20", TZ="Asia/Tokyo")

    user = people.get_user("山田太郎")
    assert ended.err == ""
    assert ended.out.splitlines()[1].split("\t") == [
        "山田太郎", "taro@example.co.jp", "山田 [bold]太郎[/bold]", "FORCE_CHANGE_PASSWORD", "true",
        user.created_at.isoformat(),
    ]  # fmt: skip
    assert "\x1b" not in ended.out
    shown = usermgr("user", "show", "ada").out.splitlines()
    assert {"email\tada@example.org", "name\tAda Lovelace"} < set(shown)


def test_json_is_what_the_store_has(usermgr: Any, people: UserManager) -> None:
    """JSON and JSON lines hold every field, and every value as it is."""
    expected = [user.to_dict() for user in people.iter_users()]

    assert json.loads(usermgr("user", "list", "-o", "json").out) == expected
    assert [json.loads(line) for line in usermgr("user", "list", "-o", "jsonl").out.splitlines()] == expected
    assert json.loads(usermgr("user", "show", "eve", "-o", "json").out).items() >= expected[2].items()
    assert json.loads(usermgr("user", "list", "-o", "json", "--fields", "username,attributes.email").out)[0] == {
        "username": "ada", "attributes.email": "ada@example.org",
    }  # fmt: skip


@pytest.mark.parametrize(("form", "part"), [("jsonl", "山田太郎"), ("table", "????")])
def test_machine_forms_are_utf8_in_every_locale(process: Any, people: UserManager, form: str, part: str) -> None:
    """No locale changes what programs read; a table has what the locale has."""
    variables = {"LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    ended = process("user", "list", "-o", form, **variables)

    assert ended.status == 0
    assert part in ended.out
    assert "\x1b" not in ended.out
    assert "\u202e" not in ended.out


def test_csv_has_no_formula(usermgr: Any, people: UserManager) -> None:
    """A cell that a spreadsheet would take for a formula begins with an apostrophe; others are as they are."""
    rows = list(csv.reader(io.StringIO(usermgr("user", "list", "-o", "csv", "--fields", "username,name,enabled").out)))

    assert rows[0] == ["username", "name", "enabled"]
    assert [row[1] for row in rows[1:]] == ["Ada Lovelace", "山田 [bold]太郎[/bold]", f"'{HOSTILE}"]
    assert rows[1][2] == "false"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--fields", "usernme"], "did you mean username?"),
        (["--fields", "zzz"], "there are username, sub, status"),
        (["--fields", "emial"], "did you mean email?"),
        (["--fields", ","], "takes names with commas"),
        (["--query", "[?"], "--query is no JMESPath expression"),
        (["--query", "length(@.x)"], "--query does not fit the data"),
    ],
)
def test_choice_that_is_wrong_is_an_error(usermgr: Any, people: UserManager, arguments: list[str], part: str) -> None:
    """A field that is not there is an error that names those that are, and the likeness."""
    ended = usermgr("user", "list", *arguments)

    assert ended.status == 2
    assert part in ended.err


@pytest.mark.parametrize("arguments", [["--fields", "zzz"], ["--query", "[?"], ["--query", "foo(", "-o", "json"]])
def test_expression_that_is_wrong_changes_nothing(usermgr: Any, people: UserManager, arguments: list[str]) -> None:
    """What can be seen to fail is refused before the command runs."""
    assert usermgr("user", "delete", "ada", "--yes", *arguments).status == 2
    assert people.user_exists("ada")


def test_choice_that_does_not_fit_does_not_change_an_outcome(usermgr: Any, people: UserManager) -> None:
    """What was done is done, and the status says so."""
    assert usermgr("user", "delete", "ada", "--yes", "-o", "json", "--query", "length(@.x)").status == 0
    assert not people.user_exists("ada")


def test_query_is_over_all_of_the_data(usermgr: Any, people: UserManager) -> None:
    """A JMESPath expression finds what it finds in every form."""
    query = "[?enabled].{who: username, mail: attributes.email}"

    assert usermgr("user", "list", "--query", "[].username").out.splitlines() == ["ada", "山田太郎", "eve"]
    assert usermgr("user", "list", "--query", "length(@)").out == "3\n"
    assert json.loads(usermgr("user", "list", "-o", "json", "--query", "length(@)").out) == 3
    assert usermgr("user", "list", "-o", "csv", "--query", query).out.splitlines()[0] == "who,mail"
    assert usermgr("user", "list", "--query", query).out.splitlines()[1] == "eve\t"


@pytest.mark.parametrize("command", ["user list >/dev/full", "--help >/dev/full", "user list >&-"])
def test_full_disk_is_never_success(command: str, people: UserManager, environment: dict[str, str]) -> None:
    """What cannot be written ends with 1 and a sentence, also for help, and also where standard output is closed."""
    ended = subprocess.run(
        ["bash", "-c", f"{USERMGR} {command}"], env=environment, capture_output=True, text=True, check=False
    )

    assert (ended.returncode, "the output cannot be written" in ended.stderr) == (1, True)
    assert len(ended.stderr.splitlines()) == 1


def test_printing_cannot_change_what_happened(people: UserManager, environment: dict[str, str]) -> None:
    """A deletion whose output fails is told as done."""
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [USERMGR, "user", "delete", "ada", "--yes", "-o", "json"],
            env=environment, stdout=full, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip

    assert ended.returncode == 1
    assert ended.stderr.startswith("usermgr: ada is deleted, and the output cannot be written")
    assert not people.user_exists("ada")


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        pytest.param("user show ada >&- 2>&- <&-", 1, "", id="all"),
        pytest.param("user show ada --fields username <&-", 0, "username\tada\n", id="stdin"),
        pytest.param("user show nobody 2>&-", 3, "", id="stderr"),
        pytest.param("user delete ada <&- 2>&-", 2, "", id="a question"),
        pytest.param("user set-password ada --password-stdin <&- 2>&-", 2, "", id="a password"),
    ],
)
def test_closed_standard_files(
    command: str, status: int, said: str, environment: dict[str, str], people: UserManager
) -> None:
    """Without one of its standard files the command does its work, takes no other file for it, and prints no error as
    data.
    """
    ended = subprocess.run(
        ["bash", "-c", f'"{USERMGR}" {command}'], env=environment, stdout=subprocess.PIPE, text=True, check=False
    )

    assert (ended.returncode, ended.stdout) == (status, said)
    assert people.get_user("ada").username == "ada"


def test_closed_pipe_ends_with_141_and_without_a_word(started: Callable[..., Any], people: UserManager) -> None:
    """Whoever has read enough hears nothing more."""
    for arguments in (["user", "list", "-o", "json"], ["user", "--help"]):
        reading, writing = os.pipe()
        os.close(reading)
        process = started(*arguments, stdout=writing)
        os.close(writing)

        _, err = process.communicate(timeout=60)

        assert (process.returncode, err) == (141, b"")


def test_quiet_says_nothing_but_data(usermgr: Any, people: UserManager) -> None:
    """With `--quiet` a change that went well has no sentence, and an error has."""
    assert usermgr("user", "delete", "ada", "--yes", "-q").err == ""
    assert "there is no user" in usermgr("user", "delete", "ada", "--yes", "-q").err


MANY = """
import sys
from datetime import UTC, datetime
from usermgr import User, UserStatus
from usermgr_cli._line import Line
from usermgr_cli._output import show

def peak(number):
    for form in ("jsonl", "csv", "json"):
        line = Line()
        line.options["output"] = form
        now = datetime.now(UTC)
        show(line, (User(f"u{n}", "s", UserStatus.CONFIRMED, True, now, now, {"email": "e"}) for n in range(number)))
    # What the system tells of a child counts the memory of whoever started it; this does not.
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM"))

print(peak(300), peak(4_000), file=sys.stderr)
"""


def test_long_list_takes_constant_memory() -> None:
    """Thirteen times as many users take no more memory, in each form that is written as it comes."""
    ended = subprocess.run([sys.executable, "-c", MANY], capture_output=True, check=True)

    few, many = map(int, ended.stderr.split())
    assert many < few + 1_000  # KiB; 3,700 users would take 4,000


def test_agents_get_json_and_errors_as_json(usermgr: Any, people: UserManager) -> None:
    """USERMGR_AGENT_MODE: JSON on both sides, no question, no colour."""
    agent = {"USERMGR_AGENT_MODE": "1", "FORCE_COLOR": "1"}

    assert json.loads(usermgr("user", "list", **agent).out)[0]["username"] == "ada"
    error = json.loads(usermgr("user", "show", "nobody", **agent).err)["error"]
    assert error == {"code": "user_not_found", "message": "there is no user named nobody"}
    asked = usermgr("user", "delete", "ada", **agent)
    assert (asked.status, json.loads(asked.err)["error"]["code"]) == (2, "usage")
    assert json.loads(usermgr("user", **agent).err)["error"]["message"] == "name a command"
    assert json.loads(usermgr("user", "delete", "ada", "--yes", **agent).out)[0]["outcome"] == "deleted"


def test_debug_tells_each_request_and_no_value(usermgr: Any, people: UserManager) -> None:
    """`--debug` tells operations with what an audit record keeps, and where an error came from."""
    ended = usermgr("user", "show", "nobody", "--debug")

    assert ended.sentences[0].startswith("debug: get_user username=nobody -> user_not_found, 0.")
    assert ended.sentences[-1] == "usermgr: there is no user named nobody [user_not_found]"
    assert any(line.startswith("  /") and " in get_user" in line for line in ended.sentences)


def test_fault_of_ours_is_one_sentence(usermgr: Any, people: UserManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """An exception that nobody expected is told by its name alone: its text may hold anything."""

    def fail(*args: object) -> None:
        raise ValueError("hunter2")

    monkeypatch.setattr("usermgr_cli._output.show", fail)
    ended = usermgr("user", "show", "ada")
    debugged = usermgr("user", "show", "ada", "--debug")

    assert ended.status == debugged.status == 1
    assert ended.sentences[0] == "usermgr: this is a fault of usermgr: ValueError [fault]"
    assert "Traceback" not in ended.err
    assert "ValueError" in debugged.err
    assert "hunter2" not in ended.err + debugged.err


def test_schema_tells_the_fields(usermgr: Any) -> None:
    """`usermgr schema` prints fields and types, also where only a type checker imports them."""
    assert usermgr("schema", "user", "list").out.splitlines()[3:7] == [
        "enabled\tboolean", "created_at\ttime", "updated_at\ttime", "attributes\tobject of string",
    ]  # fmt: skip
    assert usermgr("schema", "profile", "list").out.splitlines() == [
        "name\tstring", "current\tboolean", "backend\tstring or null", "settings\tinteger",
    ]  # fmt: skip
    assert "name one of them" in usermgr("schema", "user").err
    assert usermgr("schema", "user", "lst").status == 2
    assert usermgr("schema", "nothing").status == 2
