"""The Terraform configuration, without a provider's answers."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tools import terraform_sandbox
from tools.terraform_docs import rendered
from tools.terraform_sandbox import (
    TerraformError,
    TerraformRun,
    cli_configuration,
    find_mirror,
    find_terraform,
    readable,
)

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
NO_ENDPOINT = "http://127.0.0.1:9"
POOL = {"user_pool_id": "ap-northeast-1_AbCdEf123"}
HCL = sorted(TERRAFORM.rglob("*.tf"))
MODULES = sorted({path.parent for path in HCL})


def find(pattern: str, text: str) -> list[Any]:
    return re.findall(pattern, text, re.MULTILINE)


def name(path: Path) -> str:
    return path.relative_to(TERRAFORM).as_posix()


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, zips: Path) -> TerraformRun:
    """The root module and the examples of its modules, initialized, in a folder of its own."""
    variables = {**POOL, "functions_directory": str(zips)}
    run = TerraformRun(tmp_path_factory.mktemp("terraform"), NO_ENDPOINT, {}, variables)
    write_module_examples(run.directory)
    run.init()
    return run


def write_module_examples(root: Path) -> None:
    """The example of each module's README as a configuration of its own, and a test that plans it.

    The trigger's is applied: only then can its check look at the pool.
    """
    runs = ['mock_provider "aws" {\n  source = "./tests/aws"\n}\n']
    for readme in sorted((root / "modules").glob("*/README.md")):
        module = readme.parent.name
        (example,) = find(r"^```hcl\n((?s:.*?))^```$", readme.read_text())
        assert f'source = "./usermgr/terraform/modules/{module}"' in example
        folder = root / "readme" / module
        folder.mkdir(parents=True)
        shutil.copy(readme.parent / "terraform.tf", folder)
        (folder / "main.tf").write_text(example.replace("./usermgr/terraform/modules/", "../../modules/"))
        command = ATTACHED if module == "trigger" else "  command = plan\n"
        runs.append(f'run "{module}" {{\n{command}  module {{\n    source = "./readme/{module}"\n  }}\n}}\n')
    (root / "tests" / "readme.tftest.hcl").write_text("\n".join(runs))


ATTACHED = """  override_data {
    target = module.trigger.data.aws_cognito_user_pool.now
    values = {
      lambda_config = [{
        pre_token_generation = "arn:aws:lambda:ap-northeast-1:123456789012:function:people-claims"
      }]
    }
  }
"""


def test_format() -> None:
    """Every file is formatted."""
    done = subprocess.run(
        [find_terraform(), f"-chdir={TERRAFORM}", "fmt", "-check", "-recursive"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "")


def test_validate(run: TerraformRun) -> None:
    """The root module is valid."""
    assert "The configuration is valid" in run.command("validate", "-no-tests", "-no-color")


def test_terraform_test(run: TerraformRun) -> None:
    """The module's own tests pass, and the example of each of its modules can be planned by itself."""
    text = run.command("test", "-no-color")
    runs = sum(path.read_text().count("\nrun ") for path in run.directory.glob("tests/*.tftest.hcl"))
    examples = [
        name for name in ("functions", "policy", "role", "table", "trigger") if f'  run "{name}"... pass' in text
    ]
    assert (f"Success! {runs} passed, 0 failed" in text, len(examples)) == (True, 5)


def test_every_validation_has_a_run() -> None:
    """No variable of the root module is validated without a test that sees it refuse."""
    blocks = find(r'^variable "(\w+)" \{((?s:.*?))^\}', (TERRAFORM / "variables.tf").read_text())
    validated = {variable for variable, body in blocks if "validation {" in body}
    tested = set(find(r"^    var\.(\w+),$", (TERRAFORM / "tests/validation.tftest.hcl").read_text()))
    assert validated == tested
    unvalidated = {variable: body for variable, body in blocks if variable not in validated}
    assert [variable for variable, body in unvalidated.items() if "= bool" not in body] == []


@pytest.mark.parametrize("path", HCL, ids=name)
def test_everything_is_described(path: Path) -> None:
    """Every variable and every output has a description."""
    blocks = find(r'^(?:variable|output) "(\w+)" \{((?s:.*?))^\}', path.read_text())
    assert [block for block, body in blocks if not find(r'^  description = ".{10,}\."$', body)] == []


@pytest.mark.parametrize("module", MODULES, ids=name)
def test_layout_and_versions(module: Path) -> None:
    """Every module has HashiCorp's files, and asks for Terraform and the one provider by a lower bound only."""
    files = {path.name for path in module.glob("*.tf")}
    assert {"main.tf", "outputs.tf", "terraform.tf", "variables.tf"} <= files
    text = (module / "terraform.tf").read_text()
    assert find(r'required_version = "(.*)"', text) == [">= 1.11"]
    assert find(r'source  = "(.*)"\n\s+version = "(.*)"', text) == [("hashicorp/aws", ">= 5.100")]


def test_only_the_aws_provider() -> None:
    """Nothing is of another provider, but for what is built into Terraform, and no policy is a data source."""
    kinds = {kind for path in HCL for kind in find(r'^\s*(?:resource|data) "(\w+)"', path.read_text())}
    assert {kind for kind in kinds if not kind.startswith("aws_") or kind == "aws_iam_policy_document"} == {
        "terraform_data"
    }


def test_no_secret_is_named() -> None:
    """No variable, output or environment variable of a function is for a secret."""
    text = "\n".join(path.read_text() for path in HCL)
    names = find(r'^(?:variable|output) "(\w+)"', text) + find(r"^\s+([A-Z_]{4,})\s+=", text)
    assert [n for n in names if re.search(r"secret|password|token", n, re.IGNORECASE)] == []


def test_permissions_name_source_and_account() -> None:
    """Every permission to invoke a function names the resource that may invoke it, and its account."""
    text = "\n".join(path.read_text() for path in HCL)
    permissions = find(r'^resource "aws_lambda_permission" "\w+" \{((?s:.*?))^\}', text)
    assert [("source_arn" in body, "source_account" in body) for body in permissions] == [(True, True)]


@pytest.mark.parametrize("example", ["complete", "existing-pool", "private-subnet"])
def test_examples_are_valid(tmp_path: Path, example: str) -> None:
    """Every example is valid, and has no cycle between the pool and what it calls."""
    run = TerraformRun(tmp_path, NO_ENDPOINT, {}, {}, configuration=f"examples/{example}")
    run.init()
    assert "The configuration is valid" in run.command("validate", "-no-color")


def test_tables_are_those_of_the_hcl() -> None:
    """Every README's tables of variables and outputs are as tools/terraform_docs.py writes them."""
    readmes = sorted(TERRAFORM.rglob("README.md"))
    assert [path.parent for path in readmes] == MODULES
    assert [name(path) for path in readmes if rendered(path) != path.read_text()] == []
    assert [name(path) for path in readmes if path.read_text().count("| meaning |") != 2] == []


def test_errors_are_readable() -> None:
    """A failure is told without Terraform's frames and without what went before."""
    text = "module.x: Creating...\n╷\n│ Error: no such pool\n│ \n│   with module.x,\n╵\n"
    assert readable(text) == "  Error: no such pool\n    with module.x,"


def test_a_filled_cache_is_the_mirror_of_the_next_run(tmp_path: Path) -> None:
    """Where Terraform has to download, it fills a cache, and the next run takes the provider from there."""
    cache = tmp_path / "plugins"
    assert cli_configuration(None, None, cache) == f'plugin_cache_dir = "{cache}"\n'
    provider = cache / "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws_v5.100.0_x5"
    provider.parent.mkdir(parents=True)
    provider.touch()
    assert find_mirror(cache) == cache
    assert f'path = "{cache}"' in cli_configuration(None, cache, cache)


@pytest.mark.parametrize(
    ("version", "mode"), [("4.67.0", 0o755), ("5.99.1", 0o755), ("6.0.0", 0o755), ("5.100.0", 0o777)]
)
def test_mirror_that_does_not_fit_is_passed_over(version: str, mode: int, tmp_path: Path) -> None:
    """A provider outside the bounds, or one that anybody could have put there, is not used."""
    mirror = tmp_path / "plugins"
    provider = mirror / f"registry.terraform.io/hashicorp/aws/{version}/linux_amd64/terraform-provider-aws_v{version}"
    provider.parent.mkdir(parents=True)
    provider.touch()
    mirror.chmod(mode)
    assert find_mirror(mirror) != mirror


def provider_in(mirror: Path) -> Path:
    provider = mirror / "registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/terraform-provider-aws_v5.100.0_x5"
    provider.parent.mkdir(parents=True)
    provider.touch()
    return mirror


def test_where_a_mirror_is_looked_for(tmp_path: Path) -> None:
    """Our cache, our variable, Terraform's variable, its standard folders, and only then a few levels of folders."""
    data = tmp_path / "search" / "home" / "share"
    environ = {
        "USERMGR_TERRAFORM_MIRROR": str(provider_in(tmp_path / "ours")),
        "TF_PLUGIN_CACHE_DIR": str(provider_in(tmp_path / "theirs")),
        "XDG_DATA_HOME": str(data),
    }
    standard = provider_in(data / "terraform" / "plugins")
    searched = provider_in(tmp_path / "search" / "vendor" / "mirror")
    provider_in(tmp_path / "search" / "one" / "two" / "three")
    cache = provider_in(tmp_path / "cache")

    found = [find_mirror(cache, environ, tmp_path / "search")]
    shutil.rmtree(cache)
    for name in list(environ):
        found.append(find_mirror(cache, environ, tmp_path / "search"))
        del environ[name]
    environ["XDG_DATA_HOME"] = str(tmp_path / "nowhere")
    found.append(find_mirror(cache, environ, tmp_path / "search"))
    shutil.rmtree(searched)
    found.append(find_mirror(cache, environ, tmp_path / "search"))

    assert found == [cache, tmp_path / "ours", tmp_path / "theirs", standard, searched, None]


def test_a_mirror_that_is_named_must_be_usable(tmp_path: Path) -> None:
    """Our variable is never passed over in silence."""
    with pytest.raises(TerraformError, match=f"USERMGR_TERRAFORM_MIRROR names {tmp_path}, which cannot be used"):
        find_mirror(tmp_path, {"USERMGR_TERRAFORM_MIRROR": str(tmp_path)})


def test_the_search_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with very many folders is not searched to the end."""
    provider_in(tmp_path / "z")
    for name in "abc":
        (tmp_path / name).mkdir()

    monkeypatch.setattr(terraform_sandbox, "_SEARCH_LIMIT", 3)

    assert find_mirror(tmp_path / "none", {}, tmp_path) is None


def test_the_user_s_own_configuration_goes_first(tmp_path: Path) -> None:
    """A TF_CLI_CONFIG_FILE that exists is used as it is; one that does not exist is not missed."""
    theirs = tmp_path / "their.rc"
    theirs.write_text("disable_checkpoint = true\n")
    assert cli_configuration(str(theirs), tmp_path) == "disable_checkpoint = true\n"
    assert "filesystem_mirror" in cli_configuration(str(tmp_path / "nowhere"), tmp_path)


def test_failure_is_an_error(tmp_path: Path, zips: Path) -> None:
    """A command that fails raises its errors, and only those."""
    run = TerraformRun(tmp_path, NO_ENDPOINT, {}, {"user_pool_id": "people", "functions_directory": str(zips)})
    run.init()
    with pytest.raises(TerraformError, match="user_pool_id must be like ap-northeast-1_AbCdEf123"):
        run.apply()
