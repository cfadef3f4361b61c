"""Builds every package as a wheel, and beside the wheels one requirements file per extra, to install them with.

    uv run python -m tools.build_wheels [--output dist/wheels] [--url https://wheels.example.org/usermgr]

    pip install -r dist/wheels/cognito.txt

Our names on a public index belong to others, and no version number, `--find-links` or `--extra-index-url` keeps pip
from preferring what it finds there. A requirement that names an address and a hash does: the installer then asks no
index for that name. So each file names every package of ours that the extra needs, the inner ones too, by the address
of its wheel. The rest comes from the index, as ever.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.build_functions import find_uv, normalized

__all__ = ["build", "main", "requirements"]

ROOT = Path(__file__).resolve().parent.parent
ROOT_PACKAGE = "usermgr"
TESTING = "testing"
"""The file for authors of backends: an extra of usermgr-core, and not of `usermgr`."""


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Builds the wheels, and a requirements file per extra.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "wheels", help="folder of the wheels")
    parser.add_argument("--url", help="where the wheels will be fetched from (default: the folder itself)")
    options = parser.parse_args(arguments)
    files = build(options.output.resolve(), options.url)
    print(f"{len(list(options.output.glob('*.whl')))} wheels are in {options.output}. To install, one of:")
    for path in files:
        print(f"  pip install -r {os.path.relpath(path)}")
    return 0


def build(output: Path, url: str | None = None) -> list[Path]:
    """Empties `output`, builds the wheels into it, and writes the requirements files; returns those."""
    shutil.rmtree(output, ignore_errors=True)
    command = [find_uv(), "build", "--quiet", "--all-packages", "--wheel", "--out-dir", str(output)]
    subprocess.run(command, cwd=ROOT, check=True)
    for function in output.glob("usermgr_function_*.whl"):
        function.unlink()  # `make functions` builds those as the zips that Lambda takes
    (output / ".gitignore").unlink(missing_ok=True)
    base = (url or output.as_uri()).rstrip("/")
    addresses = {
        normalized(wheel.name.split("-")[0]): f"{base}/{wheel.name}#sha256={_sha256(wheel)}"
        for wheel in sorted(output.glob("*.whl"))
    }
    projects = _projects()
    extras = [*projects[ROOT_PACKAGE]["optional-dependencies"], TESTING]
    files: list[Path] = []
    for extra in extras:
        lines = [
            f"{requirement} @ {addresses[normalized(requirement)]}\n" for requirement in requirements(projects, extra)
        ]
        path = output / f"{extra}.txt"
        path.write_text(
            f"# pip install -r {path.name}: usermgr's own packages by address and hash, so that no index is asked for"
            " them.\n" + "".join(lines)
        )
        files.append(path)
    return files


def requirements(projects: Mapping[str, Mapping[str, Any]], extra: str) -> list[str]:
    """What of ours an extra needs, itself included, such as `["usermgr[jwt]", "usermgr-core", "usermgr-jwt"]`."""
    root = f"{ROOT_PACKAGE}-core[{extra}]" if extra == TESTING else f"{ROOT_PACKAGE}[{extra}]"
    needed = {normalized(root): root}
    waiting = [
        *projects[normalized(root)]["dependencies"],
        *projects[normalized(root)]["optional-dependencies"][extra],
    ]
    while waiting:
        name = normalized(waiting.pop())
        if name in projects and name not in needed:
            needed[name] = name
            waiting += projects[name]["dependencies"]
    return [needed[name] for name in sorted(needed)]


def _projects() -> dict[str, dict[str, Any]]:
    """The `[project]` tables of packages/, by name."""
    tables = (tomllib.loads(path.read_text())["project"] for path in sorted(ROOT.glob("packages/*/pyproject.toml")))
    return {table["name"]: table for table in tables}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main())
