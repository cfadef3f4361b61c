"""The check of the store's file, and of the JWKS file beside it. It opens nothing for writing, and creates nothing."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from usermgr.checks import Finding, Severity, Subject
from usermgr.errors import ConfigurationError
from usermgr_local._manager import LocalUserManager
from usermgr_local._schema import MIGRATIONS, check_file
from usermgr_local._settings import LocalSettings

__all__ = ["store"]

CHECK = "local.store"


def store(subject: Subject) -> Iterator[Finding]:
    """The file is a store of this release that only its owner can read, and the keys beside it are its own."""
    users = subject.users
    if isinstance(users, LocalUserManager):
        settings = users.settings
    elif users is None and subject.environ.get("USERMGR_BACKEND") == "local":
        settings = LocalSettings.read(environ=subject.environ)
    else:
        return
    evidence = {"path": str(settings.path), "jwks": str(settings.jwks_path)}
    try:
        state = settings.path.stat()
    except OSError as error:
        yield Finding(
            CHECK, Severity.FAILURE, f"{settings.path} cannot be looked at: {error.strerror}", evidence,
            "set USERMGR_LOCAL_PATH to the store's file; the first use creates it in a directory that exists",
        )  # fmt: skip
        return
    if os.name == "posix":
        evidence |= {"mode": f"{state.st_mode & 0o777:04o}", "owner": str(state.st_uid)}
    found = list(_problems(settings, state, evidence))
    yield from found or [Finding(CHECK, Severity.OK, f"{settings.path} is a store of this release", evidence)]


def _problems(settings: LocalSettings, state: os.stat_result, evidence: dict[str, str]) -> Iterator[Finding]:
    path = settings.path
    if os.name == "posix" and state.st_uid != os.geteuid():
        yield Finding(
            CHECK, Severity.FAILURE, f"{path} belongs to another user, who can read its signing keys", evidence,
            f"run chown {os.geteuid()} {path}",
        )  # fmt: skip
    elif os.name == "posix" and state.st_mode & 0o077:
        yield Finding(
            CHECK, Severity.FAILURE, f"other users may read or change {path}, which holds password hashes", evidence,
            f"run chmod 600 {path}",
        )  # fmt: skip
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)) as connection:
            version = check_file(connection, path)
            evidence["schema"] = f"{version} of {len(MIGRATIONS)}"
            rows = connection.execute("SELECT key_id FROM signing_keys").fetchall() if version else []
    except ConfigurationError as error:
        problems = error.problems or [error.message]
        yield Finding(CHECK, Severity.FAILURE, error.message, evidence, f"correct this: {problems[0]}")
        return
    except sqlite3.Error as error:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        yield Finding(
            CHECK, Severity.FAILURE, f"{path} cannot be read as an SQLite file ({name})", evidence,
            "restore the file from a backup, or set USERMGR_LOCAL_PATH to the store's file",
        )  # fmt: skip
        return
    if version < len(MIGRATIONS):
        yield Finding(
            CHECK, Severity.WARNING, f"{path} is of an older release", evidence, "use the store once, which migrates it"
        )  # fmt: skip
    if _key_ids(settings.jwks_path) != {row[0] for row in rows}:
        yield Finding(
            CHECK, Severity.FAILURE, f"{settings.jwks_path} does not hold the store's public keys: no token verifies",
            evidence, "open the store once, which writes the file again",
        )  # fmt: skip


def _key_ids(path: Path) -> set[str] | None:
    try:
        document: Any = json.loads(path.read_bytes())
        return {str(key["kid"]) for key in document["keys"]}
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return None
