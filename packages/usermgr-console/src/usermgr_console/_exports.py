"""An export as a piece of work: everybody and all groups, in one archive beside the piece."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import Any

from usermgr_bulk import export_users
from usermgr_console._files import zip_folder
from usermgr_console._work import Running

__all__ = ["ARCHIVE", "EXPORT", "export"]

EXPORT = "export"
ARCHIVE = "export.zip"


def export(running: Running) -> Mapping[str, Any]:
    """Writes the export and packs it; the manifest is the result."""
    folder = running.piece.path("folder")
    shutil.rmtree(folder, ignore_errors=True)  # of a run that ended before it was packed
    try:
        manifest = export_users(running.services.users, folder, progress=running.tell, stop=running.stop)
        zip_folder(folder, running.piece.path(ARCHIVE))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"manifest": manifest.to_dict()}
