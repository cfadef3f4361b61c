"""An export as a piece of work: everybody and all groups, in one archive beside the piece."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from usermgr.errors import ConflictError, InvalidInputError
from usermgr_bulk import Manifest, export_users, read_export
from usermgr_console._files import zip_folder
from usermgr_console._work import DONE, Running

__all__ = ["ARCHIVE", "EXPORT", "export"]

EXPORT = "export"
ARCHIVE = "export.zip"


def export(running: Running) -> Mapping[str, Any]:
    """Writes the export, or goes on with it, and packs it; the manifest is the result."""
    piece, folder = running.piece, running.piece.path("folder")
    done = piece.kept(DONE)
    if done is None:  # else the process ended before that was written down as the result
        manifest = read_export(folder).manifest if folder.exists() else _read(running, folder)
        zip_folder(folder, piece.path(ARCHIVE))
        done = {"manifest": manifest.to_dict()}
        piece.keep(DONE, done)
    shutil.rmtree(folder, ignore_errors=True)
    return done


def _read(running: Running, folder: Path) -> Manifest:
    write = partial(export_users, running.services.users, folder, progress=running.tell, stop=running.stop)
    try:
        return write(resume=True)
    except (ConflictError, InvalidInputError):  # of what an earlier run has left, as after a change of the store
        return write()
