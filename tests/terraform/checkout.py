"""A checkout of its own on a machine that has uv in .tools only, to run the README's commands in."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.build_functions import find_uv

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("Makefile", "pyproject.toml", "uv.lock", "packages", "functions", "tools", "terraform")
IGNORED = shutil.ignore_patterns("__pycache__", "tests", ".terraform", "*.tfstate*", "*.tfvars*", "*_override.tf")


def make_checkout(folder: Path) -> None:
    """Copies what the deployment needs; the environment is that of the tests, and newer than all of it for make."""
    assert (ROOT / ".venv" / ".synced").exists(), "run `make .venv/.synced` first"
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=IGNORED)
        else:
            shutil.copy2(source, folder / name)
    for path in (folder / "uv.lock", *folder.rglob("pyproject.toml")):
        os.utime(path, (1, 1))
    (folder / ".venv").symlink_to(ROOT / ".venv")
    uv = folder / ".tools" / "uv" / "bin" / "uv"
    uv.parent.mkdir(parents=True)
    uv.symlink_to(Path(find_uv()).resolve())


def commands(page: Path, heading: str) -> list[str]:
    """The lines of the first shell example below a heading."""
    below = page.read_text().split(f"\n{heading}\n", maxsplit=1)[1]
    found = re.search(r"```sh\n(.*?)```", below, re.DOTALL)
    assert found is not None
    return found[1].splitlines()


def run(command: str, folder: Path, environment: Mapping[str, str], answers: str) -> subprocess.CompletedProcess[str]:
    """A line as a shell runs it, without uv on the path."""
    return subprocess.run(
        ["bash", "-c", command], cwd=folder, input=answers, capture_output=True, text=True, check=False, timeout=300,
        env={**environment, "PATH": _path_without_uv(folder / "path")},
    )  # fmt: skip


def _path_without_uv(folder: Path) -> str:
    """The path, with a folder of links in the place of each that has uv."""
    folders: list[str] = []
    for number, original in enumerate(os.environ["PATH"].split(os.pathsep)):
        if not any((Path(original) / name).exists() for name in ("uv", "uvx")):
            folders.append(original)
            continue
        shadow = folder / str(number)
        shadow.mkdir(parents=True, exist_ok=True)
        for tool in Path(original).iterdir():
            link = shadow / tool.name
            if tool.name not in {"uv", "uvx"} and not link.is_symlink():
                link.symlink_to(tool)
        folders.append(str(shadow))
    return os.pathsep.join(folders)
