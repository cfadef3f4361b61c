"""What a function finds installed: what AWS's Python runtime offers, and nothing of our own environment."""

from __future__ import annotations

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

__all__ = ["link_runtime_packages"]

OFFERED = ("awslambdaric", "boto3")
"""AWS's Python runtimes bring these: https://docs.aws.amazon.com/lambda/latest/dg/lambda-python.html"""


def link_runtime_packages(folder: Path) -> None:
    """Fills `folder` with links to the installed files of `OFFERED` and of what they require.

    A function that lacks a module then fails here as it would on AWS, although the module is installed beside
    the sandbox.
    """
    for package in _closure(OFFERED):
        for name in {Path(file).parts[0] for file in package.files or () if not str(file).startswith("..")}:
            target = Path(str(package.locate_file(name)))
            link = folder / name
            if name != "__pycache__" and target.exists() and not link.exists():
                link.symlink_to(target)


def _closure(names: tuple[str, ...]) -> list[Distribution]:
    found: dict[str, Distribution] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            continue  # required under a marker that is not ours
        required = (text for text in found[name].requires or () if "extra ==" not in text)
        waiting.extend(re.split(r"[^\w.-]", text, maxsplit=1)[0].lower() for text in required)
    return list(found.values())
