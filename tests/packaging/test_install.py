"""The documented commands, with pip and uv as they are, against an index that has decoys of every name of ours.

Each install runs in an empty environment, with a requirements file of `make wheels`, and asks an index on loopback for
the rest. A decoy leaves a file behind, so an environment tells whether one got in.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.packaging import loopback_index
from tests.packaging.loopback_index import DECOY, Index
from tools.build_functions import find_uv
from tools.build_wheels import build
from tools.pips import PIPS, ensure
from tools.version import current

ROOT = Path(__file__).parents[2]
VERSION = current(ROOT)
TOOLS = [*(f"pip-{version}" for version in PIPS), "uv"]
VERSIONS = {"lower": "0.0.1", "equal": VERSION, "higher": "99.0.0"}
PROJECTS = {
    table["project"]["name"]: table
    for table in (tomllib.loads(path.read_text()) for path in sorted(ROOT.glob("packages/*/pyproject.toml")))
}
OURS = frozenset(PROJECTS)
MODULES = {name: table["tool"]["uv"]["build-backend"]["module-name"] for name, table in PROJECTS.items()}
EXTRAS = [*PROJECTS["usermgr"]["project"]["optional-dependencies"], "testing"]
TRIED = [
    (tool, extra)
    for tool in TOOLS
    for extra in EXTRAS
    if tool in TOOLS[-2:] or extra not in ("lambda", "activity", "cli", "console", "sandbox")
]
"""The newest pip and uv take every file. The older pips take `all`, which has the others but the sandbox."""


@dataclass(frozen=True)
class Machine:
    """A stranger's machine: a folder with `dist/wheels`, an empty environment, and one tool for it on the PATH."""

    folder: Path
    environment: Path
    variables: dict[str, str]

    def run(self, command: str) -> subprocess.CompletedProcess[str]:
        """Runs a line of a page in a shell."""
        return subprocess.run(
            ["sh", "-c", command], cwd=self.folder, env=self.variables, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip

    def python(self, code: str) -> str:
        """What a program prints in the environment."""
        command = [self.environment / "bin" / "python", "-I", "-c", code]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    def install(self, arguments: str) -> subprocess.CompletedProcess[str]:
        """`pip install ...`, or `uv pip install ...`."""
        return self.run(f"{self.variables['INSTALL']} {arguments}")

    def decoys(self) -> list[str]:
        """The decoys that got in."""
        return sorted(path.name for path in self.environment.glob(f"lib/python*/site-packages/{DECOY}/*"))

    def ours(self) -> dict[str, str]:
        """Name and version of what is installed under our names."""
        code = "import importlib.metadata as m, json; print(json.dumps({d.name: d.version for d in m.distributions()}))"
        return {name: version for name, version in json.loads(self.python(code)).items() if name in OURS}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder after `make wheels`. Its name has a space, as a user's may."""
    folder = tmp_path_factory.mktemp("a checkout")
    build(folder / "dist" / "wheels")
    return folder


@pytest.fixture(scope="module")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Wheels of everything that our packages need from others."""
    folder = tmp_path_factory.mktemp("third-party")
    found = loopback_index.third_party([*OURS, "usermgr[all]", "usermgr-core[testing]", "usermgr-bulk[yaml]"], OURS)
    for installed in found.values():
        loopback_index.repacked(folder, installed)
    return folder


@pytest.fixture(scope="module")
def serve(third_party: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Index]]:
    """The index with third-party wheels and decoys of a kind; each is started once."""
    running: dict[str, Index] = {}
    with ExitStack() as stack:

        def start(kind: str) -> Index:
            if kind not in running:
                folder = tmp_path_factory.mktemp(f"index-{kind}")
                for wheel in third_party.iterdir():
                    os.link(wheel, folder / wheel.name)
                for name in OURS:
                    for version in VERSIONS.values() if kind == "all" else [VERSIONS[kind]]:
                        loopback_index.decoy(folder, name, version, EXTRAS)
                running[kind] = stack.enter_context(loopback_index.serve(folder))
            running[kind].asked.clear()
            running[kind].given.clear()
            return running[kind]

        yield start


@pytest.fixture(scope="module")
def uv_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of uv for these tests alone."""
    return tmp_path_factory.mktemp("uv-cache")


@pytest.fixture
def machine(tmp_path: Path, checkout: Path, uv_cache: Path) -> Callable[[str, Index], Machine]:
    """Makes an empty environment for a tool that finds the index where it usually finds the public one."""

    def make(tool: str, index: Index) -> Machine:
        environment = tmp_path / "env"
        uv = find_uv()
        subprocess.run([uv, "venv", "--quiet", "--offline", "--python", sys.executable, environment], check=True)
        bin_folder = tmp_path / "bin"
        bin_folder.mkdir()
        program = bin_folder / ("uv" if tool == "uv" else "pip")
        runs = f'"{uv}"' if tool == "uv" else f'"{environment}/bin/python" "{ensure(tool.removeprefix("pip-"))}/pip"'
        program.write_text(f'#!/bin/sh\nexec {runs} "$@"\n')
        program.chmod(0o755)
        variables = {
            "PATH": f"{bin_folder}:{os.environ['PATH']}", "HOME": str(tmp_path), "VIRTUAL_ENV": str(environment),
            "INSTALL": "uv pip install" if tool == "uv" else "pip install",
            # Where the public index would be. Nothing else of pip and uv is configured, but for speed.
            "PIP_INDEX_URL": index.url, "UV_DEFAULT_INDEX": index.url, "PIP_CONFIG_FILE": os.devnull,
            "UV_NO_CONFIG": "1", "UV_CACHE_DIR": str(uv_cache), "UV_PYTHON_DOWNLOADS": "never", "PIP_NO_COMPILE": "1",
            "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_CACHE_DIR": "1", "UV_LINK_MODE": "copy",
        }  # fmt: skip
        return Machine(checkout, environment, variables)

    return make


def expected(checkout: Path, extra: str) -> dict[str, str]:
    """What of ours a requirements file must bring, by the file itself."""
    names = re.findall(
        r"^([a-z-]+)(?:\[\w+\])? @ ", (checkout / "dist" / "wheels" / f"{extra}.txt").read_text(), re.MULTILINE
    )
    return dict.fromkeys(names, VERSION)


@pytest.mark.parametrize(("tool", "extra"), TRIED)
def test_documented_command_takes_nobody_elses_package(
    tool: str, extra: str, machine: Callable[[str, Index], Machine], serve: Callable[[str], Index], checkout: Path
) -> None:
    """`install -r dist/wheels/EXTRA.txt` brings our packages, which work, and asks no index for any name of ours."""
    index = serve("all")
    here = machine(tool, index)

    done = here.install(f"-r dist/wheels/{extra}.txt")

    assert done.returncode == 0, done.stderr
    assert here.decoys() == []
    assert index.asked & OURS == set()
    assert here.ours() == expected(checkout, extra)
    here.python("import " + ", ".join(MODULES[name] for name in expected(checkout, extra) if name != "usermgr"))
    if extra in ("bulk", "all"):
        here.python("import ruamel.yaml")  # the extra of an extra


@pytest.mark.parametrize("kind", VERSIONS)
@pytest.mark.parametrize("tool", TOOLS)
def test_decoys_of_one_version_change_nothing(
    tool: str, kind: str, machine: Callable[[str, Index], Machine], serve: Callable[[str], Index], checkout: Path
) -> None:
    """The same where the decoys are all lower, all equal or all higher; and two files go into one command."""
    index = serve(kind)
    here = machine(tool, index)

    done = here.install("-r dist/wheels/local.txt -r dist/wheels/jwt.txt")

    assert done.returncode == 0, done.stderr
    assert here.decoys() == []
    assert index.asked & OURS == set()
    assert here.ours() == expected(checkout, "local") | expected(checkout, "jwt")


@pytest.mark.parametrize("tool", TOOLS)
def test_remedy_of_a_missing_backend_harms_nothing(
    tool: str, machine: Callable[[str, Index], Machine], serve: Callable[[str], Index], checkout: Path
) -> None:
    """The remedy that `BackendNotInstalledError` prints installs our backend beside what is installed, and no decoy."""
    index = serve("all")
    here = machine(tool, index)
    assert here.install("-r dist/wheels/jwt.txt").returncode == 0
    before = here.ours()
    remedy = here.python(
        "from usermgr import Factory, errors\n"
        "try: Factory.create('local')\n"
        "except errors.BackendNotInstalledError as error: print(error.remedy)"
    )

    done = here.run(remedy)

    assert done.returncode == 0, done.stderr
    assert here.decoys() == []
    assert index.asked & OURS == set()
    assert here.ours() == before | expected(checkout, "local")
    assert here.python("from usermgr import Factory; print(Factory.create('local', path='users.db'))")


@pytest.mark.parametrize("tool", TOOLS)
def test_decoys_are_real(tool: str, machine: Callable[[str, Index], Machine], serve: Callable[[str], Index]) -> None:
    """The index can harm: a command that these pages warn of takes a decoy. Otherwise the tests above show nothing."""
    here = machine(tool, serve("all"))

    here.install("usermgr")

    assert here.decoys() == ["usermgr-99.0.0"]


@pytest.mark.parametrize("kind", ["equal", "higher"])
@pytest.mark.parametrize("version", PIPS)
def test_exact_version_beside_our_wheels_is_no_protection(
    version: str, kind: str, machine: Callable[[str, Index], Machine], serve: Callable[[str], Index]
) -> None:
    """What these pages used to say, `--find-links` and an exact version, takes a decoy of the same version."""
    here = machine(f"pip-{version}", serve(kind))

    here.install(f'--find-links dist/wheels "usermgr[local]=={VERSION}"')

    assert here.decoys() != [] if kind == "equal" else here.decoys() == []


def test_project_that_uv_manages_locks_our_packages(
    machine: Callable[[str, Index], Machine], serve: Callable[[str], Index], checkout: Path, tmp_path: Path
) -> None:
    """`uv add -r` writes our addresses into pyproject.toml, and the lock and every later sync have no decoy."""
    index = serve("all")
    here = machine("uv", index)
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "app"\nversion = "1"\nrequires-python = ">=3.11"\n')
    wheels = checkout / "dist" / "wheels"

    done = here.run(
        f'cd "{project}" && uv add --active -r "{wheels}/local.txt" && uv lock --upgrade && uv sync --active'
    )

    assert done.returncode == 0, done.stderr
    assert here.decoys() == []
    assert index.asked & OURS == set()
    assert here.ours() == expected(checkout, "local")


def test_index_of_a_company_needs_no_file(
    machine: Callable[[str, Index], Machine], third_party: Path, checkout: Path, tmp_path: Path
) -> None:
    """Our wheels on an index that is the only one install by name, and the remedy then names no command."""
    folder = tmp_path / "company"
    folder.mkdir()
    for wheel in [*third_party.iterdir(), *(checkout / "dist" / "wheels").glob("*.whl")]:
        shutil.copy(wheel, folder)
    with loopback_index.serve(folder) as index:
        here = machine(TOOLS[-2], index)

        done = here.install(f'"usermgr[local]=={VERSION}"')

    assert done.returncode == 0, done.stderr
    assert here.ours() == expected(checkout, "local")
    remedy = here.python(
        "from usermgr import Factory, errors\n"
        "try: Factory.create('cognito')\n"
        "except errors.BackendNotInstalledError as error: print(error.remedy)"
    )
    assert remedy == f"install usermgr-cognito {VERSION}, and only from the same index or folder as usermgr-core"


def test_wheels_for_another_place_say_so(tmp_path: Path) -> None:
    """With `URL=`, the requirements files lead there, with the same hashes."""
    (core,) = [
        line
        for line in build(tmp_path / "w", "https://wheels.example/u/")[0].read_text().splitlines()
        if line.startswith("usermgr-core @ ")
    ]

    assert re.fullmatch(
        rf"usermgr-core @ https://wheels\.example/u/usermgr_core-{re.escape(VERSION)}-py3-none-any\.whl#sha256=[0-9a-f]{{64}}",
        core,
    )


def test_changed_wheel_is_refused(
    machine: Callable[[str, Index], Machine], serve: Callable[[str], Index], checkout: Path, tmp_path: Path
) -> None:
    """A wheel that is not the one that was built is not installed: the hash is checked."""
    wheels = tmp_path / "wheels"
    shutil.copytree(checkout / "dist" / "wheels", wheels)
    text = (wheels / "jwt.txt").read_text().replace((checkout / "dist" / "wheels").as_uri(), wheels.as_uri())
    (wheels / "jwt.txt").write_text(text)
    loopback_index.decoy(wheels, "usermgr-jwt", VERSION)
    here = machine("pip-26.3", serve("all"))

    done = here.install(f'-r "{wheels}/jwt.txt"')

    assert done.returncode != 0
    assert here.decoys() == []


@pytest.mark.parametrize("page", ["README.md", "docs/install.md", "docs/verifier.md", *(
    f"packages/{name}/README.md" for name in sorted(OURS)
)])  # fmt: skip
def test_pages_show_no_command_that_names_a_package_of_ours(page: str) -> None:
    """Every `pip install` of a page installs from a requirements file of `make wheels`, unless the page warns of it."""
    commands = re.findall(r"pip install[^`\n#)]*", (ROOT / page).read_text())
    allowed = re.compile(r"pip install( -r (dist/wheels/[a-z]+\.txt|\.\.\.))+( (?!usermgr)[a-z0-9]+)*\s*$")
    warned = re.compile(r"pip install (--upgrade )?usermgr\.\.\.$")
    assert [command for command in commands if not allowed.match(command) and not warned.match(command)] == []
