"""Plain words: what of a user they are looked for in, and what they have in common with it.

docs/search.md has the rules for people.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

from usermgr._models import User

__all__ = ["WORD_FIELDS", "Word", "fold", "mentions"]

WORD_FIELDS = (
    "username", "preferred_username", "name", "given_name", "family_name", "nickname", "email", "phone_number",
)  # fmt: skip
"""Where a plain word is looked for: the user name, and the attributes by which people know each other."""

_NUMBER = re.compile(r"[\s+()./\u2010-\u2015\u2212\u30fc-]*[0-9][0-9\s+()./\u2010-\u2015\u2212\u30fc-]*")
"""A number as people write it, folded; U+30FC is what a Japanese keyboard gives for a hyphen."""
_SEPARATORS = re.compile(r"\(0\)|[^0-9]+")


def fold(text: str) -> str:
    """What two texts share that differ only in case, width or Unicode form.

    Unicode's NFKC, which also makes half-width katakana and full-width letters ordinary ones, and full case folding
    (https://www.unicode.org/reports/tr15/, section 3.13 of the Unicode standard). Hiragana and katakana stay apart, as
    do a letter and the same with an accent.
    """
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


@dataclass(frozen=True, slots=True)
class Word:
    """What to look for: `text` in each of `WORD_FIELDS`, and where it is not empty `number` in the phone number alone,
    both in what `fold` makes of the field."""

    text: str
    number: str

    @classmethod
    @lru_cache(maxsize=128)
    def of(cls, value: str) -> Word:
        """A word or a phrase as it was typed.

        One of digits and separators may be a phone number. Stores keep `+819012345678`, and people type it as in
        `090-1234-5678` or `+81(0)90-1234`: without the separators, and without the zeros before an area or a country,
        it is a part.
        """
        text = fold(value)
        if not _NUMBER.fullmatch(text):
            return cls(text, "")
        digits = _SEPARATORS.sub("", text)
        return cls(text, f"+{digits}" if text.startswith("+") else digits.lstrip("0"))


def mentions(user: User, value: str) -> bool:
    """Whether the word or the phrase occurs in one of the user's `WORD_FIELDS`."""
    word = Word.of(value)
    if word.text in fold(user.username):
        return True
    for name in WORD_FIELDS[1:]:
        text = user.attributes.get(name)
        if text is not None:
            folded = fold(text)
            if word.text in folded or (name == "phone_number" and word.number and word.number in folded):
                return True
    return False
