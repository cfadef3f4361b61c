"""The front ends, which import nothing of each other, hide the same characters."""

from __future__ import annotations

import sys

from usermgr_cli._text import CONTROLS
from usermgr_console._text import HIDDEN


def test_front_ends_hide_the_same_characters() -> None:
    """What the command line shows by its number the console does too; only in a page, tab and line end are no harm."""
    everything = "".join(map(chr, range(sys.maxunicode + 1)))

    assert set(CONTROLS.findall(everything)) == {*HIDDEN.findall(everything), "\t", "\n"}
