"""The version of all packages, which has one home: `[tool.usermgr]` in the root's pyproject.toml.

    make version                # prints it
    make version 1.2.3          # writes it there, into every member's pyproject.toml, and into uv.lock
    python tools/version.py --check

A build backend wants a literal version in each pyproject.toml, and packages that are released together require each
other exactly. So every copy is written by this script, with the address of the repository, and a test runs `--check`.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

__all__ = ["current", "disagreements", "main", "members", "rewrite"]

ROOT = Path(__file__).resolve().parent.parent
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?(\.post\d+)?")
"""The versions of PEP 440 that a release of ours may have."""

HOME = re.compile(r'(^\[tool\.usermgr\]\n(?:(?!\[).*\n)*?version = ")[^"]*(")', re.MULTILINE)
PROJECT = re.compile(r'(^\[project\]\n(?:(?!\[).*\n)*?version = ")[^"]*(")', re.MULTILINE)
PIN = re.compile(r'("usermgr(?:-[a-z-]+)?(?:\[[a-z,-]+\])?==)[^"]*(")')
URLS = re.compile(r"^\[project\.urls\]\n(?:(?!\[).*\n)*", re.MULTILINE)
LOCKED = re.compile(r'^name = "([^"]+)"\nversion = "([^"]+)"\nsource = \{ editable = ', re.MULTILINE)


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Prints, writes or checks the version of all packages.")
    parser.add_argument("version", nargs="?", help="the new version, such as 1.2.3")
    parser.add_argument("--check", action="store_true", help="change nothing; end with status 1 where a copy differs")
    parser.add_argument("--root", type=Path, default=ROOT, help="the workspace (default: this one)")
    options = parser.parse_args(arguments)
    if options.check:
        different = disagreements(options.root)
        print("\n".join(different) or f"every package is {current(options.root)}")
        return 1 if different else 0
    if options.version is None:
        print(current(options.root))
        return 0
    if not VERSION.fullmatch(options.version):
        print(f"{options.version!r} is not a version such as 1.2.3, 1.2.3rc1 or 1.2.3.post1", file=sys.stderr)
        return 2
    rewrite(options.root, options.version)
    subprocess.run([os.environ.get("UV", "uv"), "lock", "--quiet"], cwd=options.root, check=True)
    print(f"every package is {options.version}; CHANGELOG.md wants a heading for it")
    return 0


def current(root: Path) -> str:
    """The version at its home."""
    return _settings(root)["version"]


def members(root: Path) -> list[Path]:
    """The pyproject.toml of every member of the workspace."""
    globs = tomllib.loads((root / "pyproject.toml").read_text())["tool"]["uv"]["workspace"]["members"]
    return sorted(path for glob in globs for path in root.glob(f"{glob}/pyproject.toml"))


def rewrite(root: Path, version: str) -> None:
    """Writes `version` at its home and into every member's pyproject.toml."""
    home = root / "pyproject.toml"
    home.write_text(HOME.sub(rf"\g<1>{version}\g<2>", home.read_text(), count=1))
    for path in members(root):
        path.write_text(_rendered(path.read_text(), version, _settings(root)["repository"]))


def disagreements(root: Path) -> list[str]:
    """One sentence for each place that does not have the version, or the repository's address."""
    version, repository = current(root), _settings(root)["repository"]
    found = [
        f"{path.relative_to(root)} does not have version {version} or its addresses everywhere: run make version"
        for path in members(root)
        if _rendered(path.read_text(), version, repository) != path.read_text()
    ]
    names = {tomllib.loads(path.read_text())["project"]["name"] for path in members(root)}
    locked = dict(LOCKED.findall((root / "uv.lock").read_text()))
    found += [f"uv.lock has {name} {locked.get(name)}" for name in sorted(names) if locked.get(name) != version]
    return found


def _settings(root: Path) -> dict[str, str]:
    return tomllib.loads((root / "pyproject.toml").read_text())["tool"]["usermgr"]


def _rendered(text: str, version: str, repository: str) -> str:
    """A member's pyproject.toml with this version, in its pins too, and with addresses in this repository."""
    text = PROJECT.sub(rf"\g<1>{version}\g<2>", text, count=1)
    text = PIN.sub(rf"\g<1>{version}\g<2>", text)
    urls = (
        "[project.urls]\n"
        f'Repository = "{repository}"\n'
        f'Documentation = "{repository}#readme"\n'
        f'Changelog = "{repository}/blob/main/CHANGELOG.md"\n'
        f'Security = "{repository}/security/policy"\n\n'
    )
    return URLS.sub(urls, text, count=1)


if __name__ == "__main__":
    sys.exit(main())
