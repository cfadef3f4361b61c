"""What a person has chosen: theme, language, columns. The server keeps it, because a cookie holds an id alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from usermgr_console._config import LANGUAGES
from usermgr_console._database import Database

__all__ = ["THEMES", "Preferences", "PreferenceStore"]

THEMES = ("auto", "light", "dark")
MOST_COLUMNS = 40


@dataclass(frozen=True, slots=True)
class Preferences:
    """One person's choices."""

    theme: str = "auto"
    language: str | None = None
    columns: tuple[str, ...] = ("name", "email", "status", "seen", "created")
    """Of the people list; the page shows those that the store has, and the user name always."""
    exact_times: bool = False

    def changed(self, wanted: Mapping[str, Any]) -> Preferences:
        """With what `wanted` says, as far as it is valid: it comes from a form, or from a file of another release."""
        theme, language = wanted.get("theme", self.theme), wanted.get("language", self.language)
        columns = wanted.get("columns", self.columns)
        return replace(
            self,
            theme=theme if theme in THEMES else self.theme,
            language=language if language in LANGUAGES else self.language,
            columns=tuple(str(name) for name in columns)[:MOST_COLUMNS],
            exact_times=bool(wanted.get("exact_times", self.exact_times)),
        )


class PreferenceStore:
    """The preferences of all persons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, key: str) -> Preferences:
        """Those of the person, or the defaults."""
        with self._database.read() as connection:
            row = connection.execute("SELECT value FROM preferences WHERE person = ?", (key,)).fetchone()
        return Preferences() if row is None else Preferences().changed(json.loads(row["value"]))

    def keep(self, key: str, preferences: Preferences) -> None:
        """Keeps them."""
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO preferences VALUES (?, ?)", (key, json.dumps(asdict(preferences)))
            )
