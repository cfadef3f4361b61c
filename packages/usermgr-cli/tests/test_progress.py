"""How long work tells how far it is."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from usermgr_bulk import Progress, RowOutcome
from usermgr_cli._line import Line
from usermgr_cli._progress import in_lines, long, short

HALF = Progress(500, 1000, {RowOutcome.CREATED: 490, RowOutcome.FAILED: 10}, 25.0, 20.0, 3)
SCRIPT = """
import sys, time
from usermgr_bulk import Progress
from usermgr_cli._line import Line
line = Line()
with line.progress("Importing [bold]users\\x1b[2J") as tell:
    for done in range(0, 1001, 250):
        tell(Progress(done, 1000, {}, 25.0, 20.0))
        time.sleep(0.12)
    if sys.argv[1:]:
        sys.stdin.readline()
print("ended")
"""


def test_bar_has_the_rate_and_the_time_left(terminal: Any) -> None:
    """A bar is drawn on a terminal while work goes on, and is gone after it. A title is not markup."""
    screen = terminal("wait", program=[sys.executable, "-c", SCRIPT], columns=100)

    screen.expect("1,000/1,000  25/s  20 s left")
    assert any(line.lstrip("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ ").startswith("Importing [bold]users\\x1b[2J") for line in screen.screen)
    screen.type("\x04")

    assert screen.wait() == 0
    assert [line for line in screen.screen if "Importing" in line] == []


def test_bar_fits_a_narrow_terminal(terminal: Any) -> None:
    """No line is wider than the terminal."""
    screen = terminal(program=[sys.executable, "-c", SCRIPT], columns=40)

    assert screen.wait() == 0
    assert screen.screen[-1] == "ended"


def test_pipe_has_a_line_a_minute() -> None:
    """Elsewhere there is a line for each minute, and none for work that is done within the first."""
    time = 0.0
    lines: list[str] = []

    with in_lines("Importing", lines.append, now=lambda: time) as tell:
        for time in range(0, 130, 10):  # noqa: B007 - the clock
            tell(HALF)

    expected = "Importing: 500 of 1,000 done, 490 created, 10 failed, 25 a second, about 20 s left"
    assert lines == [f"{expected}, slowed down by the service 3 times"] * 2


def test_numbers_that_nobody_knows_are_left_out() -> None:
    """Without a total there is no time left; at the start there is no rate."""
    assert short(Progress(0, None)) == "0"
    assert long(Progress(7, None)) == "7 done"
    assert short(HALF) == "500/1,000  25/s  20 s left  10 failed"


@pytest.mark.parametrize(("options", "agent"), [({"quiet": True}, ""), ({}, "1")])
def test_quiet_and_programs_are_told_nothing(
    options: dict[str, Any], agent: str, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """With `--quiet`, and to a program, nothing is told."""
    monkeypatch.setenv("USERMGR_AGENT_MODE", agent)
    monkeypatch.setattr("usermgr_cli._progress.SECONDS", -1)
    line = Line()
    line.options.update(options)

    with line.progress("Importing") as tell:
        tell(HALF)

    assert capfd.readouterr().err == ""
