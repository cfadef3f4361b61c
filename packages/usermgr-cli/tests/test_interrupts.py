"""Ctrl-C, SIGTERM and SIGHUP: the first lets a change that is under way end, a Ctrl-C after it leaves at once."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from usermgr import UserManager
from usermgr_cli._interrupts import DEFAULTS, Interrupts
from usermgr_cli._line import Line

STATUSES = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGHUP: 129}

# Whatever waits here looks up again and again: a signal that comes just before Python waits is seen only after it.
SLOW = """
import select, signal, sys, time
from usermgr_cli._interrupts import DEFAULTS
from usermgr_cli._main import run
from usermgr_local import LocalUserManager

delete = LocalUserManager.delete_user
def slowly(self, username):
    print("deleting", flush=True)
    while not select.select([sys.stdin], [], [], 0.01)[0]:
        pass
    delete(self, username)
LocalUserManager.delete_user = slowly
get = LocalUserManager.get_user
def read(self, username):
    if username == "slow":
        print("reading", flush=True)
        while True:
            time.sleep(0.01)
    return get(self, username)
LocalUserManager.get_user = read
for number, default in DEFAULTS.items():
    signal.signal(number, default)  # a shell's child in the background ignores SIGINT
sys.exit(run(sys.argv[1:]))
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
            while True:
                time.sleep(0.01)
        except KeyboardInterrupt:
            while True:
                time.sleep(0.01)
"""


@pytest.fixture
def slow(environment: dict[str, str], users: UserManager) -> Any:
    """Starts the command on a store that deletes a user at a line of input, and is slow to read the one called slow."""
    users.add_user("ada")
    running: list[subprocess.Popen[str]] = []

    def start(*arguments: str, word: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", SLOW, *arguments],
            env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == f"{word}\n"
        return process

    yield start
    for each in running:
        each.kill()
        each.communicate()


@pytest.fixture
def by_default() -> Iterator[None]:
    """The signals do here what Python does by itself; a runner in the background has some ignored."""
    before = {number: signal.signal(number, default) for number, default in DEFAULTS.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", STATUSES)
def test_first_signal_lets_the_change_end(number: signal.Signals, slow: Callable[..., Any], users: UserManager) -> None:
    """The change that was sent is made, and told, and nothing comes after it; the status is the signal's."""
    process = slow("user", "delete", "ada", "--yes", word="deleting")
    process.send_signal(number)
    waiting = process.stderr.readline()

    _, err = process.communicate("\n", timeout=60)

    again = " again" if number == signal.SIGINT else ""
    assert waiting == f"Waiting for the change that is under way. Ctrl-C{again} leaves at once.\n"
    assert err == "usermgr: interrupted; what was under way, delete_user, is done [interrupted]\n"
    assert process.returncode == STATUSES[number]
    assert not users.user_exists("ada")


def test_second_interrupt_leaves_at_once(slow: Callable[..., Any], users: UserManager) -> None:
    """Whoever does not want to wait is not made to."""
    process = slow("user", "delete", "ada", "--yes", word="deleting")
    process.send_signal(signal.SIGINT)
    assert process.stderr.readline().startswith("Waiting")
    process.send_signal(signal.SIGINT)

    process.wait(timeout=60)

    assert process.returncode == 130
    assert process.stderr.readline() == "usermgr: left at once [interrupted]\n"
    assert users.user_exists("ada")


def test_sigterm_comes_twice_as_once(slow: Callable[..., Any], users: UserManager) -> None:
    """`timeout` sends SIGTERM to the command and to its group: the second hurries nobody, and the change ends."""
    process = slow("user", "delete", "ada", "--yes", word="deleting")
    process.send_signal(signal.SIGTERM)
    assert process.stderr.readline().startswith("Waiting")
    process.send_signal(signal.SIGTERM)

    _, err = process.communicate("\n", timeout=60)

    assert (process.returncode, err.count("\n")) == (143, 1)
    assert not users.user_exists("ada")


@pytest.mark.usefixtures("by_default")
def test_signals_of_others_stay_theirs() -> None:
    """SIGHUP that is ignored, as behind nohup, and a handler of the application stay; the others are put back."""
    stop = lambda number, frame: None  # noqa: ARG005, E731 - a handler is told apart by what it is
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, stop)

    with Line().interrupts:
        during = [signal.getsignal(number) for number in DEFAULTS]

    assert during[1:] == [stop, signal.SIG_IGN]
    assert during[0] != signal.default_int_handler
    assert [signal.getsignal(number) for number in DEFAULTS] == [signal.default_int_handler, stop, signal.SIG_IGN]


@pytest.mark.usefixtures("by_default")
def test_signals_are_left_alone_in_another_thread() -> None:
    """Only the main thread can take signals; a command that an application runs in another one does without."""
    before, during = [signal.getsignal(number) for number in DEFAULTS], []

    def work() -> None:
        with Line().interrupts:
            during.extend(signal.getsignal(number) for number in DEFAULTS)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()

    assert during == before


def test_interrupt_waits_for_no_lock(environment: dict[str, str]) -> None:
    """Ctrl-C in the middle of a write to standard error, or while a bar is drawn, is told; the second one leaves."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKED], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        at_last = threading.Timer(60, process.kill)
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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signal_at_a_look_waits_for_nothing(number: signal.Signals, slow: Callable[..., Any]) -> None:
    """What changes nothing is left at the first signal."""
    process = slow("user", "show", "slow", word="reading")
    process.send_signal(number)

    _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (STATUSES[number], "usermgr: interrupted [interrupted]\n")


@pytest.mark.usefixtures("by_default")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_change_that_had_just_ended_is_told_as_made(
    number: signal.Signals, usermgr: Any, users: UserManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signal after a change, and before its row is written, makes no row that says it was not tried."""
    users.add_user("ada")
    users.add_user("bob")
    end_change = Interrupts.end_change

    def interrupted(self: Interrupts, what: str, *, succeeded: bool) -> None:
        end_change(self, what, succeeded=succeeded)
        signal.raise_signal(number)

    monkeypatch.setattr(Interrupts, "end_change", interrupted)
    ended = usermgr("user", "disable", "ada", "bob", "--output", "csv", "--fields", "username,outcome")

    assert (ended.status, ended.out.split()[1:]) == (STATUSES[number], ["ada,disabled", "bob,not", "tried"])
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
