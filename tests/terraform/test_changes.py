"""Changes of a deployment while people sign in: none of them is refused. One estate, changed step by step."""

from __future__ import annotations

import os
import shutil
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import point_aws_to
from tools.terraform_sandbox import TerraformRun
from usermgr_cognito.trigger import Trigger, UserPool
from usermgr_sandbox import Sandbox

LAMBDA = "arn:aws:lambda:ap-northeast-1:123456789012:function:"
PASSWORD = "a-Long-passw0rd"


@dataclass
class SignIns:
    """What came of signing in again and again."""

    accepted: int = 0
    refused: list[str] = field(default_factory=list)


@dataclass
class Estate:
    """An applied deployment, two pools, and the variables so far; each change builds on the ones before."""

    run: TerraformRun
    pools: list[tuple[str, str]]
    """Ids of pools and of their app clients."""

    variables: dict[str, Any]

    def sign_in(self, pool: int) -> None:
        user_pool_id, client_id = self.pools[pool]
        boto3.client("cognito-idp").admin_initiate_auth(
            UserPoolId=user_pool_id, ClientId=client_id, AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "alice", "PASSWORD": PASSWORD},
        )  # fmt: skip

    @contextmanager
    def people_signing_in(self) -> Iterator[SignIns]:
        """Somebody signs in to each pool, one after the other, all the while."""
        seen, stop = SignIns(), threading.Event()

        def sign_in() -> None:
            while not stop.wait(0.05):
                for pool in range(len(self.pools)):
                    try:
                        self.sign_in(pool)
                    except ClientError as error:
                        seen.refused.append(str(error))
                    else:
                        seen.accepted += 1

        thread = threading.Thread(target=sign_in)
        thread.start()
        try:
            yield seen
        finally:
            stop.set()
            thread.join()

    def trigger(self, pool: int) -> Trigger | None:
        return UserPool.connect(self.pools[pool][0]).read().trigger


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, zips: Path) -> Iterator[Estate]:
    """A deployment beside the first of two pools, with functions in a folder of its own."""
    with Sandbox.start() as sandbox, pytest.MonkeyPatch.context() as patch:
        point_aws_to(sandbox, patch)
        pools = [make_pool(name) for name in ("first", "second")]
        folder = tmp_path_factory.mktemp("functions")
        shutil.copytree(zips, folder, dirs_exist_ok=True)
        variables = {"user_pool_id": pools[0][0], "functions_directory": str(folder)}
        run = TerraformRun(tmp_path_factory.mktemp("run"), sandbox.endpoint_url, sandbox.environment(), variables)
        run.init()
        run.apply()
        estate = Estate(run, pools, variables)
        yield estate
        if estate.variables.get("table_deletion_protection"):  # where not all of the changes were chosen to run
            run.set_variables({**estate.variables, "table_deletion_protection": False})
            run.apply()
        run.destroy()
        assert [estate.trigger(pool) for pool in (0, 1)] == [None, None]


def make_pool(name: str) -> tuple[str, str]:
    cognito = boto3.client("cognito-idp")
    pool = cognito.create_user_pool(PoolName=name, UserPoolTier="ESSENTIALS")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="app", ExplicitAuthFlows=flows)
    cognito.admin_create_user(UserPoolId=pool, Username="alice", MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username="alice", Password=PASSWORD, Permanent=True)
    return pool, client["UserPoolClient"]["ClientId"]


def another_zip(estate: Estate) -> dict[str, Any]:
    with zipfile.ZipFile(Path(estate.variables["functions_directory"]) / "activity.zip", "a") as archive:
        archive.writestr("usermgr_function_activity/another.py", "")
    return {}


def into_a_vpc(_: Estate) -> dict[str, Any]:
    ec2 = boto3.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    endpoint = ec2.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.ap-northeast-1.dynamodb")["VpcEndpoint"]
    inside = {"subnet_ids": ["subnet-0123456789abcdef0"], "security_group_ids": ["sg-0123456789abcdef0"]}
    return {"vpc": {"activity": inside, "trigger": inside}, "vpc_dynamodb_endpoint_id": endpoint["VpcEndpointId"]}


def other_log_group(_: Estate) -> dict[str, Any]:
    boto3.client("logs").create_log_group(logGroupName="/central/recorder")
    return {"existing_log_groups": {"activity": "/central/recorder"}}


def with_(**changes: Any) -> Callable[[Estate], dict[str, Any]]:
    return lambda _: changes


RENAMES = {
    "rename the table": with_(activity_table_name="people_activity"),
    "rename the recorder's policy": with_(activity_policy_name="people_activity_policy"),
    "rename the roles": with_(role_name="people-role"),
    "rename the attacher": with_(function_name_trigger="people_attacher"),
    "rename the other functions": with_(function_name_usermgr="people", function_name_download_jwks="people_jwks"),
}
UPDATES = {
    "another runtime": with_(runtime="python3.12"),
    "another event version": with_(trigger_event_version="V2_0"),
    "another zip": another_zip,
    "into a VPC": into_a_vpc,
    "another log group": other_log_group,
    "a key, and reserved concurrency": with_(
        functions_kms_key_arn="arn:aws:kms:ap-northeast-1:123456789012:key/functions",
        reserved_concurrency={"trigger": 2},
    ),
    "memory, tracing, tags, protection and days that expire": with_(
        memory_size={"activity": 512},
        tracing_mode="Active",
        tags={"team": "people"},
        table_deletion_protection=True,
        activity_days_kept=400,
    ),
}


def at_once(changes: Mapping[str, Callable[[Estate], dict[str, Any]]]) -> Callable[[Estate], dict[str, Any]]:
    return lambda estate: {name: value for change in changes.values() for name, value in change(estate).items()}


ONE_BY_ONE = bool(os.environ.get("USERMGR_CHANGES_ONE_BY_ONE"))
"""Set by `make changes`, which takes some minutes longer than the same changes a few at a time."""

CHANGES = {
    "rename the recorder": with_(function_name_activity="people_activity"),
    **(RENAMES if ONE_BY_ONE else {"rename all others at once": at_once(RENAMES)}),
    **(UPDATES if ONE_BY_ONE else {"update all else at once": at_once(UPDATES)}),
    "rename recorder, attacher and roles at once, while the table is protected": with_(
        function_name_activity="again", function_name_trigger="again_attacher", role_name="again-role"
    ),
    "another pool": lambda estate: {"user_pool_id": estate.pools[1][0]},
    "detach, while the table is protected": with_(attach_trigger=False),
    "attach, protect no more, and let no more days expire": with_(
        attach_trigger=True, table_deletion_protection=False, activity_days_kept=None
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_no_sign_in_is_refused(estate: Estate, change: str) -> None:
    """Whatever is changed, everybody gets in meanwhile, and the pool calls the recorder that is there afterwards."""
    estate.variables |= CHANGES[change](estate)
    estate.run.set_variables(estate.variables)

    with estate.people_signing_in() as seen:
        estate.run.apply()

    print(f"{change}: {seen.accepted} sign-ins, {len(seen.refused)} refused")
    assert (seen.refused, seen.accepted > 0) == ([], True)
    attached = Trigger(
        f"{LAMBDA}{estate.variables.get('function_name_activity', 'usermgr_activity')}",
        estate.variables.get("trigger_event_version", "V1_0"),
    )
    expected = [
        attached if estate.variables.get("attach_trigger", True) and pool == estate.variables["user_pool_id"] else None
        for pool, _ in estate.pools
    ]
    assert [estate.trigger(pool) for pool in (0, 1)] == expected


def test_nothing_is_left_to_change(estate: Estate) -> None:
    """After all changes the plan is empty, and warns of nothing."""
    plan = estate.run.plan()

    assert (plan.is_empty, "Warning" in plan.text) == (True, False)
