"""What `usermgr schema` tells of these commands is what they print; and their help loads nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from usermgr_cli.commands import activity, group, user
from usermgr_local import LocalUserManager

COMMANDS = [
    pytest.param([name, each], id=f"{name} {each}")
    for name, of in (("user", user), ("group", group), ("activity", activity))
    for each in of.command.commands
]


def fields(usermgr: Any, *words: str) -> dict[str, str]:
    """The fields that a command is said to print, with their types."""
    ended = usermgr("schema", *words, "-o", "json")
    assert ended.status == 0, ended.err
    return {each["field"]: each["type"] for each in json.loads(ended.out)}


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_tells_its_fields(usermgr: Any, words: list[str]) -> None:
    """Each with a type that a program can use; what deletes a group has no record of it."""
    found = fields(usermgr, *words)

    assert found or words == ["group", "delete"]
    assert "any" not in found.values()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param(["user", "show", "ada"], id="a record"),
        pytest.param(["user", "list"], id="a stream"),
        pytest.param(["user", "disable", "ada"], id="outcomes"),
        pytest.param(["user", "add", "eve"], id="somebody new"),
        pytest.param(["user", "set-password", "ada", "--generate-password"], id="a password"),
        pytest.param(["user", "reset-mfa", "ada", "--yes"], id="second factors"),
        pytest.param(["group", "add-user", "admins", "ada"], id="memberships"),
        pytest.param(["group", "show", "admins"], id="a group"),
    ],
)
def test_the_fields_are_those_of_the_record(usermgr: Any, people: LocalUserManager, words: list[str]) -> None:
    """In their order, with no other."""
    ended = usermgr(*words, "-o", "jsonl")

    assert list(json.loads(ended.out.splitlines()[0])) == list(fields(usermgr, *words[:2]))


HELP = """
import sys
from usermgr_cli._main import run
for words in sys.argv[1:]:
    run([*words.split(), "--help"])
loaded = [name for name in sys.modules if name == "usermgr" or name.startswith(("usermgr.", "usermgr_local", "rich"))]
print(*loaded, file=sys.stderr, end="")
"""


def test_help_loads_no_store() -> None:
    """Neither core, which has the errors and the models, nor what draws tables."""
    words = ["user", "group", "activity", *(" ".join(each.values[0]) for each in COMMANDS)]
    ended = subprocess.run([sys.executable, "-c", HELP, *words], capture_output=True, text=True, check=False)

    assert ended.stderr == ""
    assert ended.stdout.count("Usage: usermgr") == len(words)
