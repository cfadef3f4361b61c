"""Opening a store: its file, what is fixed in it, its keys, and the file that publishes the public ones."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from usermgr_local._database import Database
from usermgr_local._files import publish, unusable
from usermgr_local._paging import PageTokens
from usermgr_local._settings import LocalSettings
from usermgr_local._signing import SigningKeys

__all__ = ["Store", "open_store"]


@dataclass(frozen=True, slots=True)
class Store:
    """What the parts of a manager share."""

    database: Database
    keys: SigningKeys
    pages: PageTokens
    id: str
    """Made with the file, and kept in it: a copy of the file has the same one."""


def open_store(settings: LocalSettings) -> Store:
    """Opens the store, which is created where there is none, and publishes its public keys.

    Raises `ConfigurationError`.
    """
    database = Database(settings.path)
    with database.write() as connection:
        _fix_case_rule(connection, settings)
        keys = SigningKeys(connection)
        pages = PageTokens(_setting(connection, "page_key"))
        store_id = _setting(connection, "store_id")
    publish(settings.jwks_path, keys.jwks(), store=database.path)
    return Store(database, keys, pages, store_id)


def _setting(connection: sqlite3.Connection, name: str) -> Any:
    row = connection.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return None if row is None else row["value"]


def _fix_case_rule(connection: sqlite3.Connection, settings: LocalSettings) -> None:
    """Keeps the store to the case rule that it was created with: two names of today could be one tomorrow."""
    created_with = _setting(connection, "case_sensitive")
    if created_with is None:
        connection.execute(
            "INSERT INTO settings (name, value) VALUES ('case_sensitive', ?)", (int(settings.case_sensitive),)
        )
    elif bool(created_with) is not settings.case_sensitive:
        rule = "true" if created_with else "false"
        raise unusable(f"{settings.path} was created with USERMGR_LOCAL_CASE_SENSITIVE={rule}, which cannot be changed")
