"""The languages: English, which the code and the templates are written in, and Japanese from `locale/ja/console.po`.

The catalog is compiled when a console starts, in a few milliseconds, so that no compiled file can be stale or missing
from a wheel.
"""

from __future__ import annotations

import gettext
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cache
from importlib.resources import files

from babel import Locale
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from usermgr_console._config import LANGUAGES

__all__ = ["Language", "N_", "language_of", "preferred"]


def N_(text: str) -> str:  # noqa: N802 - the name that extractors know
    """Marks a text that is translated later, where the language is known."""
    return text


@dataclass(frozen=True, slots=True)
class Language:
    """A language with its texts, dates and numbers."""

    code: str
    name: str
    locale: Locale
    catalog: gettext.NullTranslations

    def text(self, message: str, /, **values: object) -> str:
        """The message in this language, with the values in its `%(placeholders)s`."""
        found = self.catalog.gettext(message)
        return found % values if values else found

    def plural(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The form of the message that fits the number, which is written as this language does."""
        found = self.catalog.ngettext(one, many, number)
        return found % {"count": self.number(number), **values}

    def number(self, value: float) -> str:
        """With the language's separators."""
        return format_decimal(value, locale=self.locale)

    def ago(self, moment: datetime, now: datetime) -> str:
        """How long ago; what lies ahead, as clocks differ, is now."""
        passed = now - moment
        if passed < timedelta(minutes=1):
            return self.text("just now")
        return format_timedelta(-passed, add_direction=True, locale=self.locale, threshold=1.2)

    def exact(self, moment: datetime, zone: tzinfo) -> str:
        """Date, time and zone."""
        there = moment.astimezone(zone)
        zone_name = there.tzname() or there.strftime("%z")
        return f"{format_datetime(there, 'yyyy-MM-dd HH:mm:ss', locale=self.locale)} {zone_name}"

    def day(self, moment: datetime, zone: tzinfo) -> str:
        """The date alone."""
        return format_date(moment.astimezone(zone).date(), "medium", locale=self.locale)


@cache
def language_of(code: str) -> Language:
    """The language of that code, one of `LANGUAGES`."""
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return Language(code, name[0].upper() + name[1:], locale, _catalog(code))


def _catalog(code: str) -> gettext.NullTranslations:
    if code == "en":
        return gettext.NullTranslations()
    source = files("usermgr_console") / "locale" / code / "console.po"
    compiled = io.BytesIO()
    with source.open("rb") as stream:
        write_mo(compiled, read_po(stream, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def preferred(accepted: str, fallback: str | None) -> str:
    """The code of the language that a header `Accept-Language` likes best, unless one is given."""
    if fallback is not None:
        return fallback
    return negotiate_locale(_ranked(accepted), LANGUAGES, sep="-") or "en"


def _ranked(accepted: str) -> Sequence[str]:
    ranges: list[tuple[float, str]] = []
    for part in accepted[:500].split(","):
        name, _, quality = part.strip().partition(";q=")
        try:
            ranges.append((-float(quality or 1), name))
        except ValueError:
            continue
    return [name for _, name in sorted(ranges, key=lambda found: found[0])]
