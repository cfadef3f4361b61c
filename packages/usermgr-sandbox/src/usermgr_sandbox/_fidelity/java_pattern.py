r"""The patterns of AWS's service models, which are Java's, as Python's.

Python's `re` lacks `\p{L}` and the other categories of Unicode, and its `\w`, `\s` and `\d` are not those of ASCII by
default. https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections import defaultdict
from functools import cache

__all__ = ["java_pattern"]

_CATEGORY = re.compile(r"\\p\{([A-Z])\}")


@cache
def java_pattern(pattern: str) -> re.Pattern[str]:
    """The compiled pattern, for `fullmatch`. A category must stand within square brackets, as in AWS's models."""
    return re.compile(_CATEGORY.sub(lambda match: _ranges()[match[1]], pattern), re.ASCII)


@cache
def _ranges() -> dict[str, str]:
    """For each major category its code points, as ranges for a character class."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    start, category = 0, unicodedata.category("\0")[0]
    for point in range(1, sys.maxunicode + 2):
        here = unicodedata.category(chr(point))[0] if point <= sys.maxunicode else ""
        if here != category:
            found[category].append(f"\\U{start:08x}-\\U{point - 1:08x}")
            start, category = point, here
    return {name: "".join(parts) for name, parts in found.items()}
