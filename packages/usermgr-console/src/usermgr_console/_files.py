"""Files that come in and go out: kept for the owner of the process alone, and never whole in memory."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from starlette.datastructures import UploadFile

from usermgr_console._text import cell

__all__ = ["BLOCK", "Explain", "blocks", "csv_of_lines", "keep_blocks", "keep_text", "keep_upload", "zip_folder"]

BLOCK = 256 * 1024
NAME_LENGTH = 120
"""Characters of a file's name that are kept."""

BOM = "\ufeff"

Explain = Callable[[Mapping[str, Any]], str]
"""The text of a cell, made of a line's members."""


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


def csv_of_lines(path: Path, names: tuple[str, ...], more: Mapping[str, Explain] | None = None) -> Iterator[str]:
    """A file of JSON lines as CSV: UTF-8 with a byte order mark, and no cell a formula.

    `names` are the members that become columns; `more` are columns behind them, each with what makes its text.
    """
    more = more or {}
    yield BOM + ",".join((*names, *more)) + "\r\n"
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            members = json.loads(line)
            texts = ["" if members.get(name) is None else str(members[name]) for name in names]
            texts += [explain(members) for explain in more.values()]
            yield ",".join('"' + cell(text).replace('"', '""') + '"' for text in texts) + "\r\n"


def _private(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "wb")
