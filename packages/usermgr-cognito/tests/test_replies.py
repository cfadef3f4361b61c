"""Replies that are not what Cognito sends: an emulator's, a proxy's, or ones that broke off."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import boto3
import pytest

from usermgr import Challenge, ChallengeName, Tokens, UserManager, where
from usermgr.errors import InvalidCodeError, UsermgrError
from usermgr_aws import CallLimits, Connection
from usermgr_cognito import CognitoSettings, CognitoUserManager

PASSWORD = "S3cret-planted-passw0rd"
TOKENS = Tokens("alice", "a.b.c", "a.b.c", "garbage", 3600)
CHALLENGE = Challenge(
    ChallengeName.NEW_PASSWORD_REQUIRED, "alice", "x" * 40, {"requiredAttributes": 7}  # type: ignore[dict-item]
)  # fmt: skip
SETUP = Challenge(ChallengeName.MFA_SETUP, "alice", "x" * 40, {"secret_code": "ABC"})

CALLS: Mapping[str, Callable[[UserManager], object]] = {
    "add_user": lambda users: users.add_user("alice", PASSWORD),
    "get_user": lambda users: users.get_user("alice"),
    "update_user": lambda users: users.update_user("alice", {"name": "Alice"}),
    "ensure_user": lambda users: users.ensure_user("alice", {"name": "Alice"}),
    "reset_password": lambda users: users.reset_password("alice"),
    "list_users": lambda users: users.list_users(),
    "get_users_by_email": lambda users: users.get_users_by_email("alice@example.org"),
    "search_users": lambda users: list(users.search_users(where("custom:team").equals("red"))),
    "group": lambda users: list(users.search_users(where("group").equals("staff"))),
    "add_group": lambda users: users.add_group("staff"),
    "get_group": lambda users: users.get_group("staff"),
    "iter_groups": lambda users: list(users.iter_groups()),
    "iter_groups_for_user": lambda users: list(users.iter_groups_for_user("alice")),
    "authenticate": lambda users: users.authenticate("alice", PASSWORD),
    "answer_challenge": lambda users: users.answer_challenge(CHALLENGE, PASSWORD),
    "refresh": lambda users: users.refresh(TOKENS),
    "describe": lambda users: users.describe(),
    "invite_user": lambda users: users.invite_user("alice", {"email": "alice@example.org"}),
    "resend_invitation": lambda users: users.resend_invitation("alice"),
    "confirm_user": lambda users: users.confirm_user("alice"),
    "get_mfa": lambda users: users.get_mfa("alice"),
    "set_mfa": lambda users: users.set_mfa("alice", []),
    "reset_mfa": lambda users: users.reset_mfa("alice"),
    "enrol": lambda users: users.answer_challenge(SETUP, "123456"),
}


def reply(value: Any, **members: Any) -> bytes:
    """A reply to any operation, in which every member that we read has that value."""
    names = ("User", "Users", "Group", "Groups", "AuthenticationResult", "UserPool", "UserPoolClient")
    return json.dumps(
        {"Username": "alice", "MfaConfiguration": "OPTIONAL", **dict.fromkeys(names, value), **members}
    ).encode()


def users_created(moment: Any) -> bytes:
    """A reply whose users and groups were created at that time."""
    user = {"Username": "alice", "UserCreateDate": moment}
    group = {"GroupName": "staff", "CreationDate": moment}
    return reply({}, User=user, Users=[user], Group=group, Groups=[group], UserCreateDate=moment)


REPLIES = {
    "nothing": b"",
    "an empty object": b"{}",
    "a list": b"[]",
    "a number": b"7",
    "a string": b'"x"',
    "null": b"null",
    "a page of HTML": b"<html></html>",
    "no UTF-8": b"\xff\xfe{}",
    "deep JSON": b"[" * 20_000,
    "strings for members": reply("x"),
    "numbers for members": reply(7),
    "null for members": reply(None),
    "objects for members": reply({}),
    "lists for members": reply([]),
    "lists of null": reply([None]),
    "lists of empty objects": reply([{}]),
    "no date": users_created("yesterday"),
    "a date too late": users_created(1e30),
    "a date that UTC does not have": users_created("0001-01-01T00:00:00+14:00"),
    "attributes without a name": reply({"Username": "alice", "Attributes": [{}]}, UserAttributes=[{}]),
    "a status that is a number": reply({"Username": "alice", "UserStatus": 7}, UserStatus=7),
    "a token that is a number": reply({"AccessToken": 7}),
    "a life that is a string": reply({"AccessToken": "a.b.c", "ExpiresIn": "x"}),
    "a challenge that is a number": b'{"ChallengeName": 7}',
    "a mode that is a number": reply({}, MfaConfiguration=7),
    "methods that are a number": reply({}, UserMFASettingList=7, PreferredMfaSetting=7, MFAOptions=7),
    "methods that are numbers": reply({}, UserMFASettingList=[7], MFAOptions=[7]),
    "settings that are texts": reply({}, SmsMfaConfiguration="x", SoftwareTokenMfaConfiguration="x"),
    "a bound that is not a number": reply(
        {"SchemaAttributes": [{"Name": "x", "StringAttributeConstraints": {"MinLength": "x"}}]}
    ),
    "a refusal that quotes": json.dumps({"__type": "InvalidParameterException", "message": PASSWORD}).encode(),
    "a code that is a number": b'{"__type": 5}',
    "a code that is an object": b'{"__type": {"a": 1}}',
    "a code that is long": json.dumps({"__type": "X" * 100_000}).encode(),
    "a code with a line": json.dumps({"__type": "Gone\nforged line"}).encode(),
    "an error of an app client with rotation": b'{"__type": "UnsupportedOperationException"}',
}  # fmt: skip


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    answer = (200, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        status, content = type(self).answer
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    """The address of a service that answers every request with `_Handler.answer`."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def users(endpoint: str) -> UserManager:
    """A manager that believes this service to be Cognito."""
    session = boto3.session.Session(aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="planted")
    connection = Connection("ap-northeast-1", session=session, endpoint_url=endpoint)
    settings = CognitoSettings("ap-northeast-1", "ap-northeast-1_AbCdEf123", "1example23456789")
    return CognitoUserManager(settings, connection=connection, limits=CallLimits(attempts=1))


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("content", [pytest.param(content, id=name) for name, content in REPLIES.items()])
def test_strange_reply_is_an_error_of_ours(
    users: UserManager, status: int, content: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever answers in Cognito's place, an operation works or raises a short error of ours, without a secret."""
    monkeypatch.setattr(_Handler, "answer", (status, content))
    foreign: list[str] = []

    for name, call in CALLS.items():
        try:
            call(users)
        except UsermgrError as error:
            text = f"{error} {error.details}"
            if PASSWORD in text or len(text) > 2000 or "forged line" in text:
                foreign.append(f"{name}: {text[:200]}")
        except Exception as error:  # noqa: BLE001 - that there are others is the failure
            foreign.append(f"{name}: {type(error).__name__}")

    assert foreign == []


def test_blank_page_token_ends_a_listing(users: UserManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty page token, which an emulator may send with the last page, means that there is no other page."""
    user, group = {"Username": "alice"}, {"GroupName": "staff"}
    last = reply({}, Users=[user], Groups=[group], PaginationToken="", NextToken="")
    monkeypatch.setattr(_Handler, "answer", (200, last))

    assert [user.username for user in users.iter_users()] == ["alice"]
    assert [group.name for group in users.iter_groups()] == ["staff"]


def test_code_that_was_not_taken_is_wrong(users: UserManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """VerifySoftwareToken may answer ERROR where nothing is refused; the challenge stays open for another code."""
    monkeypatch.setattr(_Handler, "answer", (200, b'{"Status": "ERROR"}'))
    with pytest.raises(InvalidCodeError):
        users.answer_challenge(SETUP, "123456")
