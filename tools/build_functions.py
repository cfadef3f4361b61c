"""Builds the zips of the Lambda functions: pure Python, the same bytes on every machine.

    uv run python tools/build_functions.py [--output dist/functions]

Each folder under functions/ becomes OUTPUT/NAME.zip, and OUTPUT/manifest.json lists their hashes. A zip holds the
function, the workspace packages that it depends on, and what those need from outside, from uv.lock with hashes. It
holds nothing that Lambda's runtime has (boto3), no native library, so that one zip serves arm64 and x86-64, and no
bytecode: a .pyc belongs to one minor release of Python, and a colleague without that interpreter would build other
bytes, so their next `terraform plan` would show changed functions. It would save little: with unchecked-hash .pyc files
a Python 3.13 that imports the recorder's handler ends after 51 ms, without them after 63 ms (medians of 15).
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET_PYTHON = "3.13"
"""The runtime's Python, for the choice of third-party wheels; terraform's `runtime` has the same default."""

IN_THE_RUNTIME = frozenset({"boto3", "botocore", "s3transfer", "jmespath", "python-dateutil", "urllib3", "six"})
"""What every Python runtime of Lambda brings: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html."""

NATIVE = re.compile(r"\.(so(\.\d+)*|pyd|dylib|dll)$", re.IGNORECASE)
KEPT_METADATA = frozenset({"METADATA", "entry_points.txt"})
"""Of a *.dist-info folder: what importlib.metadata reads. RECORD, WHEEL and direct_url.json describe the build."""

LEFT_OUT = ("usermgr/testing/",)
"""Support for tests: nothing in production imports it, and a changed test must not look like a changed function."""

EPOCH = (1980, 1, 1, 0, 0, 0)


class BuildError(Exception):
    """The build cannot go on; the message names the cause and the remedy."""


@dataclass(frozen=True, slots=True)
class Member:
    """A member of the workspace: its normalized name, its folder, and the names that it depends on."""

    name: str
    folder: Path
    dependencies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Built:
    """One zip: its path and the SHA-256 of its bytes."""

    path: Path
    sha256: bytes

    def entry(self) -> dict[str, str | int]:
        """Its line in the manifest; `base64_sha256` is what Lambda and Terraform call the code's hash."""
        return {
            "file": self.path.name,
            "size": self.path.stat().st_size,
            "sha256": self.sha256.hex(),
            "base64_sha256": base64.b64encode(self.sha256).decode(),
        }


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Builds the zips of the Lambda functions.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "functions", help="folder of the zips")
    parser.add_argument("--root", type=Path, default=ROOT, help="the workspace (default: this one)")
    options = parser.parse_args(arguments)
    try:
        built = build(options.root, options.output)
    except BuildError as error:
        print(f"build_functions: {error}", file=sys.stderr)
        return 1
    for name, one in built.items():
        print(f"{name:<16}{one.path.stat().st_size:>9,} bytes  sha256 {one.sha256.hex()}")
    return 0


def build(root: Path, output: Path) -> dict[str, Built]:
    """Builds every function of the workspace at `root` into `output`; returns the zips by function name."""
    members = read_members(root)
    functions = {m.folder.name: m for m in members.values() if m.folder.parent.name == "functions"}
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="usermgr-build-") as scratch:
        wheels = _Wheels(root, Path(scratch))
        built = {
            name: write_zip(output / f"{name}.zip", _contents(function, members, wheels))
            for name, function in sorted(functions.items())
        }
    manifest = {name: one.entry() for name, one in built.items()}
    (output / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n")
    return built


# --- Who depends on whom ------------------------------------------------------------------------------


def read_members(root: Path) -> dict[str, Member]:
    """The workspace's members by normalized name, from their pyproject.toml alone."""
    globs = _toml(root / "pyproject.toml")["tool"]["uv"]["workspace"]["members"]
    folders = sorted(folder for glob in globs for folder in root.glob(glob) if (folder / "pyproject.toml").is_file())
    members = (_member(folder) for folder in folders)
    return {member.name: member for member in members}


def _member(folder: Path) -> Member:
    project = _toml(folder / "pyproject.toml")["project"]
    return Member(
        name=normalized(project["name"]),
        folder=folder,
        dependencies=tuple(normalized(requirement) for requirement in project.get("dependencies", [])),
    )


def normalized(requirement: str) -> str:
    """The normalized name at the start of a requirement: `Foo_Bar[x]>=1` is `foo-bar`."""
    found = re.match(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", requirement)
    if found is None:
        raise BuildError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def closure(function: Member, members: Mapping[str, Member]) -> tuple[list[Member], frozenset[str]]:
    """The members that the function needs, itself included, and the names that are neither ours nor the runtime's."""
    needed: dict[str, Member] = {}
    outside: set[str] = set()
    waiting = [function.name]
    while waiting:
        name = waiting.pop()
        if name in members and name not in needed:
            needed[name] = members[name]
            waiting.extend(members[name].dependencies)
        elif name not in members and name not in IN_THE_RUNTIME:
            outside.add(name)
    return [needed[name] for name in sorted(needed)], frozenset(outside)


def _toml(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


# --- What goes into a zip -----------------------------------------------------------------------------


def _contents(function: Member, members: Mapping[str, Member], wheels: _Wheels) -> dict[str, bytes]:
    needed, outside = closure(function, members)
    contents: dict[str, bytes] = {}
    for member in needed:
        _merge(contents, _read_wheel(wheels.of(member)), member.name)
    if outside:
        _merge(contents, _read_tree(wheels.third_party(function)), "a third-party dependency")
    refuse_native(contents, function.folder.name)
    return contents


def _merge(contents: dict[str, bytes], more: Iterator[tuple[str, bytes]], source: str) -> None:
    for name, content in more:
        if contents.setdefault(name, content) != content:
            raise BuildError(f"{name} of {source} differs from the one that another dependency brings")


def refuse_native(contents: Mapping[str, bytes], function: str) -> None:
    """Raises `BuildError`, which names every native library among `contents`."""
    native = sorted(name for name in contents if NATIVE.search(name))
    if native:
        raise BuildError(
            f"{function}: {', '.join(native)} would tie the zip to one architecture; depend on a pure-Python package"
        )


def _belongs(name: str) -> bool:
    """Whether a file of a wheel or an installation belongs in a zip."""
    path = PurePosixPath(name)
    if name.endswith("/") or path.suffix == ".pyc" or name.startswith(LEFT_OUT):
        return False
    if path.parts[0].endswith(".dist-info"):
        return path.name in KEPT_METADATA or "licenses" in path.parts
    return path.parts[0] != "bin"


def _read_wheel(wheel: Path) -> Iterator[tuple[str, bytes]]:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if PurePosixPath(name).parts[0].endswith(".data"):
                raise BuildError(f"{wheel.name} has {name}: a function cannot have scripts or data files")
            if _belongs(name):
                yield name, archive.read(name)


def _read_tree(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and not path.name.startswith(".") and _belongs(name):
            yield name, path.read_bytes()


def write_zip(path: Path, contents: Mapping[str, bytes]) -> Built:
    """Writes the zip: sorted, one date, one mode, and stored, since zlib's releases compress differently."""
    scratch = path.with_suffix(".zip.tmp")
    with zipfile.ZipFile(scratch, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(contents):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3  # Unix, whatever this machine is: the mode below is in Unix's form
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, contents[name])
    scratch.replace(path)
    return Built(path, hashlib.sha256(path.read_bytes()).digest())


# --- uv -----------------------------------------------------------------------------------------------


class _Wheels:
    """The wheels of this build, each made once."""

    def __init__(self, root: Path, scratch: Path) -> None:
        self._root = root
        self._scratch = scratch
        self._made: dict[str, Path] = {}

    def of(self, member: Member) -> Path:
        """The wheel of a workspace member."""
        if member.name not in self._made:
            folder = self._scratch / member.name
            _uv(self._root, "build", "--quiet", "--wheel", "--package", member.name, "--out-dir", str(folder))
            self._made[member.name] = next(folder.glob("*.whl"))
        return self._made[member.name]

    def third_party(self, function: Member) -> Path:
        """A folder with what the function needs from outside the workspace, exactly as locked."""
        folder, pinned = self._scratch / f"{function.name}-site", self._scratch / f"{function.name}.txt"
        prunes = [argument for name in sorted(IN_THE_RUNTIME) for argument in ("--prune", name)]
        _uv(
            self._root, "export", "--quiet", "--locked", "--package", function.name, "--no-dev", "--no-emit-workspace",
            *prunes, "--output-file", str(pinned),
        )  # fmt: skip
        _uv(
            self._root, "pip", "install", "--quiet", "--require-hashes", "--no-deps", "--only-binary", ":all:",
            "--python", sys.executable, "--python-version", TARGET_PYTHON, "--target", str(folder),
            "--requirement", str(pinned),
        )  # fmt: skip
        return folder


def find_uv() -> str:
    """The uv of `$UV`, of the path, or of `.tools`."""
    for candidate in (os.environ.get("UV"), shutil.which("uv"), str(ROOT / ".tools" / "uv" / "bin" / "uv")):
        if candidate and Path(candidate).is_file():
            return candidate
    raise BuildError("uv is missing: `make functions` puts it into .tools, or set UV to its path")


def _uv(root: Path, *arguments: str) -> None:
    done = subprocess.run([find_uv(), *arguments], cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BuildError(f"uv {arguments[0]} failed:\n{done.stderr.strip()}")


if __name__ == "__main__":
    sys.exit(main())
