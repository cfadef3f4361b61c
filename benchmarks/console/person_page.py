"""Is one person's page as soon there beside a large audit file as beside a small one?

    .venv/bin/python benchmarks/console/person_page.py [lines]

Serves a console in a process of its own for each size of the audit file, none of whose lines is about the person, which
is the case where most of it is looked at, and asks each for the same page in turns: seconds until the first byte, and
until the last one. The figures are medians.
"""

from __future__ import annotations

import http.client
import multiprocessing
import statistics
import sys
import tempfile
import time
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path

import uvicorn

from usermgr.audit import Actor, FileSink, Outcome, Record
from usermgr.audit._record import Described
from usermgr.frontends import AuditFile
from usermgr_console import Config, Role, create_app
from usermgr_console._sample import open_sample
from usermgr_console._server import bind
from usermgr_console._sessions import Person

FEW, REQUESTS, KEY = 100, 100, b"a key of thirty-two bytes or more"


def write(path: Path, lines: int) -> None:
    """That many changes of other people."""
    sink = FileSink(path, KEY)
    actor = Actor("kim", {"address": "192.0.2.7", "by": "usermgr-console"}, "15afed309054a313")
    for start in range(0, lines, 1000):
        sink.write_all(
            [
                Record(
                    f"{number:032x}", datetime.now(UTC), actor, "update_user",
                    Described({"username": f"other{number}"}, ("email", "name")), Outcome.DONE,
                )
                for number in range(start, min(start + 1000, lines))
            ]
        )  # fmt: skip


def serve(folder: Path, lines: int, told: Connection) -> None:
    """Serves until the process ends; tells the port, the cookie and the path of the page."""
    users, activity = open_sample(folder, people=30)
    audit = AuditFile(folder / "audit.jsonl", [KEY])
    write(audit.path, lines)
    listening = bind(0)
    port = listening.getsockname()[1]
    app = create_app(users, activity, config=Config(f"http://127.0.0.1:{port}", folder / "console"), audit=audit)
    number = app.services.sessions.open(Person("benchmark", Role.ADMINISTRATOR, "store"))
    told.send((port, f"{app.services.config.cookie}={number}", f"/people/{users.get_user('ada').sub}"))
    config = uvicorn.Config(app, access_log=False, log_level="critical", lifespan="off")
    uvicorn.Server(config).run(sockets=[listening])


def ask(connection: http.client.HTTPConnection, cookie: str, path: str) -> tuple[float, float]:
    """Seconds until the first byte, and until the last."""
    start = time.perf_counter()
    connection.request("GET", path, headers={"Cookie": cookie})
    answer = connection.getresponse()
    first = time.perf_counter() - start
    if answer.status != 200 or b"Who changed this account" not in answer.read():
        raise SystemExit(f"{path}: {answer.status}")
    return first, time.perf_counter() - start


def main(lines: int) -> None:
    """Prints the medians for both sizes, and their ratio."""
    with tempfile.TemporaryDirectory() as temporary:
        processes, pages = [], []
        for size in (FEW, lines):
            here, there = multiprocessing.Pipe()
            folder = Path(temporary) / str(size)
            folder.mkdir(mode=0o700)
            processes.append(multiprocessing.Process(target=serve, args=(folder, size, there), daemon=True))
            processes[-1].start()
            port, cookie, path = here.recv()
            pages.append((http.client.HTTPConnection("127.0.0.1", port), cookie, path))
        for page in pages:
            ask(*page)
        spent = [[ask(*page) for page in pages] for _ in range(REQUESTS)]
        print(f"{'':12}{FEW:>12}{lines:>12}   ratio")
        for index, name in enumerate(("first byte", "last byte")):
            few, many = (statistics.median(times[size][index] for times in spent) for size in (0, 1))
            print(f"{name:12}{few * 1e3:9.2f} ms{many * 1e3:9.2f} ms   {many / few:5.2f}")
        for process in processes:
            process.terminate()
            process.join()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
