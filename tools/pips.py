"""Puts the releases of pip into .tools/pips that the tests of installing use: an old one, a usual one and the newest.

uv run python -m tools.pips
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.build_functions import find_uv

__all__ = ["PIPS", "ensure", "main"]

ROOT = Path(__file__).resolve().parent.parent
PIPS = {
    "23.0.1": "236bcb61156d76c4b8a05821b988c7b8c35bf0da28a4b614e8d6ab5212c25c6f",
    "24.0": "ba0d021a166865d2265246961bec0152ff124de910c5cc39f1156ce3fa7c69dc",
    "26.3": "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13",
}
"""The versions, with the SHA-256 of each wheel."""


def main() -> int:
    """The command."""
    for version in PIPS:
        ensure(version)
    return 0


def ensure(version: str) -> Path:
    """The folder of that pip, which `python FOLDER/pip` runs. Downloads it if it is neither there nor in uv's cache."""
    folder = ROOT / ".tools" / "pips" / version
    if not (folder / "pip" / "__main__.py").is_file():
        subprocess.run(
            [find_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
             "--python", sys.executable, "--target", str(folder), "--requirement", "-"],
            input=f"pip=={version} --hash=sha256:{PIPS[version]}\n", text=True, check=True,
        )  # fmt: skip
    return folder


if __name__ == "__main__":
    sys.exit(main())
