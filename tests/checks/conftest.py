"""What the checks are provoked on: the pool, the function, a table and a store, and callers who may do little."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest

import usermgr_activity
import usermgr_local
from tests.checks.sites import recorded
from tests.cli.running import usermgr
from tests.conftest import Pool
from usermgr import frontends
from usermgr.activity import Sighting, SightingKind
from usermgr.checks import Finding, Severity, Subject
from usermgr_activity import DynamoActivityStore
from usermgr_activity.table import definition
from usermgr_jwt import HttpsSource, pull
from usermgr_sandbox import REGION, Sandbox

_names = count()


@dataclass
class World:
    """The sandbox of one test, with the pool named in its environment."""

    sandbox: Sandbox
    pool: Pool
    aws: boto3.session.Session
    folder: Path
    patch: pytest.MonkeyPatch

    def client(self, service: str) -> Any:
        """The operator's client of a service."""
        return self.aws.client(service, endpoint_url=self.sandbox.endpoint_url)

    def caller(self, *actions: str) -> boto3.session.Session:
        """A session of somebody who may use these actions on everything, and no others."""
        iam, name = self.client("iam"), f"checks-{next(_names)}"
        trust = json.dumps({"Version": "2012-10-17", "Statement": []})
        role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        statements = [{"Effect": "Allow", "Action": [*actions, "iam:GetRole"], "Resource": "*"}]
        document = json.dumps({"Version": "2012-10-17", "Statement": statements})
        iam.put_role_policy(RoleName=name, PolicyName="only", PolicyDocument=document)
        key = self.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
        return boto3.session.Session(key["AccessKeyId"], key["SecretAccessKey"], key["SessionToken"], REGION)

    def activity(self, *seen: datetime, session: Any = None, table: bool = True) -> DynamoActivityStore:
        """A store over a new table in which somebody was seen at these times."""
        name = f"checks-{next(_names)}"
        if table:
            self.client("dynamodb").create_table(**definition(name))
        operator = usermgr_activity.connect(table_name=name)
        for at in seen:
            operator.record(Sighting("sub-of-alice", SightingKind.SIGN_IN, "web", at))
        return operator if session is None else usermgr_activity.connect(table_name=name, session=session)

    def app_client(self, *flows: str, secret: bool = False) -> tuple[str, str | None]:
        """A new app client of the pool: its id and its secret."""
        made = self.client("cognito-idp").create_user_pool_client(
            UserPoolId=self.pool.id, ClientName="checks", GenerateSecret=secret, ExplicitAuthFlows=list(flows)
        )["UserPoolClient"]
        return made["ClientId"], made.get("ClientSecret")

    def function(self, *, allowed: bool) -> str:
        """A function, which Cognito may call for the pool or not; its ARN."""
        client, name = self.client("lambda"), f"checks-{next(_names)}"
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
        arn = client.create_function(
            FunctionName=name, Runtime="python3.13", Role=role, Handler="a.b", Code={"ZipFile": b"-"}
        )["FunctionArn"]
        source = self.client("cognito-idp").describe_user_pool(UserPoolId=self.pool.id)["UserPool"]["Arn"]
        client.add_permission(
            FunctionName=name, StatementId="cognito", Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com", SourceArn=source if allowed else f"{source}-other",
        )  # fmt: skip
        return arn

    def alias(self, arn: str) -> str:
        """An alias of the function that Cognito may call for the pool, as Terraform makes it; its ARN."""
        client, name = self.client("lambda"), arn.rpartition(":")[2]
        client.create_alias(FunctionName=name, Name="live", FunctionVersion="$LATEST")
        source = self.client("cognito-idp").describe_user_pool(UserPoolId=self.pool.id)["UserPool"]["Arn"]
        client.add_permission(
            FunctionName=name, Qualifier="live", StatementId="alias", Action="lambda:InvokeFunction",
            Principal="cognito-idp.amazonaws.com", SourceArn=source, SourceAccount=source.split(":")[4],
        )  # fmt: skip
        return f"{arn}:live"

    def local(self) -> usermgr_local.LocalUserManager:
        """A store of its own."""
        return usermgr_local.connect(path=self.folder / f"{next(_names)}.db")

    def jwks(self) -> Path:
        """A JWKS file that was just pulled."""
        path = self.folder / f"jwks-{next(_names)}.json"
        pull(HttpsSource(self.sandbox.jwks_url(self.pool.id)), path)
        return path

    @staticmethod
    def hours_ago(hours: float) -> datetime:
        """That moment."""
        return datetime.fromtimestamp(time.time() - hours * 3600, UTC)


@pytest.fixture
def world(
    usermgr_sandbox: Sandbox, pool: Pool, aws: boto3.session.Session, deployed: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> World:  # fmt: skip
    """See `World`."""
    monkeypatch.setenv("LAMBDA_NAME_USERMGR", deployed)
    monkeypatch.delenv("USERMGR_BACKEND", raising=False)
    return World(usermgr_sandbox, pool, aws, tmp_path, monkeypatch)


def findings(name: str, subject: Subject) -> list[Finding]:
    """What one registered check finds, as `usermgr doctor` prints it: failures first."""
    with mock.patch.object(frontends, "subject_in_force", return_value=(subject, [])), recorded():
        ran = usermgr("doctor", "--check", name, "--output", "json")
    found = [Finding.from_dict(each) for each in ran.data]
    assert ran.err == ""
    assert ran.status == (1 if Severity.FAILURE in {finding.severity for finding in found} else 0)
    return found
