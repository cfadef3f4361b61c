"""What is done to texts of the store before anybody sees them: they may have been written by an attacker."""

from __future__ import annotations

import re

from usermgr_bulk.formats import harmless

__all__ = ["HIDDEN", "cell", "is_plain", "visible"]

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff]"
)
"""Control characters but for tab and line feed, those that turn the direction of text or are no text, and halves of
characters.

The command line has its own list, because it loads no other package of ours before a command runs, nor in a signal's
handler: `usermgr_cli._text`. `tests/cli/test_hidden.py` holds the two together.
"""


def visible(text: str) -> str:
    r"""The text with what does not show, or turns others round, written out.

    >>> visible("ab\u202egpj.exe")
    'ab\\u202egpj.exe'
    """
    return HIDDEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def is_plain(text: str) -> bool:
    """Whether the text goes through a field of a form unchanged."""
    return visible(text) == text and not re.search(r"[\t\n]", text)


def cell(text: str) -> str:
    """The text as a cell of a spreadsheet, which takes it for no formula."""
    return harmless(visible(text))
