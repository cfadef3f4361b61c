"""Planted secrets are searched for wherever text goes: logs, exceptions, reprs, replies."""

from __future__ import annotations

import http.server
import json
import logging
import subprocess
import sys
import threading
import traceback
from collections.abc import Iterator
from typing import Any

import pytest

from usermgr import Challenge, ChallengeName, Factory, Tokens, UserManager, wire
from usermgr.errors import UsermgrError
from usermgr.operations import OPERATIONS
from usermgr_cognito import CognitoSettings, CognitoUserManager, redact_sdk_logs
from usermgr_lambda_client import LambdaUserManager

PASSWORD, CLIENT_SECRET, TOKEN = "PlantedPassw0rd", "PlantedClientSecret", "PlantedToken"
CHALLENGE = Challenge(ChallengeName.SMS_MFA, "alice", f"{TOKEN}-session-of-twenty-letters", {"k": TOKEN})
TOKENS = Tokens("alice", TOKEN, TOKEN, TOKEN, 3600)
ARGUMENTS: dict[str, Any] = {
    "username": "alice", "password": PASSWORD, "attributes": {"name": "A", "email": None}, "temporary": False,
    "permanent": True, "name": "admins", "group": "admins", "challenge": CHALLENGE, "answer": PASSWORD,
    "tokens": TOKENS, "methods": (),
}  # fmt: skip
SECRETS = (PASSWORD, CLIENT_SECRET, TOKEN)
OUTCOMES = ("success", "service error", "parameter error", "time-out")
PATIENCE = 20.0
"""Seconds to wait for an answer, but where none comes."""


class Stub(http.server.BaseHTTPRequestHandler):
    """Cognito, as far as this test needs it: every answer quotes what it was sent."""

    outcome = "success"
    over = threading.Event()
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if type(self).outcome == "time-out":
            type(self).over.wait(PATIENCE)
            self.close_connection = True
            return
        failed = type(self).outcome == "service error"
        if self.path.startswith("/2015-03-31/functions/"):
            self.answer_invoke(body, failed=failed)
            return
        moment = 1769862600
        attributes = [{"Name": "email", "Value": "alice@example.org"}]
        user = {"Username": "alice", "UserStatus": "FORCE_CHANGE_PASSWORD", "Enabled": True, "UserCreateDate": moment,
                "UserLastModifiedDate": moment, "UserAttributes": attributes, "Attributes": attributes}  # fmt: skip
        header = "e30"  # {}
        answer: dict[str, Any] = {
            **user, "User": user, "Users": [user], "Group": {"GroupName": "admins"}, "Groups": [],
            "UserPool": {}, "MfaConfiguration": "OPTIONAL",
            "AuthenticationResult": {
                "AccessToken": f"{header}.{header}.{TOKEN}", "IdToken": TOKEN, "RefreshToken": TOKEN, "ExpiresIn": 3600,
            },
        }  # fmt: skip
        if self.headers["X-Amz-Target"].endswith("AdminDeleteSoftwareToken"):
            answer = {}
        if type(self).outcome == "enrolment":
            answer = {
                "ChallengeName": "MFA_SETUP", "Session": f"{TOKEN}-session-of-twenty-letters",
                "ChallengeParameters": {"MFAS_CAN_SETUP": '["SOFTWARE_TOKEN_MFA"]'},
                "SecretCode": TOKEN, "Status": "SUCCESS",
            }  # fmt: skip
        if failed:
            answer = {"__type": "InvalidParameterException", "message": f"bad input: {body}"}
        self.answer(json.dumps(answer).encode(), failed=failed)

    def answer_invoke(self, body: str, *, failed: bool) -> None:
        """Lambda: the function's reply, or a refusal that quotes what it was sent."""
        if failed:
            self.answer(json.dumps({"Message": f"Could not parse {body}"}).encode(), failed=True)
        else:
            self.answer(json.dumps(wire.serve(cognito(), json.loads(body), allowed=OPERATIONS)).encode(), failed=False)

    def answer(self, reply: bytes, *, failed: bool) -> None:
        """Status, headers and body."""
        self.send_response(400 if failed else 200)
        self.send_header("Content-Length", str(len(reply)))
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("x-amzn-ErrorType", "InvalidRequestContentException")
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Stub]]:
    """The stub, in the place of every AWS service."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stub)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    Stub.over.clear()
    yield Stub
    Stub.over.set()
    server.shutdown()
    server.server_close()


def cognito(patience: float = PATIENCE) -> UserManager:
    """The Cognito backend with a planted client secret, and without retries."""
    import boto3  # noqa: PLC0415
    from botocore.config import Config  # noqa: PLC0415

    config = Config(retries={"total_max_attempts": 1, "mode": "standard"}, read_timeout=patience)
    client = boto3.client("cognito-idp", region_name="ap-northeast-1", config=config)
    settings = CognitoSettings("ap-northeast-1", "ap-northeast-1_AbCdEf123", "client", CLIENT_SECRET)
    return CognitoUserManager(settings, client)


class InProcess:
    """The function in this process; keeps its replies."""

    def __init__(self, patience: float) -> None:
        self.manager = cognito(patience)
        self.errors: list[str] = []

    def invoke(self, payload: bytes) -> bytes:
        reply = json.dumps(wire.serve(self.manager, json.loads(payload), allowed=OPERATIONS)).encode()
        if b'"error"' in reply:
            self.errors.append(reply.decode())
        return reply


def spoil(arguments: dict[str, Any]) -> dict[str, Any]:
    """The same arguments with a type that nobody takes, where a secret is."""
    wrong = {"password": [PASSWORD], "answer": [PASSWORD], "tokens": {"t": TOKEN}, "challenge": {"c": TOKEN}}
    return {name: wrong.get(name, {"x": PASSWORD}) for name in arguments}


@pytest.mark.parametrize("through", ["cognito", "wire", "lambda"])
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", sorted(OPERATIONS))
def test_no_secret_in_any_text(
    name: str, outcome: str, through: str, stub: type[Stub], caplog: pytest.LogCaptureFixture
) -> None:
    """However an operation ends, no planted secret is in a log, an exception, a repr or an error reply."""
    redact_sdk_logs()
    caplog.set_level(logging.DEBUG)
    stub.outcome = outcome
    patience = 0.1 if outcome == "time-out" else PATIENCE
    transport = InProcess(patience)
    manager: UserManager = {
        "cognito": lambda: transport.manager,
        "wire": lambda: LambdaUserManager(transport),
        "lambda": lambda: Factory.create(Factory.AWS_LAMBDA, region="ap-northeast-1", read_timeout=patience),
    }[through]()
    arguments = {p: ARGUMENTS[p] for p in OPERATIONS[name].parameters if p in ARGUMENTS}
    if name in ("add_user", "invite_user"):
        arguments["attributes"] = {"name": "A", "email": "alice@example.org"}
    if name == "answer_challenge":
        del arguments["attributes"]  # they go with a new password only
    if outcome == "parameter error":
        arguments = spoil(arguments)
    said = [repr(manager), repr(transport.manager)]
    try:
        result = getattr(manager, name)(**arguments)
        said.append(repr(result))
        assert outcome in ("success", "parameter error")
    except UsermgrError as error:
        said += [str(error), repr(error), repr(error.details), "".join(traceback.format_exception(error))]
        assert outcome != "success"
    said += [record.getMessage() for record in caplog.records] + transport.errors
    assert caplog.records or outcome == "parameter error"
    hits = [secret for secret in SECRETS for text in said if secret in text]
    assert hits == []


@pytest.mark.parametrize("through", ["cognito", "wire", "lambda"])
def test_secret_of_an_authenticator_app_is_in_the_challenge_alone(
    through: str, stub: type[Stub], caplog: pytest.LogCaptureFixture
) -> None:
    """The secret of an enrolment crosses the wire in the challenge's parameters, and shows in no log and no repr."""
    redact_sdk_logs()
    caplog.set_level(logging.DEBUG)
    stub.outcome = "enrolment"
    manager: UserManager = {
        "cognito": cognito,
        "wire": lambda: LambdaUserManager(InProcess(PATIENCE)),
        "lambda": lambda: Factory.create(Factory.AWS_LAMBDA, region="ap-northeast-1", read_timeout=PATIENCE),
    }[through]()

    first = manager.authenticate("alice", PASSWORD)
    assert isinstance(first, Challenge)
    second = manager.answer_challenge(first, "123456")

    assert first.parameters["secret_code"] == TOKEN
    said = [repr(first), repr(second), *(record.getMessage() for record in caplog.records)]
    assert [secret for secret in SECRETS for text in said if secret in text] == []


def test_the_search_would_find_one(stub: type[Stub]) -> None:
    """Without redaction the SDK's own log does hold the password, so the test above is not empty."""
    code = (
        "import logging; logging.basicConfig(level=logging.DEBUG)\n"
        "import boto3\n"
        "client = boto3.client('cognito-idp', region_name='ap-northeast-1')\n"
        f"client.admin_set_user_password(UserPoolId='ap-northeast-1_A', Username='alice', Password='{PASSWORD}')\n"
    )
    stub.outcome = "success"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert PASSWORD in done.stderr


@pytest.mark.parametrize("factory", [Factory.AWS_COGNITO])
def test_settings_do_not_show_the_client_secret(factory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the manager nor an error about its settings shows SECRET."""
    monkeypatch.setenv("AWS_REGION", "ap-northeast-1")
    monkeypatch.setenv("USERPOOL_ID", "ap-northeast-1_AbCdEf123")
    monkeypatch.setenv("SECRET", CLIENT_SECRET)
    monkeypatch.delenv("CLIENT_ID", raising=False)
    with pytest.raises(UsermgrError) as caught:
        Factory.create(factory)
    assert CLIENT_SECRET not in repr(caught.value) + str(caught.value.details)
