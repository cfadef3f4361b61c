"""What a function finds beside its own zip: what AWS's Python runtime has, and nothing else of this environment.

A zip that lacks a module must fail here as it fails on AWS, so our own site-packages stay out of sight. A folder of
symlinks offers the runtime client and the SDK with exactly what they require.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions
from pathlib import Path

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


class RuntimeIncompleteError(Exception):
    """A distribution that the runtime offers is not installed where it was looked for."""


def link_closure(target: Path, roots: list[str], search: list[str] | None = None) -> Path:
    """Fill ``target`` with links to the distributions ``roots`` and all that they require.

    ``search`` is the path to look on, by default this interpreter's. Raises RuntimeIncompleteError naming a root
    that is missing.
    """
    installed = {_normalised(each.metadata["Name"]): each for each in distributions(path=search or sys.path)}
    target.mkdir(parents=True, exist_ok=True)
    waiting, done = [_normalised(root) for root in roots], set[str]()
    for root in waiting:
        if root not in installed:
            raise RuntimeIncompleteError(f"{root} is not installed in {search or 'this environment'}")
    while waiting:
        name = waiting.pop()
        # A requirement that is not installed belongs to another platform, Python or extra.
        if name in done or name not in installed:
            continue
        done.add(name)
        _link(installed[name], target)
        waiting += [required for requirement in installed[name].requires or [] if (required := _required(requirement))]
    return target


def _required(requirement: str) -> str | None:
    specification, _, marker = requirement.partition(";")
    match = _NAME.match(specification.strip())
    return None if match is None or "extra" in marker else _normalised(match.group())


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _link(distribution: Distribution, target: Path) -> None:
    base = Path(str(distribution.locate_file("")))
    for top in {file.parts[0] for file in distribution.files or []}:
        if top in {"..", "__pycache__"} or top.endswith(".pth"):
            continue
        link = target / top
        if not link.exists():
            link.symlink_to((base / top).resolve())
