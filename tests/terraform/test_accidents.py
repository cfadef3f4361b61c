"""What people do to a deployment by hand: everything ends, or the error names the one command that helps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from tests.conftest import point_aws_to
from tests.terraform import checkout
from tools import deploy, import_blocks, terraform_variables
from tools.terraform_sandbox import TerraformError, TerraformRun
from usermgr_cognito.trigger import Trigger, UserPool, attach, detach
from usermgr_sandbox import Sandbox

README = Path(__file__).resolve().parents[2] / "README.md"
MODULE_README = README.parent / "terraform" / "README.md"
LAMBDA = "arn:aws:lambda:ap-northeast-1:123456789012:function:"
OURS, THEIRS = Trigger(f"{LAMBDA}people_recorder"), Trigger(f"{LAMBDA}other_team_tokens", "V2_0")
BY_HAND = ("-no-color", "-input=false", "-auto-approve")
SETTINGS = {
    "AWS_REGION": "ap-northeast-1",
    "CLIENT_ID": "1example23456789",
    "ACCOUNT_ID": "123456789012",
    "ROLE": "people-role",
    "DYNAMODB_ACTIVITY_POLICY": "people_policy",
    "DYNAMODB_NAME": "people_table",
    "LAMBDA_NAME_ACTIVITY": "people_recorder",
    "LAMBDA_NAME_USERMGR": "people_management",
    "LAMBDA_NAME_DOWNLOAD": "people_jwks",
    "LAMBDA_NAME_TRIGGER": "people_attacher",
}
SECRET = "planted-client-secret"


@dataclass(frozen=True)
class Estate:
    """A deployment beside a pool, from a checkout."""

    checkout: Path
    run: TerraformRun
    pool: UserPool
    variables: dict[str, Any]
    said: list[str]
    """What the README's commands printed."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Deployed by the README's two commands from a `.env` file, without uv on the path; the last test destroys it."""
    with Sandbox.start() as sandbox, pytest.MonkeyPatch.context() as patch:
        point_aws_to(sandbox, patch)
        pool_id = boto3.client("cognito-idp").create_user_pool(PoolName="people", UserPoolTier="PLUS")["UserPool"]["Id"]
        folder = tmp_path_factory.mktemp("checkout")
        checkout.make_checkout(folder)
        settings = {**SETTINGS, "USERPOOL_ID": pool_id, "SECRET": SECRET}
        (folder / ".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        variables = {"functions_directory": "./../dist/functions"}  # the default, in its own words
        run = TerraformRun(folder, sandbox.endpoint_url, sandbox.environment(), variables)
        environment = {k: v for k, v in run.environment.items() if k not in {*settings, "VIRTUAL_ENV", "UV"}}
        said: list[str] = []
        for command in checkout.commands(README, "## Deploy it"):
            done = checkout.run(command, folder, environment, answers="yes\n")
            assert done.returncode == 0, done.stdout + done.stderr
            said.append(done.stdout + done.stderr)
        yield Estate(folder, run, UserPool.connect(pool_id), variables, said)


def test_0_the_readme_deploys_what_the_env_file_says(estate: Estate) -> None:
    """Two commands make what every setting asks for, and no file of Terraform's has the secret."""
    expected = {**SETTINGS, "USERPOOL_ID": estate.pool.user_pool_id}

    assert (len(estate.said), estate.run.outputs()["environment"], estate.pool.read().trigger) == (2, expected, OURS)
    assert {setting.environment for setting in terraform_variables.SETTINGS} == set(expected)
    written = [path for path in estate.run.directory.rglob("*") if path.is_file() and "providers" not in path.parts]
    assert [path.name for path in written if SECRET.encode() in path.read_bytes()] == []
    assert SECRET not in "".join(estate.said)


@pytest.mark.parametrize("name", ["people_recorder", "people_attacher"])
def test_1_a_deleted_function_is_made_again(estate: Estate, name: str) -> None:
    """A recorder or an attacher that somebody deleted is made again by the next apply, even after a destroy that failed
    without the attacher; the pool stays attached."""
    boto3.client("lambda").delete_function(FunctionName=name)
    if name == "people_attacher":
        with pytest.raises(TerraformError, match="Function not found"):
            estate.run.destroy()

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
    estate.run.set_variables(given)
    estate.run.command("apply", *BY_HAND, f"-replace={invocation}")
    attached = estate.pool.read().trigger

    estate.run.set_variables(estate.variables)
    with pytest.raises(TerraformError, match=r"(?s)would be forgotten.*other_team_tokens") as refused:
        estate.run.plan()
    estate.run.set_variables(given)
    (arguments,) = re.findall(r"^ *terraform apply (-replace=.*)$", str(refused.value), re.MULTILINE)
    said = make_deploy(estate, arguments)
    estate.run.set_variables(estate.variables)
    plan = estate.run.plan()

    assert f"{kept(estate)} will be replaced, as requested" in said
    assert (attached, plan.is_empty, "Warning" in plan.text) == (OURS, True, False)


def kept(estate: Estate) -> str:
    return f'module.trigger.terraform_data.replaced["{estate.pool.user_pool_id}"]'


def make_deploy(estate: Estate, arguments: str) -> str:
    """Applies in the words that terraform/README.md has for a command of Terraform's; returns what it prints."""
    documented = 'make deploy ARGS="' + arguments.replace('"', '\\"') + '"'
    assert documented.replace(estate.pool.user_pool_id, "ap-northeast-1_AbCdEf123") in MODULE_README.read_text()
    command = documented.replace('ARGS="', 'ARGS="-no-color -auto-approve ')
    done = checkout.run(command, estate.checkout, estate.run.environment, answers="")
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_3_a_lost_state_is_found_again(estate: Estate) -> None:
    """Without its state, one command finds what is there, a plan that forgets what ours replaced is refused by name,
    and the command that it shows imports; destroy will still restore it."""
    for path in (*estate.run.directory.glob("terraform.tfstate*"), estate.run.directory / deploy.VARIABLES):
        path.unlink()

    adopted = checkout.run("make adopt", estate.checkout, estate.run.environment, answers="")
    with pytest.raises(TerraformError, match=r"(?s)would be forgotten.*Set replaces = .*other_team_tokens"):
        estate.run.plan("-refresh=false")
    given = {**estate.variables, "replaces": {"arn": THEIRS.arn, "version": THEIRS.version}}
    estate.run.set_variables(given)
    text = estate.run.command("apply", *BY_HAND, "-refresh=false", f"-replace={kept(estate)}")
    (estate.run.directory / import_blocks.FILE).unlink()
    estate.run.set_variables(estate.variables)

    assert (adopted.returncode, "18 resources are there already" in adopted.stdout) == (0, True), adopted
    assert re.search(r"Apply complete! Resources: 18 imported, \d+ added, \d+ changed, 0 destroyed", text)
    assert estate.pool.read().trigger == OURS
    plan = estate.run.plan("-refresh=false")
    assert (plan.is_empty, "Warning" in plan.text) == (True, False)


def test_4_a_deleted_pool_names_the_command_that_helps(estate: Estate) -> None:
    """Where the pool was deleted, destroy fails with the command that ends it, and nothing is left after that."""
    boto3.client("cognito-idp").delete_user_pool(UserPoolId=estate.pool.user_pool_id)

    with pytest.raises(TerraformError, match="if the pool was deleted, run: terraform destroy -refresh=false"):
        estate.run.destroy()
    make_deploy(estate, "-destroy -refresh=false")

    assert estate.run.state() == []
