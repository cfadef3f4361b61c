"""The whole deployment on the sandbox: apply, plan, update, a lost trigger, destroy; one cycle, told in order."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import point_aws_to
from tools.terraform_sandbox import TerraformError, TerraformRun
from usermgr_cognito.trigger import Snapshot, State, Trigger, UserPool, check, detach, differences
from usermgr_sandbox import Sandbox

ACCOUNT = "123456789012"
LAMBDA = f"arn:aws:lambda:ap-northeast-1:{ACCOUNT}:function:"
THEIRS = Trigger(f"{LAMBDA}other_team_tokens", "V2_0")
OURS = Trigger(f"{LAMBDA}usermgr_activity")

RICH_POOL: dict[str, Any] = {
    "PoolName": "people",
    "DeletionProtection": "ACTIVE",
    "UsernameAttributes": ["email"],
    "UsernameConfiguration": {"CaseSensitive": False},
    "AutoVerifiedAttributes": ["email"],
    "Policies": {
        "PasswordPolicy": {
            "MinimumLength": 14, "RequireUppercase": True, "RequireLowercase": True, "RequireNumbers": True,
            "RequireSymbols": False, "TemporaryPasswordValidityDays": 3,
        }
    },
    "Schema": [{"Name": "extra_info", "AttributeDataType": "String", "Mutable": True}],
    "VerificationMessageTemplate": {
        "DefaultEmailOption": "CONFIRM_WITH_CODE", "EmailMessage": "Your code: {####}", "EmailSubject": "Code",
    },
    "SmsAuthenticationMessage": "Code {####}",
    "UserAttributeUpdateSettings": {"AttributesRequireVerificationBeforeUpdate": ["email"]},
    "DeviceConfiguration": {"ChallengeRequiredOnNewDevice": True, "DeviceOnlyRememberedOnUserPrompt": True},
    "EmailConfiguration": {"EmailSendingAccount": "COGNITO_DEFAULT", "ReplyToEmailAddress": "help@example.com"},
    "AdminCreateUserConfig": {"AllowAdminCreateUserOnly": True, "InviteMessageTemplate": {"EmailSubject": "Welcome"}},
    "UserPoolAddOns": {"AdvancedSecurityMode": "AUDIT"},
    "AccountRecoverySetting": {"RecoveryMechanisms": [{"Name": "verified_email", "Priority": 1}]},
    "UserPoolTags": {"team": "people", "created-by": "amplify"},
    "UserPoolTier": "PLUS",
    "LambdaConfig": {
        "PostConfirmation": f"{LAMBDA}other_team_welcome",
        "PreTokenGeneration": THEIRS.arn,
        "PreTokenGenerationConfig": {"LambdaArn": THEIRS.arn, "LambdaVersion": THEIRS.version},
    },
}  # fmt: skip


CENTRAL = "/central/recorder"
"""A log group that is there already."""


@dataclass(frozen=True)
class Stage:
    """What the steps below share."""

    sandbox: Sandbox
    pool: UserPool
    before: Snapshot
    variables: dict[str, Any]
    run: TerraformRun

    def client(self, service: str) -> Any:
        return boto3.client(service)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory, zips: Path) -> Iterator[Stage]:
    """A sandbox with somebody else's richly configured pool, whose trigger is already taken."""
    with Sandbox.start() as sandbox, pytest.MonkeyPatch.context() as patch:
        point_aws_to(sandbox, patch)
        pool_id = boto3.client("cognito-idp").create_user_pool(**RICH_POOL)["UserPool"]["Id"]
        pool = UserPool.connect(pool_id)
        boto3.client("logs").create_log_group(logGroupName=CENTRAL)
        variables = {
            "user_pool_id": pool_id,
            "account_id": ACCOUNT,
            "functions_directory": str(zips),
            "reserved_concurrency": {"usermgr": 10, "trigger": 2},
            "existing_log_groups": {"activity": CENTRAL},
            **network(),
        }
        run = TerraformRun(tmp_path_factory.mktemp("run"), sandbox.endpoint_url, sandbox.environment(), variables)
        run.init()
        yield Stage(sandbox, pool, pool.read(), variables, run)


def network() -> dict[str, Any]:
    """The variables that put the recorder and the management function into a VPC which has DynamoDB's endpoint."""
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.20.0.0/24")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(VpcId=vpc, GroupName="functions", Description="-")["GroupId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.ap-northeast-1.dynamodb")
    inside = {"subnet_ids": [subnet], "security_group_ids": [group]}
    return {
        "vpc": {"activity": inside, "usermgr": inside},
        "vpc_dynamodb_endpoint_id": endpoint["VpcEndpoint"]["VpcEndpointId"],
    }


def test_01_a_wrong_pool_and_a_taken_trigger_stop_the_plan(stage: Stage) -> None:
    """A pool that is not there, and a trigger that is taken, stop the plan, which names the remedy; nothing is made."""
    since = len(stage.sandbox.requests())
    stage.run.set_variables({**stage.variables, "user_pool_id": "ap-northeast-1_Mistyped1"})
    with pytest.raises(TerraformError, match=r"(?s)User Pool \(ap-northeast-1_Mistyped1\).*couldn't find resource"):
        stage.run.plan()
    stage.run.set_variables({**stage.variables, "replaces": {"arn": THEIRS.arn, "version": "V1_0"}})
    with pytest.raises(TerraformError, match=r"function:other_team_tokens \(V2_0\).*set replaces = ") as taken:
        stage.run.apply()
    assert "leave replaces out" not in " ".join(str(taken.value).split())
    made = [r for r in stage.sandbox.requests(since) if not re.match("Get|List|Describe", r.operation)]
    assert (made, [*stage.run.directory.glob("*.tfstate")]) == ([], [])


def test_02_apply_attaches(stage: Stage) -> None:
    """With it, the plan already warns of the pool's other owner, and the interrupted apply goes on: the trigger is
    attached, and nothing else of the pool differs."""
    stage.variables["replaces"] = {"arn": THEIRS.arn, "version": THEIRS.version}
    stage.run.set_variables(stage.variables)
    assert "belongs to AWS Amplify, which resets the triggers" in " ".join(stage.run.plan().text.split())
    stage.run.apply()
    after = stage.pool.read()
    assert (after.trigger, differences(stage.before, after, but_the_trigger=True)) == (OURS, [])
    assert stage.run.outputs()["trigger"] == {
        "user_pool_id": stage.pool.user_pool_id, "trigger_arn": OURS.arn, "hash": after.hash, "stack": None,
    }  # fmt: skip


def test_03_second_plan_is_empty(stage: Stage) -> None:
    """A plan right after shows no change, and warns of nothing but the pool's other owner."""
    plan = stage.run.plan()
    assert (plan.is_empty, plan.text.count("Warning")) == (True, 1)
    assert f"{stage.pool.user_pool_id} belongs to AWS Amplify, which resets" in " ".join(plan.text.split())
    assert f"attach_trigger = false, which detaches, and then name {OURS.arn}" in " ".join(plan.text.split())


def test_04_what_was_made(stage: Stage) -> None:
    """Runtime, processor, concurrency, VPC, logs, table and permission are as the variables say."""
    functions, logs = stage.client("lambda"), stage.client("logs")
    inside = stage.variables["vpc"]["activity"]["subnet_ids"]
    names = stage.run.outputs()["function_names"]
    made = {}
    for key, name in names.items():
        found = functions.get_function(FunctionName=name)
        configuration = found["Configuration"]
        made[key] = (
            configuration["Runtime"], configuration["Architectures"], configuration["Handler"],
            found.get("Concurrency", {}).get("ReservedConcurrentExecutions"),
            (configuration.get("VpcConfig") or {}).get("SubnetIds", []), configuration["LoggingConfig"]["LogGroup"],
        )  # fmt: skip
    assert made == {
        key: ("python3.13", ["arm64"], f"usermgr_function_{package}.handler.handler", concurrency, subnets, logs_to)
        for key, package, concurrency, subnets, logs_to in [
            ("usermgr", "usermgr", 10, inside, "/aws/lambda/usermgr"),
            ("download_jwks", "download_jwks", None, [], "/aws/lambda/usermgr_download_jwks"),
            ("activity", "activity", None, inside, CENTRAL),
            ("trigger", "attacher", 2, [], "/aws/lambda/usermgr_trigger"),
        ]
    }
    groups = {g["logGroupName"]: g.get("retentionInDays") for g in logs.describe_log_groups()["logGroups"]}
    assert groups == {CENTRAL: None, **{f"/aws/lambda/{names[key]}": 365 for key in names if key != "activity"}}
    policy = json.loads(functions.get_policy(FunctionName="usermgr_activity")["Policy"])
    (statement,) = policy["Statement"]
    assert (statement["Principal"], statement["Condition"]) == (
        {"Service": "cognito-idp.amazonaws.com"},
        {
            "ArnLike": {"AWS:SourceArn": stage.before.description["Arn"]},
            "StringEquals": {"AWS:SourceAccount": ACCOUNT},
        },
    )
    table = stage.client("dynamodb").describe_table(TableName="usermgr_activity")["Table"]
    assert (table["BillingModeSummary"]["BillingMode"], [i["IndexName"] for i in table["GlobalSecondaryIndexes"]]) == (
        "PAY_PER_REQUEST",
        ["last_seen"],
    )
    backups = stage.client("dynamodb").describe_continuous_backups(TableName="usermgr_activity")
    recovery = backups["ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]
    assert recovery["PointInTimeRecoveryStatus"] == "ENABLED"


def test_05_functions_run_with_their_roles(stage: Stage) -> None:
    """The function that downloads the JWKS answers, and the attacher's calls were made by its own role."""
    reply = stage.client("lambda").invoke(FunctionName="usermgr_download_jwks", Payload=b"{}")
    assert "FunctionError" not in reply
    assert len(json.loads(reply["Payload"].read())["keys"]) == 2
    updates = [r for r in stage.sandbox.requests() if r.operation == "UpdateUserPool"]
    assert [":assumed-role/usermgr-lambda-role-trigger/" in r.principal for r in updates] == [True]


def test_06_update_in_place(stage: Stage) -> None:
    """More memory, protection, and `replaces` taken out are changes in place; the pool is not written again."""
    since = len(stage.sandbox.requests())
    del stage.variables["replaces"]
    stage.run.set_variables({**stage.variables, "memory_size": {"usermgr": 512}, "table_deletion_protection": True})
    text = stage.run.apply()
    assert "Apply complete! Resources: 0 added, 3 changed, 0 destroyed." in text  # function, table, guard
    assert [r for r in stage.sandbox.requests(since) if r.operation == "UpdateUserPool"] == []


def test_07_a_lost_trigger_shows_in_the_plan(stage: Stage) -> None:
    """When somebody detaches by hand, the next plan warns, whatever else it changes, and its remedy attaches again."""
    detach(stage.pool, OURS, restores=THEIRS)
    stage.run.set_variables({**stage.variables, "memory_size": {"activity": 300}, "table_deletion_protection": True})
    plan = stage.run.plan()
    assert not plan.is_empty
    words = " ".join(plan.text.split())
    assert "does not call" in words
    assert f"Its pre token generation trigger is {THEIRS.arn}" in words
    (command,) = re.findall(r"^\W*terraform (apply -replace=.*)$", plan.text, re.MULTILINE)
    apply, *arguments = shlex.split(command)
    stage.run.command(apply, "-no-color", "-input=false", "-auto-approve", *arguments)
    assert check(stage.pool, OURS).state == State.ATTACHED


def test_08_protected_table_stops_destroy_first(stage: Stage) -> None:
    """While the table is protected, destroy stops with everything in place, and names the two steps to take."""
    before = stage.run.state()
    with pytest.raises(TerraformError, match="first apply with table_deletion_protection = false, then destroy"):
        stage.run.destroy()
    assert (stage.run.state(), check(stage.pool, OURS).state) == (before, State.ATTACHED)


def test_09_destroy_leaves_the_pool_as_it_was(stage: Stage) -> None:
    """After the first step, destroy takes everything away; the pool is as before, the other team's trigger too, which
    Terraform has kept although `replaces` no longer names it."""
    stage.run.set_variables(stage.variables)
    stage.run.apply()
    since = len(stage.sandbox.requests())
    stage.run.destroy()
    assert (stage.run.state(), differences(stage.before, stage.pool.read())) == ([], [])
    assert [g["logGroupName"] for g in stage.client("logs").describe_log_groups()["logGroups"]] == [CENTRAL]
    operations = [r.operation for r in stage.sandbox.requests(since)]
    first_removal = min(operations.index(name) for name in set(operations) if name.startswith("Delete"))
    assert operations.index("UpdateUserPool") < first_removal
