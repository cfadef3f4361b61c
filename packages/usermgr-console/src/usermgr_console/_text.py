"""What is done to texts of the store before anybody sees them: they may have been written by an attacker."""

from __future__ import annotations

import re

__all__ = ["FORMULA", "cell", "is_plain", "visible"]

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters but for tab and line feed, those that turn the direction of text, and halves of characters."""

FORMULA = "=+-@\t\r\n＝＋－＠"  # noqa: RUF001 - the wide ones that spreadsheets in East Asia take for the others
"""What a cell begins with that a spreadsheet takes for a formula."""


def visible(text: str) -> str:
    r"""The text with what does not show, or turns others round, written out.

    >>> visible("ab\u202egpj.exe")
    'ab\\u202egpj.exe'
    """
    return _HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_plain(text: str) -> bool:
    """Whether the text goes through a field of a form unchanged."""
    return visible(text) == text and not re.search(r"[\t\n]", text)


def cell(text: str) -> str:
    """The text as a cell of a spreadsheet, with an apostrophe before what would be taken for a formula."""
    shown = visible(text)
    return f"'{shown}" if shown[:1] and (shown[0] in FORMULA or shown.lstrip()[:1] in tuple(FORMULA)) else shown
