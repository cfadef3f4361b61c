"""Answers that Cognito does not give, as a broken proxy may send them, end in usermgr's own errors."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from usermgr import Challenge, ChallengeName, Tokens, UserManager
from usermgr.errors import UsermgrError
from usermgr_aws import CallLimits, Connection
from usermgr_cognito import CognitoSettings, CognitoUserManager

PASSWORD = "S3cret-planted-passw0rd"
REGION = "ap-northeast-1"

ANSWERS: dict[str, tuple[int, Any]] = {
    "empty": (200, b""),
    "list": (200, []),
    "null": (200, None),
    "text": (200, "x"),
    "html": (200, b"<html>"),
    "deep": (200, b'{"a":' * 50_000),
    "members-without-content": (
        200,
        {"User": {}, "Username": 5, "Users": [{}], "Groups": [{}], "Group": {}, "AuthenticationResult": {}},
    ),
    "strange-times": (
        200,
        {
            "Username": "ada",
            "UserCreateDate": 1e300,
            "User": {"Username": "ada", "UserCreateDate": "never"},
            "Users": [{"Username": "ada", "UserCreateDate": -1e300}],
            "Groups": [{"GroupName": "g", "CreationDate": 1e30}],
            "Group": {"GroupName": "g", "CreationDate": "never"},
            "AuthenticationResult": {"AccessToken": 5},
        },
    ),
    "attributes-without-names": (
        200,
        {
            "Username": "ada",
            "UserAttributes": [{}],
            "User": {"Username": "ada", "Attributes": [{}]},
            "Users": [{"Username": "ada", "Attributes": 5}],
            "Groups": [5],
            "Group": 5,
            "ChallengeName": 5,
        },
    ),
    "challenge-without-parameters": (200, {"ChallengeName": "SMS_MFA", "ChallengeParameters": 5}),
    "code-is-a-number": (400, {"__type": 5}),
    "code-is-an-object": (400, {"__type": {"a": 1}}),
    "code-is-long": (400, {"__type": "X" * 100_000}),
    "code-with-a-line": (400, {"__type": "Gone\nforged line"}),
    "error-is-a-list": (400, []),
    "refusal": (400, {"__type": "InvalidParameterException", "message": PASSWORD}),
    "server-error-without-a-body": (500, b""),
}

CHALLENGE = Challenge(ChallengeName.NEW_PASSWORD_REQUIRED, "ada", "s" * 30, {"requiredAttributes": "5"})
OPERATIONS: dict[str, Callable[[UserManager], Any]] = {
    "add_user": lambda users: users.add_user("ada", PASSWORD),
    "get_user": lambda users: users.get_user("ada"),
    "update_user": lambda users: users.update_user("ada", {"name": "Ada"}),
    "ensure_user": lambda users: users.ensure_user("ada", {"name": "Ada"}),
    "iter_users": lambda users: list(users.iter_users()),
    "get_users_by_email": lambda users: users.get_users_by_email("ada@example.org"),
    "get_group": lambda users: users.get_group("g"),
    "iter_groups": lambda users: list(users.iter_groups()),
    "iter_groups_for_user": lambda users: list(users.iter_groups_for_user("ada")),
    "authenticate": lambda users: users.authenticate("ada", PASSWORD),
    "answer_challenge": lambda users: users.answer_challenge(CHALLENGE, PASSWORD),
    "refresh": lambda users: users.refresh(Tokens("ada", "a", "i", "r", 1)),
}


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True
    answer: tuple[int, bytes]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Proxy

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, content = self.server.answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def proxy() -> Iterator[_Proxy]:
    """Answers every request alike."""
    with _Proxy(("127.0.0.1", 0), _Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def users(proxy: _Proxy, monkeypatch: pytest.MonkeyPatch) -> UserManager:
    """Cognito's users, by way of the proxy."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    connection = Connection(REGION, endpoint_url=f"http://127.0.0.1:{proxy.server_port}")
    settings = CognitoSettings(REGION, f"{REGION}_AbCdEf123", "abc")
    return CognitoUserManager(settings, connection=connection, limits=CallLimits(attempts=1))


@pytest.mark.parametrize("name", ANSWERS)
def test_only_our_errors(name: str, users: UserManager, proxy: _Proxy) -> None:
    """Whatever answers, each operation returns or raises one of usermgr's errors, short and without the password."""
    status, answer = ANSWERS[name]
    proxy.answer = (status, answer if isinstance(answer, bytes) else json.dumps(answer).encode())
    foreign: dict[str, str] = {}

    for operation, call in OPERATIONS.items():
        try:
            call(users)
        except UsermgrError as error:
            text = f"{error} {error.details}"
            if PASSWORD in text or len(text) > 2000 or "forged line" in text:
                foreign[operation] = text[:200]
        except Exception as error:  # noqa: BLE001 - what the test is about
            foreign[operation] = repr(error)[:200]

    assert foreign == {}
