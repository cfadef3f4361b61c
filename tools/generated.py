"""What the tools that write files from code have in common: they write the files that are old, or say which are."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path

__all__ = ["ROOT", "main"]

ROOT = Path(__file__).resolve().parent.parent


def main(description: str, files: Iterable[Path], rendered: Callable[[Path], str]) -> int:
    """The command: brings each file to what `rendered` makes for it. Returns the exit status."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--check", action="store_true", help="change nothing; end with status 1 if a file is old")
    check = parser.parse_args().check
    is_old = False
    for path in files:
        content = rendered(path)
        if path.is_file() and path.read_text() == content:
            continue
        is_old = True
        if not check:
            path.write_text(content)
        print(f"{'old' if check else 'written'}: {path.relative_to(ROOT)}")
    return 1 if check and is_old else 0
