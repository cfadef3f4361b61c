"""What people get when they install: built wheels, in empty environments, without a network."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tools.version import current

ROOT = Path(__file__).parents[2]
VERSION = current(ROOT)
UV = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".tools" / "uv" / "bin" / "uv")
BACKENDS = {"cognito": "usermgr-cognito", "lambda": "usermgr-lambda-client", "local": "usermgr-local"}
EXTRAS = {
    **BACKENDS,
    "jwt": "usermgr-jwt",
    "activity": "usermgr-activity",
    "bulk": "usermgr-bulk",
    "cli": "usermgr-cli",
    "console": "usermgr-console",
    "sandbox": "usermgr-sandbox",
}
BELOW = {
    "cognito": {"usermgr-aws"}, "lambda": {"usermgr-aws"}, "activity": {"usermgr-aws"},
    "cli": {"usermgr-bulk"}, "console": {"usermgr-bulk"},
}  # fmt: skip
"""What of ours an extra brings besides core and its own package."""
PROGRAMS = {"usermgr-cli", "usermgr-console"}
PAGES = {".html", ".css", ".js", ".svg", ".po"}
MODULES = {
    "cognito": "usermgr_cognito", "lambda": "usermgr_lambda_client", "local": "usermgr_local",
    "jwt": "usermgr_jwt", "activity": "usermgr_activity", "bulk": "usermgr_bulk", "sandbox": "usermgr_sandbox",
    "cli": "usermgr_cli", "console": "usermgr_console",
}  # fmt: skip


def uv(*arguments: str | Path) -> str:
    """Runs uv without a network."""
    command = [UV, *map(str, arguments), "--offline", "--quiet"]
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    return subprocess.run(command, cwd=ROOT, check=True, text=True, capture_output=True, env=environment).stdout


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every distribution of the workspace as a wheel, by name."""
    folder = tmp_path_factory.mktemp("wheels")
    uv("build", "--all-packages", "--wheel", "--out-dir", folder)
    return {path.name.split("-")[0].replace("_", "-"): path for path in folder.glob("*.whl")}


def requirements(wheel: Path, extra: str) -> set[str]:
    """The names of what a wheel requires for an extra (or for none)."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
    found = (Requirement(text) for text in metadata.get_all("Requires-Dist", []))
    return {r.name for r in found if r.marker is None or r.marker.evaluate({"extra": extra})}


def ours(wheels: dict[str, Path], extra: str) -> set[str]:
    """Our distributions that `usermgr[extra]` brings, by the wheels' own metadata."""
    names, waiting = {"usermgr"}, requirements(wheels["usermgr"], extra)
    while waiting:
        name = waiting.pop()
        if name in wheels and name not in names:
            names.add(name)
            waiting |= requirements(wheels[name], "")
    return names


@pytest.fixture(scope="session")
def install(wheels: dict[str, Path], tmp_path_factory: pytest.TempPathFactory):
    """Makes an empty environment with `usermgr[extra]` from the wheels, the rest as locked."""

    def make(extra: str) -> Path:
        folder = tmp_path_factory.mktemp(f"env-{extra}")
        uv("venv", "--python", sys.executable, folder / "env")
        python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
        locked = folder / "pylock.toml"
        uv("export", "--locked", "--package", "usermgr", "--extra", extra, "--no-dev", "--no-emit-workspace",
           "--format", "pylock.toml", "--output-file", locked)  # fmt: skip
        uv("pip", "sync", "--python", python, "--allow-empty-requirements", locked)
        own = [wheels[name] for name in sorted(ours(wheels, extra))]
        uv("pip", "install", "--python", python, "--no-deps", "--no-index", *own)
        uv("pip", "check", "--python", python)
        return python

    return make


REPORT = """
import importlib.metadata as m, json
from usermgr import Factory, errors
def attempt(name, create=Factory.create):
    try: create(name)
    except errors.BackendNotInstalledError as error: return error.remedy
    except errors.ConfigurationError: return "installed"
print(json.dumps({
    "distributions": sorted({d.name for d in m.distributions()}),
    "summary": m.metadata("usermgr")["Summary"],
    "provided_by": m.packages_distributions()["usermgr"],
    "backends": {name: attempt(name) for name in ("cognito", "lambda", "local")},
    "stores": {name: attempt(name, Factory.create_activity) for name in ("dynamodb", "local")},
}))
"""


@pytest.mark.parametrize("extra", EXTRAS)
def test_extra_brings_its_package_and_no_other(extra: str, wheels: dict[str, Path], install: object) -> None:
    """`pip install "usermgr[extra]"` brings that package, core and what they need; other backends name their extra."""
    python = install(extra)  # type: ignore[operator]
    environment = {"PATH": os.environ["PATH"]}

    def run(code: str) -> str:
        command = [python, "-I", "-c", code]
        return subprocess.run(command, check=True, text=True, capture_output=True, env=environment).stdout

    report = json.loads(run(REPORT))
    folder = wheels["usermgr-core"].parent
    own = {name for name in report["distributions"] if name.startswith("usermgr")}
    assert own == {"usermgr", "usermgr-core", EXTRAS[extra]} | BELOW.get(extra, set())
    assert report["backends"] == {
        name: "installed" if name == extra else f"install {distribution} {VERSION}, and only from {folder}"
        for name, distribution in BACKENDS.items()
    }
    assert report["stores"] == {
        name: "installed"
        if EXTRAS[extra] == distribution
        else f"install {distribution} {VERSION}, and only from {folder}"
        for name, distribution in {"dynamodb": "usermgr-activity", "local": "usermgr-local"}.items()
    }
    assert report["provided_by"] == ["usermgr-core"]
    assert report["summary"].startswith("One Python API to manage users")
    run(f"import {MODULES[extra]}")
    if extra == "bulk":
        run("from usermgr_bulk.sync import parse_desired; parse_desired('users: []', 'yaml')")
    if extra in {"jwt", "cli", "console"}:
        assert not {"boto3", "botocore"} & set(report["distributions"])
    if extra == "cli":
        command_works(python.with_name("usermgr"), folder)


def command_works(usermgr: Path, wheels: Path) -> None:
    """The script lists its commands, says how to get one that is not installed, and what holds no users here."""

    def run(*arguments: str) -> tuple[int, str, str]:
        done = subprocess.run([usermgr, *arguments], check=False, text=True, capture_output=True, env={}, cwd="/")
        return done.returncode, done.stdout, done.stderr

    status, out, _ = run("--help")
    assert (status, "doctor" in out, "trigger" in out) == (0, True, False)
    status, out, err = run("trigger", "attach")
    assert (status, out) == (2, "")
    assert f"the command trigger is not installed: it is in usermgr-cognito {VERSION}, which must come from" in err
    assert f"install usermgr-cognito {VERSION}, and only from {wheels}" in err
    status, out, _ = run("backends", "--output", "jsonl")
    assert (status, {json.loads(line)["version"] for line in out.splitlines()}) == (0, {None})
    assert run("user", "list")[0] == 2


def test_every_package_is_typed_and_licensed(wheels: dict[str, Path]) -> None:
    """Each wheel with a module has py.typed, and each names its licence."""
    for name, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (metadata,) = (archive.read(n).decode() for n in names if n.endswith("METADATA"))
        assert "License-Expression: MIT" in metadata, name
        if name != "usermgr":
            assert any(n.endswith("/py.typed") for n in names), name
        else:
            assert not any(n.endswith(".py") for n in names)


def test_facts_travel_with_the_code(wheels: dict[str, Path]) -> None:
    """The wheel of usermgr-cognito has the file of IAM actions that its code reads."""
    with zipfile.ZipFile(wheels["usermgr-cognito"]) as archive:
        assert "usermgr_cognito/actions.json" in archive.namelist()


def test_the_console_brings_its_pages(wheels: dict[str, Path]) -> None:
    """Templates, style, script and texts are in the wheel, as the checkout has them."""
    source = ROOT / "packages" / "usermgr-console" / "src"
    files = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.suffix in PAGES}

    with zipfile.ZipFile(wheels["usermgr-console"]) as archive:
        assert files <= set(archive.namelist())
    assert {Path(name).suffix for name in files} == PAGES


def test_an_index_can_show_every_package(wheels: dict[str, Path]) -> None:
    """Each package has a summary, an author, keywords, addresses, classifiers, its licence's text and a real README."""
    for name, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (path,) = (n for n in names if n.endswith(".dist-info/METADATA"))
            metadata = Parser().parsestr(archive.read(path).decode())
        classifiers = metadata.get_all("Classifier", [])
        assert metadata["Author"] == "The usermgr authors", name
        if name.startswith("usermgr-function-"):
            assert classifiers == ["Private :: Do Not Upload"], name
            continue
        addresses = dict(address.split(", ") for address in metadata.get_all("Project-URL", []))
        assert set(addresses) == {"Repository", "Documentation", "Changelog", "Security"}, name
        assert metadata["Summary"], name
        assert metadata["Keywords"], name
        assert ("Typing :: Typed" in classifiers) == (name != "usermgr"), name
        assert {"Programming Language :: Python :: 3.11", "Intended Audience :: Developers"} <= set(classifiers), name
        assert metadata.get_all("License-File") == ["LICENSE"], name
        assert any(n.endswith("/licenses/LICENSE") for n in names), name
        readme = metadata.get_payload()
        assert isinstance(readme, str)
        assert ("```sh" if name in PROGRAMS else "```python") in readme, name
        assert "docs/" in readme, name  # where to read on


def test_suites_for_other_backends_bring_pytest(wheels: dict[str, Path]) -> None:
    """`usermgr.testing` imports pytest, and the extra `testing` of usermgr-core is where that is said."""
    assert requirements(wheels["usermgr-core"], "testing") == {"pytest"}
    assert requirements(wheels["usermgr-core"], "") == set()


def test_yaml_is_an_extra_of_bulk(wheels: dict[str, Path]) -> None:
    """Whoever installs usermgr-bulk by itself gets no YAML, unless they ask for it."""
    assert requirements(wheels["usermgr-bulk"], "") == {"usermgr-core"}
    assert requirements(wheels["usermgr-bulk"], "yaml") == {"usermgr-core", "ruamel-yaml"}


def test_extras_are_all_there(wheels: dict[str, Path]) -> None:
    """The extra `all` brings what the others bring together, but the sandbox, which is for development."""
    assert requirements(wheels["usermgr"], "all") == {"usermgr-core", *EXTRAS.values()} - {"usermgr-sandbox"}


@pytest.mark.parametrize("page", ["README.md", "docs/install.md"])
def test_pages_name_every_requirements_file(page: str) -> None:
    """The pages about installing name a file of `make wheels` for each extra, and no other."""
    named = set(re.findall(r"\b([a-z]+)\.txt\b", (ROOT / page).read_text()))
    assert named - {"all", "testing"} == set(EXTRAS)
