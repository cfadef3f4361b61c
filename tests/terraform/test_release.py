"""The archive of `make release`, as somebody with only Terraform uses it: fetched over HTTP, applied, moved.

The numbered tests go on where the one before has ended.
"""

from __future__ import annotations

import gzip
import io
import json
import re
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.conftest import point_aws_to
from tools import build_release, import_blocks
from tools.terraform_sandbox import Plan, TerraformRun, find_terraform
from usermgr_sandbox import Sandbox

README = Path(__file__).resolve().parents[2] / "terraform" / "README.md"
MODULE = """
provider "aws" {{}}

variable "user_pool_id" {{ type = string }}
variable "functions_directory" {{ type = string }}
variable "functions_s3_bucket" {{ type = string }}
variable "functions_s3_hashes" {{ type = map(string) }}

module "usermgr" {{
  source              = "{source}"
  name_prefix         = "released-"
  user_pool_id        = var.user_pool_id
  functions_directory = var.functions_directory
  functions_s3_bucket = var.functions_s3_bucket
  functions_s3_prefix = "usermgr-1.0.0/"
  functions_s3_hashes = var.functions_s3_hashes
}}
"""
FUNCTION = "released-usermgr_download_jwks"
TARGET = '-target=module.usermgr.module.functions.aws_lambda_function.function["download_jwks"]'
"""One function and all that it needs stands for the four of them."""

UNASKED = ("-no-color", "-input=false", "-refresh=false")


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        """Stays quiet."""


@dataclass
class Published:
    """The archive, where it is served, and its sum."""

    archive: Path
    address: str
    digest: str

    def source(self, digest: str) -> str:
        return f"{self.address}/{self.archive.name}//terraform?checksum=sha256:{digest}"


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Published]:
    archive, digest = build_release.build(tmp_path_factory.mktemp("release"))
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(archive.parent))) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield Published(archive, f"http://127.0.0.1:{server.server_port}", digest)
        server.shutdown()
        thread.join()


@dataclass
class Consumer:
    """Somebody's root module around the archive's, with its own folder."""

    run: TerraformRun
    variables: dict[str, Any]

    def apply(self, **changes: Any) -> None:
        self.run.set_variables(self.variables | changes)
        self.run.command("apply", *UNASKED, "-auto-approve", TARGET)

    def plan(self, **changes: Any) -> Plan:
        self.run.set_variables(self.variables | changes)
        return self.run.plan("-refresh=false", TARGET)


@pytest.fixture(scope="module")
def consumer(
    published: Published, tmp_path_factory: pytest.TempPathFactory, usermgr_sandbox: Sandbox
) -> Iterator[Consumer]:
    with pytest.MonkeyPatch.context() as patch:
        point_aws_to(usermgr_sandbox, patch)
        pool_id = boto3.client("cognito-idp").create_user_pool(PoolName="released")["UserPool"]["Id"]
        variables = {
            "user_pool_id": pool_id, "functions_directory": None, "functions_s3_bucket": None,
            "functions_s3_hashes": {},
        }  # fmt: skip
        folder = tmp_path_factory.mktemp("consumer")
        (folder / "terraform" / "mine").mkdir(parents=True)
        (folder / "terraform" / "mine" / "main.tf").write_text(MODULE.format(source=published.source(published.digest)))
        environment = usermgr_sandbox.environment()
        run = TerraformRun(folder, usermgr_sandbox.endpoint_url, environment, variables, configuration="mine")
        patch.setenv("TF_CLI_CONFIG_FILE", str(folder / "terraform.rc"))
        run.init()
        yield Consumer(run, variables)


def test_the_same_bytes_twice(published: Published, tmp_path: Path) -> None:
    """A second build has the same bytes, and SHA256SUMS is what sha256sum checks."""
    again, _ = build_release.build(tmp_path)

    assert again.read_bytes() == published.archive.read_bytes()
    checked = subprocess.run(["sha256sum", "--check", "SHA256SUMS"], cwd=tmp_path, capture_output=True, check=False)
    assert checked.stdout == f"{again.name}: OK\n".encode()


def test_what_is_in_it(published: Published) -> None:
    """The module, the zips where it looks for them, the licence and the READMEs; no test, no state, no override."""
    whole = gzip.decompress(published.archive.read_bytes())  # tarfile alone would not miss the end
    with tarfile.open(fileobj=io.BytesIO(whole)) as archive:
        names = archive.getnames()
        kinds = {(entry.mode, entry.mtime, entry.uid, entry.uname) for entry in archive}

    zips = {"activity.zip", "attacher.zip", "download_jwks.zip", "usermgr.zip", "manifest.json"}
    modules = ("functions", "policy", "role", "table", "trigger")
    assert {f"dist/functions/{name}" for name in zips} <= set(names)
    assert {"LICENSE", "README.md", "terraform/README.md", "terraform/main.tf", "terraform/actions.json"} <= set(names)
    assert {f"terraform/modules/{name}/README.md" for name in modules} <= set(names)
    assert [name for name in names if re.search(r"(^|/)\.|tests?/|tfstate|tfvars|override", name)] == []
    assert kinds == {(0o644, 0, 0, "")}


def test_what_somebody_put_beside_it_stays_at_home(tmp_path: Path) -> None:
    """State, variables, overrides such as a backend, and what Terraform has fetched are in no archive."""
    names = (
        "main.tf", "modules/role/main.tf", "backend_override.tf", "override.tf", "usermgr_imports.tf",
        "terraform.tfstate", "usermgr.auto.tfvars.json", ".terraform/modules/x/main.tf",
    )  # fmt: skip
    for name in names:
        (tmp_path / "terraform" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "terraform" / name).write_text("x")
    (tmp_path / "zips").mkdir()

    assert sorted(build_release.contents(tmp_path, tmp_path / "zips")) == [
        "terraform/main.tf", "terraform/modules/role/main.tf",
    ]  # fmt: skip


def test_a_wrong_sum_is_refused(published: Published, tmp_path: Path) -> None:
    """Terraform unpacks nothing whose sum is not the one that the source names."""
    wrong = published.source("0" * 64)
    (tmp_path / "main.tf").write_text(f'module "usermgr" {{\n  source = "{wrong}"\n}}\n')
    done = subprocess.run(
        [find_terraform(), f"-chdir={tmp_path}", "get", "-no-color"], capture_output=True, text=True, check=False
    )

    assert (done.returncode, "Checksums did not match" in done.stderr) == (1, True)
    assert list(tmp_path.rglob("usermgr.zip")) == []


def test_1_a_killed_apply_is_taken_up_again(consumer: Consumer, capsys: pytest.CaptureFixture[str]) -> None:
    """After SIGKILL amid the making of a function that the state then lacks, one command lets the next apply go on."""
    functions = boto3.client("lambda")
    consumer.run.set_variables(consumer.variables)
    with consumer.run.start("apply", *UNASKED, "-auto-approve", TARGET) as process:
        while not exists(functions, FUNCTION):
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
    lost = [line for line in consumer.run.state() if "aws_lambda_function" in line]

    status = import_blocks.main([str(consumer.run.directory)])
    said = capsys.readouterr().out
    consumer.apply()

    assert (lost, status) == ([], 0)
    assert re.search(r"^\d+ resources are there already: run terraform apply, then delete \S+_imports\.tf$", said)


def exists(functions: Any, name: str) -> bool:
    try:
        functions.get_function(FunctionName=name)
    except ClientError:
        return False
    return True


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (
            {"environment": [{"variables": {"USERPOOL_ID": "ap-northeast-1_Other1"}}]},
            "its user pool is ",
        ),
        ({"handler": "index.handler"}, "its handler is usermgr_function_download_jwks"),
    ],
    ids=["pool", "handler"],
)
def test_2_a_function_of_somebody_else_is_not_adopted(consumer: Consumer, changed: dict[str, Any], words: str) -> None:
    """A function of our name that serves another pool, or is another program, is refused by what differs."""
    ours = {
        "function_name": FUNCTION, "handler": "usermgr_function_download_jwks.handler.handler",
        "environment": [{"variables": {"USERPOOL_ID": consumer.variables["user_pool_id"]}}],
    }  # fmt: skip

    def found(planned: dict[str, Any]) -> list[str]:
        change = {"type": "aws_lambda_function", "name": "function", "address": "a"}
        plan = {"resource_changes": [{**change, "change": {"actions": ["create"], "after": planned}}]}
        return list(import_blocks.blocks(plan, boto3.session.Session()))

    assert len(found(ours)) == 1
    with pytest.raises(import_blocks.OccupiedError, match=words):
        found(ours | changed)


@pytest.mark.parametrize("kind", ["role", "policy"])
def test_2_a_role_or_policy_of_somebody_else_is_not_adopted(consumer: Consumer, kind: str) -> None:
    """A role or a policy of our name whose description is not ours is refused, because destroy would remove it."""
    iam, function = boto3.client("iam"), boto3.client("lambda").get_function(FunctionName=FUNCTION)
    role = iam.get_role(RoleName=function["Configuration"]["Role"].split("/")[-1])["Role"]
    attached = iam.list_attached_role_policies(RoleName=role["RoleName"])["AttachedPolicies"][0]
    policy = iam.get_policy(PolicyArn=attached["PolicyArn"])["Policy"]
    ours = {
        "role": {"name": role["RoleName"], "description": role["Description"]},
        "policy": {"name": policy["PolicyName"], "path": policy["Path"], "description": policy["Description"]},
    }[kind]

    def found(planned: dict[str, Any]) -> list[str]:
        change = {"type": f"aws_iam_{kind}", "name": "function", "address": "a"}
        plan = {"resource_changes": [{**change, "change": {"actions": ["create"], "after": planned}}]}
        return list(import_blocks.blocks(plan, boto3.session.Session()))

    assert len(found(ours)) == 1
    with pytest.raises(import_blocks.OccupiedError, match="its description is "):
        found(ours | {"description": "somebody else's"})


def test_3_moved_zips_plan_an_upload_in_place(consumer: Consumer, tmp_path: Path) -> None:
    """Where the module was is no change; zips in another folder are at most uploaded in place."""
    zips = consumer.run.directory / ".terraform" / "modules" / "usermgr" / "dist" / "functions"
    shutil.copytree(zips, tmp_path / "moved")

    plan = consumer.plan(functions_directory=str(tmp_path / "moved"))

    assert "Plan: 0 to add, 1 to change, 0 to destroy." in plan.text


def test_4_zips_in_a_bucket(consumer: Consumer) -> None:
    """With the bucket and the hashes of manifest.json, as the README has it, a folder that is gone changes nothing."""
    zips = consumer.run.directory / ".terraform" / "modules" / "usermgr" / "dist" / "functions"
    storage = boto3.client("s3")
    storage.create_bucket(Bucket="my-artifacts", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    for path in zips.glob("*.zip"):
        storage.upload_file(str(path), "my-artifacts", f"usermgr-1.0.0/{path.name}")
    assert 'for name, zip in jsondecode(file("manifest.json")) : name => zip.base64_sha256' in README.read_text()
    manifest = json.loads((zips / "manifest.json").read_text())
    bucket = {
        "functions_s3_bucket": "my-artifacts",
        "functions_s3_hashes": {name: entry["base64_sha256"] for name, entry in manifest.items()},
    }
    consumer.apply(**bucket)
    zips.rename(zips.with_name("gone"))

    assert consumer.plan(**bucket).is_empty
    code = boto3.client("lambda").get_function(FunctionName=FUNCTION)["Configuration"]["CodeSha256"]
    assert code == manifest["download_jwks"]["base64_sha256"]
