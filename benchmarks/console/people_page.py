"""Is the people page as soon there with a million people as with a hundred?

    .venv/bin/python benchmarks/console/people_page.py [people]

Serves a console on each of the two stores of `benchmarks/local/search.py`, over HTTP on loopback, and asks for the same
page of both in turns: seconds until the first byte. The figures are medians; a page has as many people in both.
"""

from __future__ import annotations

import http.client
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from urllib.parse import quote

import uvicorn

sys.path.insert(0, str(Path(__file__).parents[1] / "local"))
from search import FEW, attributes_of, store_of

from usermgr_console import Config, Role, create_app
from usermgr_console._server import bind
from usermgr_console._sessions import Person
from usermgr_local import LocalUserManager

REQUESTS = 100


class Console:
    """A console on a store, and a connection to it of somebody who is signed in."""

    def __init__(self, users: LocalUserManager, folder: Path, last: dict[str, str]) -> None:
        listening = bind(0)
        port = listening.getsockname()[1]
        self.last = last
        self.app = create_app(users, users.activity, config=Config(f"http://127.0.0.1:{port}", folder))
        config = uvicorn.Config(self.app, access_log=False, log_level="critical", lifespan="off")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [listening]}, daemon=True)
        self._thread.start()
        number = self.app.services.sessions.open(Person("benchmark", Role.ADMINISTRATOR, "store"))
        self._headers = {"Cookie": f"{self.app.services.config.cookie}={number}"}
        self._connection = http.client.HTTPConnection("127.0.0.1", port)

    def ask(self, path: str) -> tuple[float, int, int]:
        """Seconds until the first byte, how many people the page has, and its bytes."""
        start = time.perf_counter()
        self._connection.request("GET", path, headers=self._headers)
        answer = self._connection.getresponse()
        seconds = time.perf_counter() - start
        body = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        return seconds, body.count(b'<th scope="row">'), len(body)

    def close(self) -> None:
        """Stops serving."""
        self._server.should_exit = True
        self._thread.join()
        self.app.close()


CASES = {
    "the plain list": lambda _: "/people",
    "an exact e-mail": lambda last: f"/people?q={quote('email=' + last['email'])}",
    'contains: email~"example"': lambda _: "/people?q=email~example",
    "contains a two-character name: name~田中": lambda _: f"/people?q={quote('name~田中')}",
    "a two-character name as a word: 田中": lambda _: f"/people?q={quote('田中')}",
    "a one-character word: 中": lambda _: f"/people?q={quote('中')}",
}


def main(count: int) -> None:
    """Prints the median of each case on both, and their ratio."""
    folder = Path(tempfile.gettempdir()) / "usermgr-benchmark-search"
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        stores = [store_of(folder, size) for size in (FEW, count)]
        consoles = [
            Console(store, Path(temporary) / str(size), attributes_of(size - 1))
            for store, size in zip(stores, (FEW, count), strict=True)
        ]
        print(f"{'':44}{FEW:>12}{count:>12}   ratio   people   bytes")
        for name, path in CASES.items():
            for console in consoles:
                console.ask(path(console.last))
            spent: list[list[float]] = [[], []]
            rows: list[int] = [0, 0]
            size = 0
            for _ in range(REQUESTS):
                for index, console in enumerate(consoles):
                    seconds, rows[index], size = console.ask(path(console.last))
                    spent[index].append(seconds)
            few, many = map(statistics.median, spent)
            print(f"{name:44}{few * 1e3:9.2f} ms{many * 1e3:9.2f} ms   {many / few:5.2f}   {rows}   {size:,}")
        for console, store in zip(consoles, stores, strict=True):
            console.close()
            store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
