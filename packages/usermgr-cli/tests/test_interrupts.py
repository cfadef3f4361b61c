"""Ctrl-C: the first lets a change that is under way end, the second leaves at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from usermgr import UserManager
from usermgr_cli._interrupts import Interrupts

SLOW = """
import signal, sys, time
from usermgr_cli._main import run
from usermgr_local import LocalUserManager

delete = LocalUserManager.delete_user
def slowly(self, username):
    print("deleting", flush=True)
    time.sleep(float(sys.argv[1]))
    delete(self, username)
LocalUserManager.delete_user = slowly
get = LocalUserManager.get_user
def read(self, username):
    if username == "slow":
        print("reading", flush=True)
        time.sleep(30)
    return get(self, username)
LocalUserManager.get_user = read
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's child in the background ignores it
sys.exit(run(sys.argv[2:]))
"""


LOCKED = """
import io, signal, sys, threading, time
from usermgr_cli._line import Line

class Locked(io.StringIO):
    lock = threading.Lock()
    def write(self, text):
        with self.lock:
            return super().write(text)

line = Line()
line.way_on = "go on so"
signal.signal(signal.SIGINT, signal.default_int_handler)
with line.interrupts:
    sys.stderr = Locked()
    with Locked.lock:
        try:
            print("locked", flush=True)
            time.sleep(30)
        except KeyboardInterrupt:
            time.sleep(30)
"""


@pytest.fixture
def slow(environment: dict[str, str], users: UserManager) -> Any:
    """Starts the command on a store that is slow to delete a user, and to read the one called slow."""
    users.add_user("ada")
    running: list[subprocess.Popen[str]] = []

    def start(seconds: float, *arguments: str, word: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW, str(seconds), *arguments],
            env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == f"{word}\n"
        return process

    yield start
    for each in running:
        each.kill()
        each.communicate()


def test_first_interrupt_lets_the_change_end(slow: Callable[..., Any], users: UserManager) -> None:
    """The change that was sent is made, and told, and nothing comes after it."""
    process = slow(0.5, "user", "delete", "ada", "--yes", word="deleting")
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=30)

    assert process.returncode == 130
    assert err.splitlines() == [
        "Waiting for the change that is under way. Ctrl-C again leaves at once.",
        "usermgr: interrupted; what was under way, delete_user, is done [interrupted]",
    ]
    assert not users.user_exists("ada")


def test_second_interrupt_leaves_at_once(slow: Callable[..., Any], users: UserManager) -> None:
    """Whoever does not want to wait is not made to."""
    process = slow(30, "user", "delete", "ada", "--yes", word="deleting")
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("Waiting")
    started = time.monotonic()
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=30)

    assert time.monotonic() - started < 1
    assert process.returncode == 130
    assert err.splitlines()[0] == "usermgr: left at once [interrupted]"
    assert users.user_exists("ada")


def test_interrupt_waits_for_no_lock(environment: dict[str, str]) -> None:
    """Ctrl-C in the middle of a write to standard error, or while a bar is drawn, is told; the second one leaves."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        at_last = threading.Timer(10, process.kill)
        at_last.start()
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        assert process.stderr is not None
        first = process.stderr.readline()
        process.send_signal(signal.SIGINT)

        _, err = process.communicate()

        at_last.cancel()
    assert first == "Waiting for the calls that are under way. Ctrl-C again leaves at once.\n"
    assert (process.returncode, err) == (130, "usermgr: left at once [interrupted]\n  go on so\n")


def test_interrupt_of_a_look_waits_for_nothing(slow: Callable[..., Any]) -> None:
    """What changes nothing is left at the first Ctrl-C."""
    process = slow(0, "user", "show", "slow", word="reading")
    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)

    assert (process.returncode, err) == (130, "usermgr: interrupted [interrupted]\n")


def test_change_that_had_just_ended_is_told_as_made(
    usermgr: Any, users: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C after a change, and before its row is written, makes no row that says it was not tried."""
    users.add_user("ada")
    users.add_user("bob")
    end_change = Interrupts.end_change

    def interrupted(self: Interrupts, what: str, *, succeeded: bool) -> None:
        end_change(self, what, succeeded=succeeded)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Interrupts, "end_change", interrupted)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a runner in the background has it ignored
    ended = usermgr("user", "disable", "ada", "bob", "--output", "csv", "--fields", "username,outcome")

    assert (ended.status, ended.out.split()[1:]) == (130, ["ada,disabled", "bob,not", "tried"])
    assert [users.get_user(name).enabled for name in ("ada", "bob")] == [False, True]


def test_interrupt_at_a_question_changes_nothing(terminal: Callable[..., Any], users: UserManager) -> None:
    """Ctrl-C instead of an answer ends with 130; an answer that is no ends with 1."""
    users.add_user("ada")
    asked = terminal("user", "delete", "ada")
    asked.expect("Delete the user ada? This cannot be undone. [y/N]:")
    asked.interrupt()

    assert asked.wait() == 130
    assert "Traceback" not in asked.text
    assert users.user_exists("ada")

    answered = terminal("user", "delete", "ada")
    answered.expect("[y/N]:")
    answered.type("y\n")

    assert answered.wait() == 0
    assert answered.screen[-1] == "ada is deleted"
    assert not users.user_exists("ada")
