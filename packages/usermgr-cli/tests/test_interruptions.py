"""Long work that ends early: by Ctrl-C once and twice, by SIGTERM, by a terminal that is closed, by a reader that left,
by a kill. It goes on as it says."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from usermgr import UserManager

PEOPLE = 100
SLOW = [sys.executable, str(Path(__file__).parent / "support" / "usermgr_cli_slow.py")]
"""A hundred people are five batches , the second of which lasts as long as `USERMGR_TEST_HOLD` says."""


@pytest.fixture
def people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A hundred people in a file, in the working folder."""
    monkeypatch.chdir(tmp_path)
    rows = [f"user{number},user{number}@example.org" for number in range(PEOPLE)]
    path = Path("people.csv")
    path.write_text("\n".join(["username,email", *rows]) + "\n")
    return path


def wait_until_it_is_held(seconds: float = 60) -> None:
    """Waits until the second batch has begun, by the journal."""
    journal, deadline = Path("people.csv.journal"), time.monotonic() + seconds
    while not journal.exists() or journal.read_text().count('{"begin"') < 2:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def assert_goes_on(usermgr: Any, users: UserManager, command: str = "usermgr import people.csv --resume") -> None:
    """The command line brings the rest: nobody is missing, and nobody was created twice."""
    program, *arguments = shlex.split(command)
    assert program == "usermgr"
    ended = usermgr(*arguments)
    assert (ended.status, ended.err) == (
        0, "100 rows: 100 created. What became of each is in people.csv.report.jsonl\n",
    )  # fmt: skip
    report = [json.loads(line) for line in Path("people.csv.report.jsonl").read_text().splitlines()]
    assert [row["line"] for row in report] == list(range(2, PEOPLE + 2))
    assert len({user.sub for user in users.search_users()}) == PEOPLE
    assert not Path("people.csv.journal").exists()


def test_ctrl_c_ends_in_order_and_says_how_to_go_on(
    terminal: Any, usermgr: Any, people: Path, users: UserManager
) -> None:
    """The first Ctrl-C lets the batch in flight end, keeps the journal, and tells the command line; status 130."""
    screen = terminal("import", "people.csv", program=SLOW, columns=120, USERMGR_TEST_HOLD="until left")

    wait_until_it_is_held()
    screen.interrupt()

    assert screen.wait() == 130
    said = " ".join(screen.screen)
    assert "Waiting for the calls that are under way. Ctrl-C again leaves at once." in said
    done = len(list(users.search_users()))
    assert 20 <= done < PEOPLE
    assert (
        f"interrupted after {done} rows: {done} created [interrupted]   go on with: usermgr import people.csv --resume"
        in said
    )
    assert_goes_on(usermgr, users)


def test_second_ctrl_c_leaves_at_once(terminal: Any, usermgr: Any, people: Path, users: UserManager) -> None:
    """The second Ctrl-C waits for no call, and the journal is good to go on with; status 130."""
    screen = terminal("import", "people.csv", program=SLOW, columns=120, USERMGR_TEST_HOLD="for ever")
    wait_until_it_is_held()
    screen.interrupt()
    screen.expect("Ctrl-C again leaves at once")

    screen.interrupt()

    assert screen.wait() == 130
    assert "go on with: usermgr import people.csv --resume" in " ".join(screen.screen)
    assert_goes_on(usermgr, users)


def test_sigterm_ends_in_order_and_says_how_to_go_on(
    usermgr: Any, people: Path, users: UserManager, environment: dict[str, str]
) -> None:
    """SIGTERM, as of a service that is stopped, does what the first Ctrl-C does, and tells a program; status 143."""
    running = start_slow(environment | {"USERMGR_AGENT_MODE": "1"}, "until left")
    wait_until_it_is_held()

    running.terminate()

    note, error = (json.loads(line) for line in running.communicate(timeout=60)[1].splitlines())
    assert running.returncode == 143
    assert note == {"note": "Waiting for the calls that are under way. Ctrl-C leaves at once."}
    done = len(list(users.search_users()))
    assert 20 <= done < PEOPLE
    assert error["error"] == {
        "code": "interrupted",
        "message": f"interrupted after {done} rows: {done} created",
        "remedy": "go on with: usermgr import people.csv --resume",
    }
    assert_goes_on(usermgr, users)


def test_closed_terminal_ends_the_run_in_order(terminal: Any, people: Path, users: UserManager) -> None:
    """Closing the window lets the batch in flight end, and keeps the journal; status 129, though nobody is told."""
    screen = terminal("import", "people.csv", program=SLOW, USERMGR_TEST_HOLD="until left")
    wait_until_it_is_held()

    screen.hang_up()

    assert screen.wait() == 129
    assert 20 <= len(list(users.search_users())) < PEOPLE
    assert Path("people.csv.journal").exists()


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_reader_that_leaves_stops_the_run_in_order(
    stream: str, usermgr: Any, people: Path, users: UserManager, environment: dict[str, str]
) -> None:
    """Where whoever reads the output goes away, the run stops, and the journal is kept; status 141."""
    running = start_slow(environment, "until left")
    wait_until_it_is_held()

    getattr(running, stream).close()

    assert running.wait(60) == 141
    assert len(list(users.search_users())) < PEOPLE
    running.stdout.close()
    running.stderr.close()
    assert_goes_on(usermgr, users)


def test_killed_run_goes_on(usermgr: Any, people: Path, users: UserManager, environment: dict[str, str]) -> None:
    """After SIGKILL, the same command says that there is a journal, and `--resume` brings the rest."""
    running = start_slow(environment, "for ever")
    wait_until_it_is_held()

    running.kill()

    running.communicate()
    again = usermgr("import", "people.csv")
    assert again.status == 2
    assert "an earlier run has left the journal people.csv.journal: go on with --resume" in again.err
    assert_goes_on(usermgr, users)


def start_slow(environment: dict[str, str], hold: str) -> Any:
    return subprocess.Popen(
        [*SLOW, "import", "people.csv"],
        env=environment | {"USERMGR_TEST_HOLD": hold},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
