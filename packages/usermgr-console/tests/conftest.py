"""A console on an embedded store with sample people, and a browser for it that has no window and no script."""

from __future__ import annotations

import asyncio
import fcntl
import html
import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

import httpx
import pytest

from usermgr import ActivityStore, User, UserManager
from usermgr.frontends import AuditFile
from usermgr_console import Config, Console, Role, create_app
from usermgr_console._sample import open_sample
from usermgr_console._sessions import Person
from usermgr_console._work import Piece, State

AUDIT_KEY = b"a key of thirty-two bytes or more"
ORIGIN = "https://people.example.org"
GROUPS = {
    "administrators": frozenset({"administrators"}),
    "support": frozenset({"support"}),
    "readers": frozenset({"readers"}),
}


NPM = Path(__file__).parents[3] / ".tools" / "npm"
CALLBACK, SIGNED_OUT = f"{ORIGIN}/sign-in/callback", f"{ORIGIN}/sign-in"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.seconds = 1_800_000_000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(frozen=True)
class Answer:
    """What a browser got."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    def header(self, name: str) -> str | None:
        """The header's value."""
        return next((value for found, value in self.headers if found == name.lower()), None)

    @property
    def path(self) -> str:
        """Where a redirect leads to."""
        return self.header("location") or ""

    def names(self) -> list[str]:
        """The user names of the list, in their order."""
        return [html.unescape(name) for name in re.findall(r'<th scope="row"><a [^>]*><bdi>([^<]*)</bdi>', self.text)]

    def form(self) -> dict[str, str]:
        """The fields of the form of attributes, as the page shows them."""
        fields = dict(re.findall(r'name="((?:was|value)\.[^"]+)"\s+value="([^"]*)"', self.text))
        for name, options in re.findall(r'<select [^>]*name="(value\.[^"]+)">(.*?)</select>', self.text):
            chosen = re.search(r'value="(\w*)" selected', options)
            fields[name] = chosen[1] if chosen else ""
        return {name: html.unescape(value) for name, value in fields.items()}

    def tokens(self) -> list[str]:
        """The tokens of the page's forms."""
        return re.findall(r'name="form-token" value="([^"]+)"', self.text)


async def call(app: Any, scope: dict[str, Any], chunks: list[bytes]) -> Answer:
    """One request of ASGI."""
    waiting = [
        {"type": "http.request", "body": chunk, "more_body": i < len(chunks) - 1} for i, chunk in enumerate(chunks)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if waiting:
            return waiting.pop(0)
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(scope, receive, send)
    headers = [(name.decode().lower(), value.decode("latin-1")) for name, value in sent[0]["headers"]]
    return Answer(sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent[1:]))


class Browser:
    """Keeps the cookie, follows nothing by itself, and sends what browsers send."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.config = console.services.config
        self.cookie: str | None = None

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str | None] | None = None,
        chunks: list[bytes] | None = None,
        fields: list[tuple[str, str]] | None = None,
        address: str = "192.0.2.7",
    ) -> Answer:
        """One request; a header of `None` is not sent."""
        parts = urlsplit(path)
        sent: dict[str, str | None] = {
            "host": self.config.host, "sec-fetch-site": "same-origin", "sec-fetch-mode": "navigate",
            "sec-fetch-dest": "document", "cookie": self.cookie and f"{self.config.cookie}={self.cookie}",
        }  # fmt: skip
        if method == "POST":
            sent |= {"origin": self.config.origin, "content-type": "application/x-www-form-urlencoded"}
        sent |= headers or {}
        chunks = [urlencode(fields or []).encode()] if chunks is None else chunks
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
            "scheme": urlsplit(self.config.origin).scheme, "path": unquote(parts.path), "raw_path": parts.path.encode(),
            "query_string": parts.query.encode(), "root_path": "", "client": (address, 50000),
            "server": ("127.0.0.1", 1),
            "headers": [(n.encode(), v.encode("latin-1")) for n, v in sent.items() if v is not None],
        }  # fmt: skip
        answer = asyncio.run(call(self.console, scope, chunks))
        given = answer.header("set-cookie")
        if given is not None:
            name, _, value = given.partition(";")[0].partition("=")
            assert name == self.config.cookie
            self.cookie = value
        return answer

    def get(self, path: str, **how: Any) -> Answer:
        """A page."""
        return self.send("GET", path, **how)

    def post(self, path: str, fields: dict[str, Any] | None = None, *, token: str | None = None, **how: Any) -> Answer:
        """A form; with a good token unless another one is given."""
        pairs = [("form-token", self.token() if token is None else token)]
        for name, value in (fields or {}).items():
            pairs += [(name, str(one)) for one in (value if isinstance(value, list) else [value])]
        return self.send("POST", path, fields=pairs, **how)

    def upload(self, path: str, fields: dict[str, str], name: str, content: bytes, **how: Any) -> Answer:
        """A form with a file."""
        line = b"--of-a-form"
        pairs = {"form-token": self.token(), **fields}
        parts = [
            f'Content-Disposition: form-data; name="{key}"\r\n\r\n{value}'.encode() for key, value in pairs.items()
        ]
        parts.append(f'Content-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'.encode() + content)
        body = b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"
        headers: dict[str, str | None] = {"content-type": "multipart/form-data; boundary=of-a-form"}
        return self.send("POST", path, headers=headers | how.pop("headers", {}), chunks=[body], **how)

    def follow(self, answer: Answer) -> Answer:
        """Where work leads to, once it is not under way any more."""
        assert answer.status == 303, answer.text
        finished(self.console, answer.path.rpartition("/")[2])
        return self.get(answer.path)

    def token(self) -> str:
        """A form's token that is good for this browser."""
        if self.cookie is None:
            self.cookie = "a-browser-that-is-not-signed-in"
        return self.console.services.forms.make(self.cookie)

    def sign_in(self, role: Role, user: User | None = None) -> Browser:
        """Puts a session into the file, and its number into this browser."""
        name, username, sub = ("kim", None, None) if user is None else (user.username, user.username, user.sub)
        self.cookie = self.console.services.sessions.open(Person(name, role, "store", username, sub))
        return self


def finished(console: Console, identity: str) -> Piece:
    """The piece of work, once it does not run."""
    deadline = time.monotonic() + 60
    while (piece := console.services.work.find(identity)) and piece.state is State.RUNNING:
        assert time.monotonic() < deadline, "it is under way still"
        time.sleep(0.01)
    assert piece is not None
    return piece


@dataclass
class Stage:
    """A console with its store and its clock."""

    console: Console
    users: UserManager
    activity: ActivityStore
    clock: Clock

    def browser(self, role: Role | None = None, user: User | None = None) -> Browser:
        """A browser, signed in or not."""
        browser = Browser(self.console)
        return browser if role is None else browser.sign_in(role, user)

    def path_of(self, name: str) -> str:
        """The address of a person's page."""
        return f"/people/{self.users.get_user(name).sub}"

    def prefer(self, key: str, **wanted: object) -> None:
        """Keeps preferences of somebody."""
        kept = self.console.services.preferences
        kept.keep(key, kept.of(key).changed(wanted))

    def finished(self, answer: Answer) -> Piece:
        """The piece of work that the answer leads to, once it does not run."""
        return finished(self.console, answer.path.rpartition("/")[2])

    def newest(self, kind: str) -> Piece:
        """The newest piece of work of that kind, once it does not run."""
        return finished(self.console, self.console.services.work.latest(kind)[0].id)

    def lose(self, piece: Piece) -> None:
        """Leaves the piece as a process leaves it that is killed while it runs it."""
        with piece.path("lock").open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # its thread has written its state, and may not have ended yet
            piece.keep("state.json", {"state": State.RUNNING, "result": {}})

    def state(self) -> list[object]:
        """All that the store holds, to compare."""
        members = {
            group.name: [user.sub for user in self.users.iter_users_in_group(group.name)]
            for group in self.users.iter_groups()
        }
        return [*self.users.iter_users(), *self.users.iter_groups(), members]


@pytest.fixture(scope="session")
def staged() -> Callable[..., Iterator[Stage]]:
    """For fixtures of other scopes: yields a stage on a copy of the sample, and closes it at the next step."""
    return _staged


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store of sample people, to be copied."""
    folder = tmp_path_factory.mktemp("sample")
    users, activity = open_sample(folder, people=30)
    users.close()
    activity.close()
    return folder


@pytest.fixture
def stage(sample: Path, tmp_path: Path) -> Iterator[Stage]:
    """A console with a store of its own."""
    yield from _staged(sample, tmp_path)


@pytest.fixture
def browser(stage: Stage) -> Browser:
    """An administrator's."""
    return stage.browser(Role.ADMINISTRATOR)


@pytest.fixture(scope="module")
def shared_stage(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A console that the tests of a module share: those that change nothing, because they are refused."""
    yield from _staged(sample, tmp_path_factory.mktemp("shared"))


@pytest.fixture
def make_stage(sample: Path, tmp_path: Path) -> Iterator[Callable[..., Stage]]:
    """Makes consoles with other settings."""
    running: list[Iterator[Stage]] = []

    def make(**settings: Any) -> Stage:
        running.append(_staged(sample, tmp_path / str(len(running)), **settings))
        return next(running[-1])

    yield make
    for one in running:
        next(one, None)


def _staged(sample: Path, folder: Path, **settings: Any) -> Iterator[Stage]:
    """Opens a copy of the sample, and closes it."""
    store = folder / "store"
    shutil.copytree(sample, store)
    users, activity = open_sample(store)
    clock = Clock()
    made = {"origin": ORIGIN, "folder": folder / "console", **GROUPS, **settings}
    given = {name: made.pop(name) for name in ("audit", "wrap") if name in made}
    given.setdefault("audit", AuditFile(folder / "audit.jsonl", [AUDIT_KEY]))
    wrapped = given.pop("wrap", lambda manager: manager)(users)
    console = create_app(wrapped, activity, config=Config(**made), now=clock, **given)
    yield Stage(console, users, activity, clock)
    console.close()
    users.close()
    activity.close()


# --- An identity provider ----------------------------------------------------------------------------

SECRET = "the-secret-of-the-client-at-the-provider"


class IdentityProvider:
    """npm's oidc-provider in a process of its own, and a browser that signs in there."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer

    def put(self, sub: str, **claims: object) -> None:
        """Somebody who can sign in there."""
        httpx.put(f"{self.issuer}/accounts/{sub}", json=claims).raise_for_status()

    def sign_in(self, address: str, sub: str | None) -> str:
        """What a browser does with the address: where it is led back to. `None` goes away from the form."""
        with httpx.Client(base_url=self.issuer) as client:
            form = client.get(client.get(address).headers["location"]).text
            if sub is None:
                answer = client.get(re.findall(r'href="([^"]+/abort)"', form)[0])
            else:
                fields = {"prompt": "login", "login": sub, "password": "any"}
                answer = client.post(re.findall(r'action="([^"]+)"', form)[0], data=fields)
            while answer.headers["location"].startswith(("/", self.issuer)):
                answer = client.get(answer.headers["location"])
        return answer.headers["location"]


@pytest.fixture(scope="module")
def provider() -> Iterator[IdentityProvider]:
    """An identity provider on loopback, with a client that has a secret and one that has none."""
    assert (NPM / "node_modules" / "oidc-provider").is_dir(), "oidc-provider is missing: make npm"
    common = {"redirect_uris": [CALLBACK], "post_logout_redirect_uris": [SIGNED_OUT]}
    loopback = {
        "application_type": "native", "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/sign-in/callback"],
        "post_logout_redirect_uris": ["http://127.0.0.1/sign-in"],
    }  # fmt: skip
    clients = [
        {"client_id": "console", "client_secret": SECRET, **common},
        {"client_id": "public", "token_endpoint_auth_method": "none", **common},
        {"client_id": "loopback", **loopback},
    ]
    script = Path(__file__).parent / "browser" / "provider.mjs"
    command = ["node", str(script), str(NPM), json.dumps(clients)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, text=True, **pipes) as process:
        assert process.stdout
        yield IdentityProvider(process.stdout.readline().strip())
        assert process.stdin
        process.stdin.close()
