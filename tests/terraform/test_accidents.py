"""What people do to a deployment by hand: everything ends, or the error names the one command that helps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tools.terraform_sandbox import TerraformError, TerraformRun
from usermgr_cognito.trigger import Trigger, UserPool, attach, detach
from usermgr_sandbox import Sandbox

LAMBDA = "arn:aws:lambda:ap-northeast-1:123456789012:function:"
OURS, THEIRS = Trigger(f"{LAMBDA}usermgr_activity"), Trigger(f"{LAMBDA}other_team_tokens", "V2_0")
BY_HAND = ("-no-color", "-input=false", "-auto-approve")


@dataclass(frozen=True)
class Estate:
    """A deployment beside a pool."""

    run: TerraformRun
    pool: UserPool
    variables: dict[str, Any]


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory, zips: Path) -> Iterator[Estate]:
    """An applied deployment; the last test destroys it."""
    with Sandbox.start() as sandbox, pytest.MonkeyPatch.context() as patch:
        for name, value in sandbox.environment().items():
            patch.setenv(name, value)
        pool_id = boto3.client("cognito-idp").create_user_pool(PoolName="people", UserPoolTier="PLUS")["UserPool"]["Id"]
        variables = {"user_pool_id": pool_id, "functions_directory": str(zips)}
        run = TerraformRun(tmp_path_factory.mktemp("run"), sandbox.endpoint_url, sandbox.environment(), variables)
        run.init()
        run.apply()
        yield Estate(run, UserPool.connect(pool_id), variables)


@pytest.mark.parametrize("name", ["usermgr_activity", "usermgr_trigger"])
def test_1_a_deleted_function_is_made_again(estate: Estate, name: str) -> None:
    """A recorder or an attacher that somebody deleted is made again by the next apply; the pool stays attached."""
    boto3.client("lambda").delete_function(FunctionName=name)

    estate.run.apply()

    assert boto3.client("lambda").get_function(FunctionName=name)["Configuration"]["FunctionName"] == name
    assert estate.pool.read().trigger == OURS
    assert estate.run.plan_is_empty()


def test_2_replaces_that_is_given_later_is_taken_and_not_forgotten(estate: Estate) -> None:
    """Somebody replaces ours; named in `replaces`, theirs is replaced, and a plan that would forget it is refused."""
    detach(estate.pool, OURS)
    attach(estate.pool, THEIRS)
    given = {**estate.variables, "replaces": {"arn": THEIRS.arn, "version": THEIRS.version}}
    invocation = f'module.trigger.aws_lambda_invocation.trigger["{estate.pool.user_pool_id}"]'
    kept = f'module.trigger.terraform_data.replaced["{estate.pool.user_pool_id}"]'
    estate.run.set_variables(given)
    estate.run.command("apply", *BY_HAND, f"-replace={invocation}")
    attached = estate.pool.read().trigger

    estate.run.set_variables(estate.variables)
    with pytest.raises(TerraformError, match=r"(?s)would be forgotten.*other_team_tokens.*terraform apply -replace="):
        estate.run.plan()
    estate.run.set_variables(given)
    estate.run.command("apply", *BY_HAND, f"-replace={kept}")
    estate.run.set_variables(estate.variables)
    plan = estate.run.plan()

    assert (attached, plan.is_empty, "Warning" in plan.text) == (OURS, True, False)


def test_3_a_deleted_pool_names_the_command_that_helps(estate: Estate) -> None:
    """Where the pool was deleted, destroy fails with the command that ends it, and nothing is left after that."""
    boto3.client("cognito-idp").delete_user_pool(UserPoolId=estate.pool.user_pool_id)

    with pytest.raises(TerraformError, match="if the pool was deleted, run: terraform destroy -refresh=false"):
        estate.run.destroy()
    estate.run.command("destroy", *BY_HAND, "-refresh=false")

    assert estate.run.state() == []
