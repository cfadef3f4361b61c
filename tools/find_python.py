"""Prints a Python of the version asked for, or else the one that runs this script.

    python tools/find_python.py 3.13

The functions' second run takes the version that Terraform deploys, where the machine has it: on the PATH, or in the
folder of pyenv, whose commands on the PATH need not work.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def candidates(version: str) -> Iterator[str]:
    """Where a Python of that version may be."""
    on_path = shutil.which(f"python{version}")
    if on_path:
        yield on_path
    if pyenv := os.environ.get("PYENV_ROOT"):
        yield from (str(path) for path in sorted(Path(pyenv).glob(f"versions/{version}.*/bin/python3"), reverse=True))


def works(python: str, version: str) -> bool:
    """Whether the command runs, is that version, and can make an environment."""
    code = f"import sys, venv, ssl; sys.exit('.'.join(map(str, sys.version_info[:2])) != {version!r})"
    return subprocess.run([python, "-c", code], capture_output=True, check=False).returncode == 0


def main() -> None:
    """Prints the path."""
    version = sys.argv[1]
    found = (python for python in candidates(version) if works(python, version))
    print(next(found, sys._base_executable))


if __name__ == "__main__":
    main()
