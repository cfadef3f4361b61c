"""Files that come in and go out: kept for the owner of the process alone, and never whole in memory."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from starlette.datastructures import UploadFile

from usermgr_console._text import cell

__all__ = ["BLOCK", "blocks", "csv_of_lines", "keep_blocks", "keep_text", "keep_upload", "zip_folder"]

BLOCK = 256 * 1024
NAME_LENGTH = 120
"""Characters of a file's name that are kept."""

BOM = "\ufeff"


def keep_upload(upload: UploadFile, path: Path) -> int:
    """Writes what was uploaded into a private file; how many bytes it has."""
    with _private(path) as stream:
        shutil.copyfileobj(upload.file, stream, BLOCK)
        return stream.tell()


def keep_text(text: str, path: Path) -> None:
    """Writes a text into a private file."""
    with _private(path) as stream:
        stream.write(text.encode("utf-8", "replace"))


def keep_blocks(content: Iterable[bytes], path: Path) -> None:
    """Writes what comes piece by piece into a private file."""
    with _private(path) as stream:
        stream.writelines(content)


def zip_folder(folder: Path, path: Path) -> None:
    """Packs the files of a folder into a private archive, which appears whole or not at all."""
    partial = path.with_name(f".{path.name}.partial")
    partial.unlink(missing_ok=True)
    with _private(partial) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.iterdir()):
            archive.write(file, f"{path.stem}/{file.name}")
    partial.replace(path)


def blocks(path: Path) -> Iterator[bytes]:
    """The content of a file, piece by piece."""
    with path.open("rb") as stream:
        while block := stream.read(BLOCK):
            yield block


def csv_of_lines(path: Path, names: tuple[str, ...]) -> Iterator[str]:
    """A file of JSON lines as CSV: UTF-8 with a byte order mark, and no cell a formula."""
    yield BOM + ",".join(names) + "\r\n"
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            members = json.loads(line)
            cells = (cell("" if members.get(name) is None else str(members[name])) for name in names)
            yield ",".join('"' + text.replace('"', '""') + '"' for text in cells) + "\r\n"


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb")
