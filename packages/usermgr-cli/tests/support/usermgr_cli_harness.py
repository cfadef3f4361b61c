"""Drives the command: in this process, in one of its own behind pipes, and in one of its own on a terminal.

In this process is quickest (a process of its own takes 0.3 s to start), and right for all but signals, pipes and
terminals.
"""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyte

from usermgr_cli._main import run

USERMGR = Path(sys.executable).with_name("usermgr")
"""The console script, as pip made it."""

TERMINALS = ("TERM", "LINES", "COLUMNS", "COLORTERM", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE")
FAMILIES = ("USERMGR_", "AWS_", "_USERMGR", "XDG_")
SETTINGS = ("USERPOOL_ID", "CLIENT_ID", "SECRET", "LAMBDA_NAME_USERMGR", "DYNAMODB_NAME", "TZ", *TERMINALS)


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment without what says where usermgr works and how it draws."""
    return {
        name: value for name, value in environment.items() if not name.startswith(FAMILIES) and name not in SETTINGS
    }


@dataclass(frozen=True)
class Ended:
    """How a run of the command ended."""

    status: int
    out: str
    err: str

    @property
    def sentences(self) -> list[str]:
        """The lines of standard error."""
        return self.err.splitlines()


def in_process(
    arguments: Sequence[str],
    read: Callable[[], Any],
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """Runs the command here. `read` is `capfd.readouterr`; the environment is put back as it was."""
    read()
    status = _run_here(arguments, stdin, environment)
    sys.stdout.flush()
    captured = read()
    return Ended(status, captured.out, captured.err)


def into_closed_pipe(
    arguments: Sequence[str],
    read: Callable[[], Any],
    stdin: bytes | None = None,
    environment: Mapping[str, str] | None = None,
) -> Ended:
    """As `in_process`, while nobody reads the output."""
    reading, writing = os.pipe()
    os.close(reading)
    read()
    kept, stream = os.dup(1), sys.stdout
    os.dup2(writing, 1)
    os.close(writing)
    try:
        with open(1, "w", encoding="utf-8", closefd=False) as sys.stdout:
            status = _run_here(arguments, stdin, environment)
    finally:
        sys.stdout = stream
        os.dup2(kept, 1)
        os.close(kept)
    captured = read()
    return Ended(status, captured.out, captured.err)


def _run_here(arguments: Sequence[str], stdin: bytes | None, environment: Mapping[str, str] | None) -> int:
    before, stream, kept = dict(os.environ), sys.stdin, os.dup(0)
    try:
        os.environ.update(environment or {})
        with tempfile.TemporaryFile() as file:
            file.write(stdin or b"")
            file.seek(0)
            os.dup2(file.fileno(), 0)
            with open(0, encoding="utf-8", closefd=False) as sys.stdin:
                return int(run(list(arguments)))
    finally:
        sys.stdin = stream
        os.dup2(kept, 0)
        os.close(kept)
        os.environ.clear()
        os.environ.update(before)


def in_pipes(arguments: Sequence[str], environment: Mapping[str, str], stdin: bytes = b"", **options: Any) -> Ended:
    """Runs the command in a process of its own, behind pipes."""
    ended = subprocess.run(
        [USERMGR, *arguments],
        env=dict(environment),
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        **options,
    )
    return Ended(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


@dataclass(frozen=True)
class Shown:
    """What a run showed on a terminal."""

    status: int
    text: str
    """As the command wrote it."""
    lines: list[str]
    """The screen, without empty lines below."""


def on_terminal(
    arguments: Sequence[str], environment: Mapping[str, str] | None = None, *, columns: int = 80, rows: int = 50
) -> Shown:
    """Runs the command here, on a terminal that nobody types at."""
    before = dict(os.environ)
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    parts: list[bytes] = []
    reader = threading.Thread(target=_read_all, args=(master, parts))
    reader.start()
    sys.stdout.flush()
    kept = {descriptor: os.dup(descriptor) for descriptor in (0, 1, 2)}
    streams = sys.stdin, sys.stdout, sys.stderr
    try:
        os.environ.update({"TERM": "xterm-256color"} | dict(environment or {}))
        for descriptor in kept:
            os.dup2(slave, descriptor)
        os.close(slave)
        sys.stdin, sys.stdout, sys.stderr = (
            open(descriptor, mode, encoding="utf-8", closefd=False)  # noqa: SIM115 - closed below
            for descriptor, mode in ((0, "r"), (1, "w"), (2, "w"))
        )
        status = run(list(arguments))
        sys.stdout.flush()
    finally:
        sys.stdin, sys.stdout, sys.stderr = streams
        for descriptor, copy in kept.items():
            os.dup2(copy, descriptor)
            os.close(copy)
        os.environ.clear()
        os.environ.update(before)
        reader.join()
        os.close(master)
    screen = pyte.HistoryScreen(columns, rows, history=5000)
    pyte.ByteStream(screen).feed(b"".join(parts))
    lines = "\n".join(line.rstrip() for line in screen.display).rstrip("\n").split("\n")
    return Shown(int(status), b"".join(parts).decode(), lines)


def _read_all(descriptor: int, parts: list[bytes]) -> None:
    with suppress(OSError):  # nobody has the other side open any more
        while part := os.read(descriptor, 65536):
            parts.append(part)


class Terminal:
    """The command on a terminal, whose screen can be read. Use it in a `with` block, which ends what still runs."""

    def __init__(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        *,
        columns: int = 80,
        rows: int = 24,
        program: Any = None,
    ) -> None:
        self.raw = b""
        self._closed = self._is_hung_up = False
        self._screen = pyte.HistoryScreen(columns, rows, history=5000)
        self._stream = pyte.ByteStream(self._screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        variables = {"TERM": "xterm-256color", "LANG": "C.UTF-8", **environment}
        self.process = subprocess.Popen(
            [*(program or [USERMGR]), *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env=variables,
            start_new_session=True,
            preexec_fn=_at_its_terminal,  # noqa: PLW1509 - the child's own
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.hang_up()

    @property
    def screen(self) -> list[str]:
        """The lines of the screen, without blanks at their ends and without empty lines below."""
        return "\n".join(line.rstrip() for line in self._screen.display).rstrip("\n").split("\n")

    @property
    def text(self) -> str:
        """All that was shown, as the program wrote it."""
        return self.raw.decode(errors="replace")

    def expect(self, text: str, *, times: int = 1, seconds: float = 60) -> None:
        """Waits until the screen shows the text so many times."""
        self._until(lambda: "\n".join(self.screen).count(text) >= times, f"{text!r} was not shown", seconds)

    def type(self, text: str) -> None:
        """Types it."""
        os.write(self._master, text.encode())

    def interrupt(self) -> None:
        """Types Ctrl-C, as somebody who has read what is on the screen, once the program waits for something: between
        writing a question and waiting for the answer Python looks for no signal.
        """
        state = Path(f"/proc/{self.process.pid}/stat")
        deadline = time.monotonic() + 60
        while state.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline, "it waits for nothing"
            time.sleep(0.005)
        self.type("\x03")

    def hang_up(self) -> None:
        """Closes it, as somebody who closes the window."""
        if not self._is_hung_up:
            os.close(self._master)
        self._is_hung_up = self._closed = True

    def wait(self, seconds: float = 60) -> int:
        """Waits for the command to end, and returns its status; 128 and the number of a signal that killed it."""
        self._until(lambda: self.process.poll() is not None and self._closed, "it did not end", seconds)
        status = self.process.returncode
        return 128 - status if status < 0 else status

    def _until(self, condition: Callable[[], bool], failure: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while True:
            self._read()
            if condition():
                return
            if time.monotonic() > deadline or (self._closed and self.process.poll() is not None):
                raise AssertionError(f"{failure}:\n" + "\n".join(self.screen))

    def _read(self) -> None:
        """What has arrived. A terminal hands on what a program wrote some time later, even after its end."""
        if self._closed:
            time.sleep(0.005)
            return
        ready, _, _ = select.select([self._master], [], [], 0.02)
        if not ready:
            return
        try:
            part = os.read(self._master, 65536)
        except OSError:  # the other side is gone, and all is read
            self._closed = True
            return
        self.raw += part
        self._stream.feed(part)


def _at_its_terminal() -> None:
    """Of the child: its terminal is the one that Ctrl-C comes from, and does what it does for whoever types it."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)  # a runner in the background has it ignored


def interrupt(process: subprocess.Popen[Any]) -> None:
    """What Ctrl-C does to a process."""
    process.send_signal(signal.SIGINT)
