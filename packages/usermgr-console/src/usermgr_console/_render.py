"""Templates: escaped always, without anything hidden in them, and in the language of the reader."""

from __future__ import annotations

from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from usermgr_console._config import LANGUAGES
from usermgr_console._i18n import language_of
from usermgr_console._static import Static
from usermgr_console._text import visible

__all__ = ["Pages"]


class Pages:
    """The templates of the package, for each language."""

    def __init__(self, static: Static) -> None:
        self._static = static.names
        self._environments = {code: _environment(code) for code in LANGUAGES}

    def render(self, template: str, language: str, values: dict[str, Any]) -> str:
        """The page. Whatever a value holds, no control character comes through."""
        return visible(self._environments[language].get_template(template).render(values, static=self._static))


def _environment(code: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("usermgr_console"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    environment.install_gettext_translations(language_of(code).catalog, newstyle=True)  # pyright: ignore[reportAttributeAccessIssue] - the extension brings it
    return environment
