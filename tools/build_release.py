"""Builds what is published for people who have only Terraform: one archive with the module and its zips.

    uv run python -m tools.build_release [--output dist/release]

OUTPUT/usermgr-X.Y.Z.tar.gz holds terraform/, the zips in dist/functions/ where the module looks for them, the licence
and the pages of the documentation; OUTPUT/SHA256SUMS has its hash, for `sha256sum --check`. As a module's source:

    source = "https://.../usermgr-X.Y.Z.tar.gz//terraform?checksum=sha256:..."

The bytes are the same on every machine: sorted, one date, one owner, and stored, since zlib's releases compress
differently.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import shutil
import struct
import sys
import tarfile
import tomllib
import zlib
from pathlib import Path

from tools import build_functions

__all__ = ["build", "contents", "main"]

ROOT = Path(__file__).resolve().parent.parent
SUMS = "SHA256SUMS"
PAGES = ("LICENSE", "*.md", "docs/*.md")
MODULE = ("**/*.tf", "**/README.md", "actions.json")
NOT_PUBLISHED = ("override.tf", "*_override.tf", "usermgr_imports.tf")
"""What somebody has beside the module for themselves, such as a backend."""

_STORED = 0xFFFF
"""Bytes of a stored block of DEFLATE: https://www.rfc-editor.org/rfc/rfc1951#section-3.2.4."""


def main(arguments: list[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(description="Builds the archive of the Terraform module with its zips.")
    parser.add_argument("--output", type=Path, default=ROOT / "dist" / "release", help="folder of the archive")
    options = parser.parse_args(arguments)
    try:
        archive, digest = build(options.output)
    except build_functions.BuildError as error:
        print(f"build_release: {error}", file=sys.stderr)
        return 1
    print(f'{archive} and {SUMS} beside it: publish both, and use\n\nmodule "usermgr" {{')
    print(f'  source = "https://.../{archive.name}//terraform?checksum=sha256:{digest}"\n}}')
    return 0


def build(output: Path) -> tuple[Path, str]:
    """Empties `output` and builds into it; returns the archive, and the SHA-256 of its bytes in hexadecimal."""
    shutil.rmtree(output, ignore_errors=True)
    zips = output / "functions"
    build_functions.build(ROOT, zips)
    files = contents(ROOT, zips)
    shutil.rmtree(zips)
    version: str = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["usermgr"]["version"]
    archive = output / f"usermgr-{version}.tar.gz"
    archive.write_bytes(_gzip(_tar(files)))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    (output / SUMS).write_text(f"{digest}  {archive.name}\n")
    return archive, digest


def contents(root: Path, zips: Path) -> dict[str, bytes]:
    """Names in the archive, and bytes, from a checkout and a folder of zips."""
    found = {f"dist/functions/{path.name}": path.read_bytes() for path in zips.iterdir()}
    patterns = (*(f"terraform/{pattern}" for pattern in MODULE), *PAGES)
    for path in (path for pattern in patterns for path in root.glob(pattern)):
        name = path.relative_to(root)
        hidden = any(part.startswith(".") for part in name.parts)
        if not hidden and not any(name.match(pattern) for pattern in NOT_PUBLISHED):
            found[name.as_posix()] = path.read_bytes()
    return found


def _tar(contents: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(contents):
            entry = tarfile.TarInfo(name)  # of nobody in particular, from 1970, with mode 0644
            entry.size = len(contents[name])
            archive.addfile(entry, io.BytesIO(contents[name]))
    return buffer.getvalue()


def _gzip(data: bytes) -> bytes:
    """A gzip file (RFC 1952) whose content is stored."""
    body = b""
    for start in range(0, len(data), _STORED):
        block = data[start : start + _STORED]
        body += struct.pack("<?HH", start + _STORED >= len(data), len(block), len(block) ^ 0xFFFF) + block
    header = b"\x1f\x8b\x08" + b"\0" * 6 + b"\xff"  # no name, no time, of no operating system
    return header + body + struct.pack("<II", zlib.crc32(data), len(data) & 0xFFFFFFFF)


if __name__ == "__main__":
    sys.exit(main())
