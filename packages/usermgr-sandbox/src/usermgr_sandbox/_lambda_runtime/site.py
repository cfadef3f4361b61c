"""What a function finds installed: the packages of AWS's Python runtime, and none of our own environment."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from importlib.metadata import Distribution, distributions
from pathlib import Path

__all__ = ["RuntimeIncompleteError", "link_runtime_packages"]


class RuntimeIncompleteError(Exception):
    """A distribution of the runtime is not installed where it was looked for."""


def link_runtime_packages(folder: Path, names: tuple[str, ...], site_packages: Path | None = None) -> None:
    """Fills `folder` with links to the installed files of the distributions `names` and of what they require.

    AWS's Python runtimes bring boto3 and the runtime client, and nothing else: a function that lacks a module then
    fails here as it would on AWS, although the module is installed beside the sandbox.
    https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html
    They are looked for in `site_packages`, or in this environment. Raises `RuntimeIncompleteError`, which names
    the missing one.
    """
    folder.mkdir()
    search = [str(site_packages)] if site_packages else sys.path
    installed = {_key(each.metadata["Name"]): each for each in distributions(path=search)}
    for missing in (name for name in names if name not in installed):
        raise RuntimeIncompleteError(f"{missing} is not installed in {site_packages or 'this environment'}")
    for package in _closure(names, installed):
        for name in {Path(file).parts[0] for file in package.files or () if not str(file).startswith("..")}:
            target = Path(str(package.locate_file(name))).resolve()
            link = folder / name
            if name != "__pycache__" and target.exists() and not link.exists():
                link.symlink_to(target)


def _closure(names: tuple[str, ...], installed: Mapping[str, Distribution]) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        # A requirement that is not installed has a marker that does not apply here.
        if name in found or name not in installed:
            continue
        found[name] = installed[name]
        required = (text for text in found[name].requires or () if "extra ==" not in text)
        waiting.extend(_key(re.split(r"[^\w.-]", text, maxsplit=1)[0]) for text in required)
    return list(found.values())


def _key(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
