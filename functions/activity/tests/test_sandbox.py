"""The function in the sandbox: a real trigger, real zips, a real role, and people who sign in."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest

import usermgr
import usermgr_activity
import usermgr_aws
import usermgr_function_activity
from tests.conftest import point_aws_to
from usermgr.activity import bucket_of
from usermgr_activity.table import definition
from usermgr_sandbox import Sandbox

GOLDEN = Path(__file__).parent / "events"
TABLE = "usermgr_activity"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
TELLS_ITS_EVENT = """
import json
def handler(event, context):
    claims = {"claimsToAddOrOverride": {"event": json.dumps(event)}}
    v1 = event["version"] == "1"
    event["response"] = {"claimsOverrideDetails": claims} if v1 else {
        "claimsAndScopeOverrideDetails": {"idTokenGeneration": claims}}
    return event
"""


def zipped(files: dict[str, bytes]) -> bytes:
    """A zip of these files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def recorder_zip() -> bytes:
    """Our four packages and nothing else: the SDK is the runtime's."""
    files: dict[str, bytes] = {}
    for package in (usermgr, usermgr_aws, usermgr_activity, usermgr_function_activity):
        assert package.__file__ is not None
        root = Path(package.__file__).parent
        for path in root.rglob("*.py"):
            files[f"{root.name}/{path.relative_to(root)}"] = path.read_bytes()
    return zipped(files)


@dataclass
class Pool:
    """A pool with one user, whose trigger can be any function."""

    cognito: Any
    functions: Any
    iam: Any
    id: str
    client_id: str
    arn: str

    def attach(self, name: str, code: bytes, handler: str, role: str, version: str) -> None:
        """Makes a function the pool's pre token generation trigger."""
        function = self.functions.create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=role,
            Handler=handler,
            Code={"ZipFile": code},
            Timeout=5,
            Environment={"Variables": {"DYNAMODB_NAME": TABLE}},
        )
        self.functions.add_permission(
            FunctionName=name,
            StatementId="cognito",
            Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com",
            SourceArn=self.arn,
        )
        trigger = {"LambdaArn": function["FunctionArn"], "LambdaVersion": version}
        self.cognito.update_user_pool(
            UserPoolId=self.id,
            LambdaConfig={"PreTokenGeneration": trigger["LambdaArn"], "PreTokenGenerationConfig": trigger},
        )

    def role(self, name: str, actions: list[str]) -> str:
        """A role that may do these actions on the table."""
        arn: str = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
        if actions:
            table = f"arn:aws:dynamodb:ap-northeast-1:123456789012:table/{TABLE}"
            statement = {"Effect": "Allow", "Action": actions, "Resource": table}
            policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            self.iam.put_role_policy(RoleName=name, PolicyName="activity", PolicyDocument=policy)
        return arn

    def sign_in(self) -> dict[str, str]:
        """Tokens for ada."""
        return self._tokens("ADMIN_USER_PASSWORD_AUTH", {"USERNAME": "ada", "PASSWORD": "a-Long-passw0rd"})

    def refresh(self, token: str) -> dict[str, str]:
        """Fresh tokens."""
        return self._tokens("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": token})

    def _tokens(self, flow: str, parameters: dict[str, str]) -> dict[str, str]:
        answer = self.cognito.admin_initiate_auth(
            UserPoolId=self.id, ClientId=self.client_id, AuthFlow=flow, AuthParameters=parameters
        )
        return answer["AuthenticationResult"]


@pytest.fixture(scope="module")
def own_sandbox() -> Iterator[Sandbox]:
    """A sandbox of this file's own: each test empties it, which the shared one's pool would not survive."""
    with Sandbox.start() as sandbox:
        yield sandbox


@pytest.fixture
def pool(own_sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pool]:
    """A pool with ada, and an empty activity table."""
    point_aws_to(own_sandbox, monkeypatch)
    clients = {
        name: boto3.client(name, region_name="ap-northeast-1") for name in ("cognito-idp", "lambda", "iam", "dynamodb")
    }
    clients["dynamodb"].create_table(**definition(TABLE))
    cognito = clients["cognito-idp"]
    made = cognito.create_user_pool(PoolName="of-somebody-else")["UserPool"]
    app = cognito.create_user_pool_client(
        UserPoolId=made["Id"],
        ClientName="web",
        ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
    )["UserPoolClient"]
    cognito.admin_create_user(UserPoolId=made["Id"], Username="ada", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=made["Id"], Username="ada", Password="a-Long-passw0rd", Permanent=True)
    yield Pool(cognito, clients["lambda"], clients["iam"], made["Id"], app["ClientId"], made["Arn"])
    own_sandbox.reset()


def claims(token: str) -> dict[str, Any]:
    """What a token says."""
    body = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))


def shape(value: Any) -> Any:
    """The keys of an event, down to where its content is the pool's or the user's own."""
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else None


@pytest.mark.parametrize("version", ["V1_0", "V2_0", "V3_0"])
def test_sandbox_events_are_the_golden_ones(pool: Pool, version: str) -> None:
    """The sandbox's events have the golden files' keys, for a sign-in and for a refresh."""
    pool.attach(
        "tells", zipped({"tells.py": TELLS_ITS_EVENT.encode()}), "tells.handler", pool.role("tells", []), version
    )
    tokens = pool.sign_in()
    again = pool.refresh(tokens["RefreshToken"])
    golden = json.loads((GOLDEN / f"{version[:2].lower()}.json").read_text())["events"]
    by_source = {event["triggerSource"]: event for event in golden}
    for token in (tokens["IdToken"], again["IdToken"]):
        event = json.loads(claims(token)["event"])
        expected = by_source[event["triggerSource"]]
        for whole in (event, expected):
            whole["request"].pop("clientMetadata", None)  # only where the caller sends some
            whole["request"]["userAttributes"] = {"sub": whole["request"]["userAttributes"]["sub"]}
        assert shape(event) == shape(expected)


def test_sign_in_is_recorded(pool: Pool, own_sandbox: Sandbox) -> None:
    """With dynamodb:UpdateItem and nothing else, a sign-in and a refresh leave their row and day, and get tokens."""
    role = pool.role("activity", ["dynamodb:UpdateItem"])
    pool.attach("activity", recorder_zip(), "usermgr_function_activity.handler.handler", role, "V1_0")
    began = bucket_of(datetime.now(UTC))
    tokens = pool.sign_in()
    pool.refresh(tokens["RefreshToken"])
    ended = bucket_of(datetime.now(UTC))
    store = usermgr_activity.DynamoActivityStore.connect(user_pool_id=pool.id, region="ap-northeast-1")
    activity = store.last_seen(claims(tokens["IdToken"])["sub"])
    assert activity is not None
    assert (activity.sign_in_count, activity.client_id) == (1, pool.client_id)
    assert began <= activity.first_seen <= activity.last_seen <= ended
    assert list(store.active_on(activity.last_seen.date())) == [activity.sub]
    assert {r.operation for r in own_sandbox.requests() if ":assumed-role/activity/" in r.principal} == {
        "UpdateItem",
        "TransactWriteItems",
    }


def test_sign_in_without_the_right(pool: Pool, own_sandbox: Sandbox) -> None:
    """Without dynamodb:UpdateItem there is no row, one denial in the log, and the person gets in all the same."""
    role = pool.role("activity", [])
    pool.attach("activity", recorder_zip(), "usermgr_function_activity.handler.handler", role, "V2_0")
    before = len(own_sandbox.function_logs("activity"))
    tokens = pool.sign_in()
    store = usermgr_activity.DynamoActivityStore.connect(user_pool_id=pool.id, region="ap-northeast-1")
    assert store.last_seen(claims(tokens["IdToken"])["sub"]) is None
    logged = own_sandbox.function_logs("activity")[before:]
    assert len([line for line in logged if "AccessDenied" in line or "access_denied" in line]) == 1
