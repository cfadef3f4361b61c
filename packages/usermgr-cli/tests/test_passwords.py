"""How passwords come in, and that none comes out."""

from __future__ import annotations

import os
import sys
import types
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from usermgr import PasswordPolicy
from usermgr.commands import Done
from usermgr_cli._line import Line
from usermgr_cli._passwords import DIGITS, LOWER, SYMBOLS, UPPER, PasswordSource, generate, takes_password
from usermgr_cli._root import OWN, Own
from usermgr_cli._text import one_line

PASSWORD = "Hunter2-hunter2"


@click.command()
@click.argument("username")
@takes_password
@click.pass_obj
def command(line: Line, username: str, password: PasswordSource) -> Done:
    """A command that takes a password, and says how long it is."""
    text = password.read(line)
    return Done(
        f"{username}: {text.encode()!r}" if not password.shown else "made", {"user": username, **password.shown}
    )


@pytest.fixture(autouse=True)
def taking(monkeypatch: pytest.MonkeyPatch) -> None:
    """`usermgr taking` is that command."""
    module: Any = types.ModuleType("usermgr_cli.commands.taking")
    module.command = command
    monkeypatch.setitem(sys.modules, "usermgr_cli.commands.taking", module)
    monkeypatch.setitem(OWN, "taking", Own("taking", "For the tests"))


@pytest.mark.parametrize(
    ("given_bytes", "password"),
    [
        (b"one\n", b"one"),
        (b"one\r\n", b"one"),
        (b"one", b"one"),
        (b"one\n\n", b"one\n"),
        (b" one \n", b" one "),
        ("pä$$\n".encode(), "pä$$".encode()),
        (b"one\r", b"one\r"),
    ],
)
def test_exactly_one_line_end_is_taken_off(usermgr: Any, given_bytes: bytes, password: bytes) -> None:
    """What was piped in is the password, but for one line end."""
    assert usermgr("taking", "ada", "--password-stdin", stdin=given_bytes).err == one_line(f"ada: {password!r}") + "\n"


def test_password_from_a_descriptor(usermgr: Any) -> None:
    """`--password-fd N` reads the file that is open as N."""
    reading, writing = os.pipe()
    os.write(writing, b"from the descriptor\n")
    os.close(writing)

    ended = usermgr("taking", "ada", "--password-fd", str(reading))

    os.close(reading)
    assert ended.err == "ada: b'from the descriptor'\n"


@pytest.mark.parametrize(
    ("arguments", "stdin", "part"),
    [
        (["--password-fd", PASSWORD], b"", "takes the number of an open file"),
        (["--password-fd", "-1"], b"", "takes the number of an open file"),
        (["--password-fd", "1"], b"", "1 and 2 are for output"),
        (["--password-fd", "799"], b"", "nothing can be read there"),
        (["--password-fd", "99999999999999999999"], b"", "takes the number of an open file"),
        (["--password-stdin"], b"\n", "there is no password"),
        (["--password-stdin"], b"\xff\n", "is not UTF-8"),
        (["--password-stdin"], b"x" * 5000, "so it is no password"),
        (["--password-stdin", "--generate-password"], b"x", "only one of"),
        ([], b"", "nobody can be asked for the password here"),
        ([PASSWORD], b"", "1 argument too many"),
        (["--password", PASSWORD], b"", "--password-stdin"),
        ([f"--password={PASSWORD}"], b"", "--password-stdin"),
        ([f"--password-stdin={PASSWORD}"], b"", "does not take a value"),
        ([f"--{PASSWORD}"], b"", "no such option"),
        ([f"-p{PASSWORD}"], b"", "no such option"),
    ],
)
def test_what_is_no_password_ends_as_misuse(usermgr: Any, arguments: list[str], stdin: bytes, part: str) -> None:
    """Each wrong way ends with 2 and a sentence that says the right one, and never repeats what was typed."""
    ended = usermgr("taking", "ada", *arguments, stdin=stdin)

    assert ended.status == 2
    assert part in ended.err
    assert PASSWORD not in ended.err + ended.out
    assert "Hunter2" not in ended.err + ended.out


@pytest.mark.parametrize(
    "arguments", [[PASSWORD], ["user", PASSWORD], ["profile", PASSWORD], ["user", "show", "ada", PASSWORD]]
)
def test_word_too_many_is_not_repeated(usermgr: Any, arguments: list[str]) -> None:
    """Whatever stands where no word should may be a password."""
    ended = usermgr(*arguments)

    assert ended.status == 2
    assert PASSWORD not in ended.err + ended.out


def test_generated_password_is_shown_once_and_on_standard_output(usermgr: Any) -> None:
    """The password alone is the data; a sentence is beside it. As JSON it is the member `password`."""
    ended = usermgr("taking", "ada", "--generate-password")

    assert ended.err == "made\n"
    assert len(ended.out) == 21
    assert '"password": "' in usermgr("taking", "ada", "--generate-password", "-o", "json").out


PROMPTS = """
from usermgr_cli._line import Line
from usermgr_cli._passwords import PasswordSource
print("It is", PasswordSource().read(Line()))
"""


def test_prompt_asks_twice_and_shows_nothing(terminal: Any) -> None:
    """On a terminal the password is asked for, and once more; two that differ are asked for again."""
    screen = terminal(program=[sys.executable, "-c", PROMPTS])
    for prompt, times, typed in (
        ("Password:", 1, "one"),
        ("Again:", 1, "two"),
        ("Password:", 2, "3"),
        ("Again:", 2, "3"),
    ):
        screen.expect(prompt, times=times)
        screen.type(typed + "\n")

    assert screen.wait() == 0
    assert [line.rstrip() for line in screen.screen] == [
        "Password:", "Again:", "Error: The two entered values do not match.", "Password:", "Again:", "It is 3",
    ]  # fmt: skip


policies = st.builds(
    PasswordPolicy,
    min_length=st.integers(1, 99),
    max_length=st.none() | st.integers(8, 256),
    needs_uppercase=st.booleans(),
    needs_lowercase=st.booleans(),
    needs_number=st.booleans(),
    needs_symbol=st.booleans(),
)


@given(policy=st.none() | policies)
def test_generated_password_meets_the_policy(policy: PasswordPolicy | None) -> None:
    """Whatever the store asks for is there, and no more than it takes."""
    password = generate(policy)

    kinds = {
        name: set(kind) & set(password) for name, kind in zip("ulds", (UPPER, LOWER, DIGITS, SYMBOLS), strict=True)
    }
    assert all(kinds.values())
    if policy is None:
        assert len(password) == 20
    else:
        most = policy.max_length or 999
        assert min(policy.min_length, most) <= len(password) <= most
