"""How much CPU does `usermgr` need before it does anything?

    .venv/bin/python benchmarks/cli/startup.py [rounds]

In turn, in processes of their own: click's hello world plus one scan of the entry points, which is the least that a
command with commands of other packages can need; `usermgr --help`; `usermgr user --help`; and what a shell runs for
Tab. The CPU of each (user and system) is a median over the rounds, after one round that does not count. Exits with 1
when `--help` or completion takes more than twice as much as the hello world.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

WITHIN = 2.0
HELLO = """
import click
from importlib.metadata import entry_points

@click.command()
def hello():
    click.echo("Hello, world")

list(entry_points(group="usermgr.commands"))
hello()
"""


def cpu(command: list[str], environment: Mapping[str, str]) -> float:
    """The CPU seconds of the command."""
    process = subprocess.Popen(command, env=dict(environment), stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime


def main() -> int:
    """Measures and prints; the exit status."""
    rounds = int(sys.argv[1]) if sys.argv[1:] else 20
    usermgr = str(Path(sys.executable).with_name("usermgr"))
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("USERMGR_", "PYTHON"))}
    tab = plain | {"_USERMGR_COMPLETE": "bash_complete", "COMP_WORDS": "usermgr pro", "COMP_CWORD": "1"}
    with tempfile.TemporaryDirectory() as folder:
        hello = Path(folder, "hello.py")
        hello.write_text(HELLO)
        runs = {
            "click's hello world and a scan": ([sys.executable, str(hello)], plain),
            "usermgr --help": ([usermgr, "--help"], plain),
            "usermgr user --help": ([usermgr, "user", "--help"], plain),
            "completion (usermgr pro<Tab>)": ([usermgr], tab),
        }
        taken: dict[str, list[float]] = {name: [] for name in runs}
        for number in range(rounds + 1):
            for name, (command, environment) in runs.items():
                seconds = cpu(command, environment)
                if number:
                    taken[name].append(seconds)
    medians = {name: statistics.median(times) for name, times in taken.items()}
    base = next(iter(medians.values()))
    for name, median in medians.items():
        print(f"{name:<32} {median * 1000:6.1f} ms CPU   {median / base:4.2f} x")
    counted = [median / base for name, median in medians.items() if name != "usermgr user --help"]
    return 0 if max(counted) <= WITHIN else 1


if __name__ == "__main__":
    sys.exit(main())
