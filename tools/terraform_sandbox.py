"""Runs this project's Terraform against a sandbox, from Python: for the demo and the tests.

    run = TerraformRun(folder, sandbox.endpoint_url, sandbox.environment(), {"user_pool_id": pool_id})
    run.init()
    run.apply()
    run.outputs()["environment"]
    run.plan_is_empty()
    run.destroy()

The configuration is the one that operators use, byte for byte, beside an override file with the provider's release. The
provider finds the sandbox by the SDKs' own variable AWS_ENDPOINT_URL. State and provider are kept in `folder`, never in
the source tree.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = ROOT / ".tools" / "terraform-plugins"
"""Where the provider is kept between runs, in the layout of a mirror, so that a second run needs no network."""

MIRROR_VARIABLE = "USERMGR_TERRAFORM_MIRROR"
"""Names the folder of a mirror, where it is in none of the places that are searched."""

_TRIED = """terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
"""
"""The provider that was tried here: the modules themselves give a lower bound only."""

_PROVIDER = Path("registry.terraform.io") / "hashicorp" / "aws"
_NOT_SEARCHED = frozenset({"dev", "proc", "run", "sys", "tmp"})
_SEARCH_DEPTH, _SEARCH_LIMIT = 2, 2_000
_NOT_COPIED = shutil.ignore_patterns(".terraform", ".terraform.lock.hcl", "*.tfstate*", "*.tfvars*")


class TerraformError(Exception):
    """A Terraform command failed; the text has its errors, without the frames around them."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a plan found: whether nothing would change, and its whole text, warnings included."""

    is_empty: bool
    text: str


class TerraformRun:
    """One deployment: a copy of a configuration in `directory`, with its own state.

    `variables` are the root module's; `functions_directory` is dist/functions of this source tree if it is not
    given. `configuration` is the folder under terraform/ that is the root module: "." or, say, "examples/complete".
    """

    def __init__(
        self,
        directory: Path,
        endpoint_url: str,
        environment: Mapping[str, str],
        variables: Mapping[str, Any],
        *,
        configuration: str = ".",
        timeout: float = 600.0,
    ) -> None:
        self.directory = directory / "terraform" / configuration
        self._timeout = timeout
        shutil.copytree(ROOT / "terraform", directory / "terraform", ignore=_NOT_COPIED, dirs_exist_ok=True)
        (self.directory / "sandbox_override.tf").write_text(_TRIED)
        configuration_file = directory / "terraform.rc"
        configuration_file.write_text(cli_configuration(os.environ.get("TF_CLI_CONFIG_FILE"), find_mirror()))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
        self.environment: Mapping[str, str] = {
            **kept,
            **environment,
            "AWS_ENDPOINT_URL": endpoint_url,
            "TF_CLI_CONFIG_FILE": str(configuration_file),
            "TF_IN_AUTOMATION": "1",
            "CHECKPOINT_DISABLE": "1",
        }
        self.set_variables(variables)

    def set_variables(self, variables: Mapping[str, Any]) -> None:
        """Replaces all variables; `functions_directory` is set where it is not given."""
        zips = {"functions_directory": str(ROOT / "dist" / "functions")}
        (self.directory / "terraform.tfvars.json").write_text(json.dumps({**zips, **variables}, indent=2) + "\n")

    def init(self) -> None:
        """`terraform init`: from a mirror on this machine, or else it downloads the provider."""
        self.command("init", "-no-color", "-input=false", "-backend=false")

    def apply(self) -> str:
        """`terraform apply`; returns its text."""
        return self.command("apply", "-no-color", "-input=false", "-auto-approve")

    def plan(self, *arguments: str) -> Plan:
        """`terraform plan`."""
        status, text = self._status("plan", "-no-color", "-input=false", "-detailed-exitcode", *arguments, ok=(0, 2))
        return Plan(is_empty=status == 0, text=text)

    def plan_is_empty(self) -> bool:
        """Whether a plan would change nothing."""
        return self.plan().is_empty

    def destroy(self) -> str:
        """`terraform destroy`; returns its text."""
        return self.command("destroy", "-no-color", "-input=false", "-auto-approve")

    def outputs(self) -> dict[str, Any]:
        """The root module's outputs by name."""
        found = json.loads(self.command("output", "-json"))
        return {name: output["value"] for name, output in found.items()}

    def state(self) -> list[str]:
        """The addresses of the resources in the state; empty when all is destroyed. Data sources do not count."""
        return [line for line in self.command("state", "list").splitlines() if not re.search(r"(^|\.)data\.", line)]

    def command(self, *arguments: str) -> str:
        """Any other command of Terraform's, such as `validate`; returns its text."""
        return self._status(*arguments, ok=(0,))[1]

    def start(self, *arguments: str) -> contextlib.AbstractContextManager[subprocess.Popen[str]]:
        """Starts a command of Terraform's, to be ended by whoever starts it, or at the end of the `with`."""
        return _process([find_terraform(), f"-chdir={self.directory}", *arguments], self.environment)

    def _status(self, command: str, *arguments: str, ok: tuple[int, ...]) -> tuple[int, str]:
        with self.start(command, *arguments) as process:
            try:
                output, errors = process.communicate(timeout=self._timeout)
            except subprocess.TimeoutExpired as error:
                raise TerraformError(f"terraform {command} did not end in {self._timeout:.0f} s") from error
        if process.returncode not in ok:
            raise TerraformError(f"terraform {command} failed:\n{readable(errors or output)}")
        return process.returncode, output + errors


def readable(text: str) -> str:
    """Terraform's errors without the frames, what came before them, and empty lines."""
    lines = [re.sub(r"^[│╷╵]\s?", "", line).rstrip() for line in text.splitlines()]
    first = next((index for index, line in enumerate(lines) if line.startswith("Error:")), 0)
    return "\n".join(f"  {line}" for line in lines[first:] if line)


def find_terraform() -> str:
    """The command, from the path."""
    found = shutil.which("terraform")
    if found is None:
        raise TerraformError(
            "terraform >= 1.11 is missing: https://developer.hashicorp.com/terraform/install tells how to get it"
        )
    return found


def find_mirror(
    cache: Path = PLUGINS, environ: Mapping[str, str] = os.environ, search: Path = Path("/")
) -> Path | None:
    """A folder on this machine that holds the aws provider in the layout of a mirror; our own cache goes first.

    Then `USERMGR_TERRAFORM_MIRROR`, `TF_PLUGIN_CACHE_DIR` and Terraform's standard folders are looked at
    (https://developer.hashicorp.com/terraform/cli/config/config-file#implied-local-mirror-directories), and only if
    none has it, the folders just below `search`, few levels deep. Raises `TerraformError` where
    `USERMGR_TERRAFORM_MIRROR` names a folder that cannot be used.
    """
    named = environ.get(MIRROR_VARIABLE)
    if named and not _is_usable(Path(named)):
        raise TerraformError(
            f"{MIRROR_VARIABLE} names {named}, which cannot be used: it must hold {_PROVIDER} 5.100 or newer, below 6, "
            "and must not be writable for everybody"
        )
    variables = (Path(folder) for folder in (named, environ.get("TF_PLUGIN_CACHE_DIR")) if folder)
    candidates = itertools.chain((cache,), variables, _standard_folders(environ), _folders_below(search))
    return next(filter(_is_usable, candidates), None)


def _standard_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    """Where Terraform itself looks for a mirror on Unix."""
    yield Path.home() / ".terraform.d" / "plugins"
    yield Path(environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share") / "terraform" / "plugins"
    for folder in (environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share").split(":"):
        yield Path(folder) / "terraform" / "plugins"


def _folders_below(top: Path) -> Iterator[Path]:
    """Folders at most `_SEARCH_DEPTH` levels below `top`, nearest first and at most `_SEARCH_LIMIT`, no links."""
    level = [top]
    found = 0
    for _ in range(_SEARCH_DEPTH):
        level = [folder for parent in level for folder in _subfolders(parent)]
        for folder in level:
            found += 1
            if found > _SEARCH_LIMIT:
                return
            yield folder


def _subfolders(parent: Path) -> list[Path]:
    try:
        with os.scandir(parent) as entries:
            folders = [Path(entry.path) for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
    return sorted(folder for folder in folders if folder.name not in _NOT_SEARCHED)


def _is_usable(mirror: Path) -> bool:
    """Whether a provider that the modules accept is there, and not anybody could have put it there."""
    try:
        versions = (
            path.parents[1].name.split(".") for path in (mirror / _PROVIDER).glob("*/*/terraform-provider-aws*")
        )
        fitting = any(version[0] == "5" and version[1].isdigit() and int(version[1]) >= 100 for version in versions)
        return fitting and not mirror.stat().st_mode & 0o002
    except OSError:
        return False


def cli_configuration(theirs: str | None, mirror: Path | None, cache: Path = PLUGINS) -> str:
    """The user's own configuration file if there is one, or else a mirror that is here, or else a cache to fill."""
    if theirs and Path(theirs).is_file():
        return Path(theirs).read_text()
    if mirror is None:
        cache.mkdir(parents=True, exist_ok=True)
        return f"plugin_cache_dir = {json.dumps(str(cache))}\n"
    return (
        "provider_installation {\n"
        f"  filesystem_mirror {{\n    path = {json.dumps(str(mirror))}\n  }}\n"
        '  direct {\n    exclude = ["registry.terraform.io/hashicorp/aws"]\n  }\n'
        "}\n"
    )


@contextlib.contextmanager
def _process(words: list[str], environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """A process that does not outlive us: interrupted first, so that Terraform saves its state, then killed."""
    process = subprocess.Popen(
        words, env=dict(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, process_group=0
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=20)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def main() -> int:
    """Tries it: `python tools/terraform_sandbox.py FOLDER ENDPOINT_URL USER_POOL_ID` applies, plans, destroys."""
    directory, endpoint_url, user_pool_id = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
    run = TerraformRun(directory, endpoint_url, os.environ, {"user_pool_id": user_pool_id})
    for step in (run.init, run.apply, run.plan_is_empty, run.outputs, run.destroy, run.state):
        started = time.monotonic()
        try:
            result = step()
        except TerraformError as error:
            print(error, file=sys.stderr)
            return 1
        print(f"{step.__name__} ({time.monotonic() - started:.1f} s): {result if step != run.apply else 'done'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
