"""The search language: conditions as people write them, read by `parse` and written by `unparse`.

Its page is docs/search.md. In short, where a space is any white space and nothing may stand between the parts of a
condition::

    search     conditions with spaces between them; all must hold
    condition  field operator value, a minus and a field, or a plain word
    field      a name such as email or custom:team, or any name in quotes
    operator   =  ~=  ~  ^=  $=  <  <=  >  >=; a colon for = after username, sub, status, enabled and group
    value      characters other than spaces, " and \\, of which the first is none of = ~ < > ! ^ $ : ' ; or in quotes
    word       as a value, but with none of = ~ < > ! ^ $ : anywhere, and no minus at its beginning; or in quotes
    quotes     "...", in which \\" \\\\ \\n \\r \\t and \\u{1f600} are escapes
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta, tzinfo

from usermgr._conditions import ANYWHERE, TIMES, Condition, Operator, operators_of
from usermgr.errors import InvalidInputError, InvalidSearchError

__all__ = ["parse", "unparse"]

_OPERATORS: Mapping[str, Operator] = {
    "=": Operator.EQUALS,
    "~=": Operator.SAME,
    "~": Operator.CONTAINS,
    "^=": Operator.STARTS_WITH,
    "$=": Operator.ENDS_WITH,
    "<": Operator.BEFORE,
    "<=": Operator.BEFORE,
    ">": Operator.AFTER,
    ">=": Operator.AFTER,
}
_SYMBOLS = {
    Operator.EQUALS: "=",
    Operator.SAME: "~=",
    Operator.CONTAINS: "~",
    Operator.STARTS_WITH: "^=",
    Operator.ENDS_WITH: "$=",
    Operator.BEFORE: "<",
    Operator.AFTER: ">=",
}
"""What `unparse` writes; `LACKS` is a minus before the field, and `MENTIONS` a word without one."""

_FROM_THE_NEXT = ("<=", ">")
"""What turns at the next microsecond, the finest step that times have: `BEFORE` and `AFTER` turn at their value."""

_ABBREVIATIONS = {"created": "created_at", "updated": "updated_at"}

_SPACES = re.compile(r"\s*")
_COLON = re.compile(r"(username|sub|status|enabled|group):")
"""Fields that are no attributes, so that a colon after one cannot belong to the name of an attribute."""
_NAME = re.compile(r"\w[\w.-]*(?::[\w.-]+)*")
_OPERATOR = re.compile(r"~=|\^=|\$=|<=|>=|[=~<>]")
_BARE = re.compile(r"""[^\s"\\=~<>!^$:'][^\s"\\]*""")
_WORD = re.compile(r"""[^\s"\\=~<>!^$:'-][^\s"\\=~<>!^$:]*(?!\S)""")
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_PHRASE = re.compile(_QUOTED.pattern + r"(?!\S)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:([\\\"nrt])|u\{([0-9A-Fa-f]{1,6})\}|)")
_ESCAPES = {"\\": "\\", '"': '"', "n": "\n", "r": "\r", "t": "\t"}
_CODES = {character: f"\\{code}" for code, character in _ESCAPES.items()}
_IDEOGRAPHIC_SPACE = "\u3000"
"""Written as it is, because Japanese names hold it, though Python does not call it printable."""


def parse(text: str, *, zone: tzinfo | None = UTC) -> tuple[Condition, ...]:
    """The conditions of a search, such as `email~@example.org status=CONFIRMED created<2026-01-01 -phone_number`.

    `zone` is where a date or a time without an offset is meant, `None` being the machine's own zone; a date alone is
    midnight there. An empty text has no conditions, which every user meets.

    Raises:
        InvalidSearchError: the text is no search; `position` says where, and `expected` what should stand there.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        raise InvalidInputError("the search must be a string", field="search")
    if not isinstance(zone, tzinfo | None):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        raise InvalidInputError("zone must be None, or a tzinfo such as zoneinfo.ZoneInfo('Asia/Tokyo')", field="zone")
    return tuple(_Reader(text, zone).conditions())


def unparse(conditions: Sequence[Condition]) -> str:
    """The search that `parse` reads as exactly these conditions, in any zone, on one line.

    Raises:
        InvalidInputError: they are not a sequence of `Condition`.
    """
    is_sequence = isinstance(conditions, Sequence)  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
    if not is_sequence or not all(isinstance(c, Condition) for c in conditions):  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        raise InvalidInputError("conditions must be a sequence of Condition", field="conditions")
    return " ".join(map(_written, conditions))


def _written(condition: Condition) -> str:
    field, value = _field(condition.field), condition.value
    if condition.operator is Operator.LACKS:
        return f"-{field}"
    is_word = condition.operator is Operator.MENTIONS
    if not (_WORD if is_word else _BARE).fullmatch(value) or not value.isprintable():
        value = _quoted(value)
    return value if is_word else f"{field}{_SYMBOLS[condition.operator]}{value}"


def _field(name: str) -> str:
    is_name = _NAME.fullmatch(name) and not _COLON.match(name) and name not in _ABBREVIATIONS
    return name if is_name else _quoted(name)


def _quoted(text: str) -> str:
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character in _CODES:
        return _CODES[character]
    if character.isprintable() or character == _IDEOGRAPHIC_SPACE:
        return character
    return f"\\u{{{ord(character):x}}}"


class _Reader:
    """Reads a text from left to right; `_at` is the index of the next character."""

    def __init__(self, text: str, zone: tzinfo | None) -> None:
        self._text = text
        self._zone = zone
        self._at = 0

    def conditions(self) -> Iterator[Condition]:
        self._take(_SPACES)
        while self._at < len(self._text):
            yield self._word() or (self._lacking() if self._text[self._at] == "-" else self._comparing())
            if self._at < len(self._text) and not self._take(_SPACES):
                raise self._error(
                    r'a space or the end: a value that holds " or \ stands between double quotes, as \" and \\'
                )

    def _word(self) -> Condition | None:
        """The word that stands here alone, or between quotes."""
        word = self._take(_WORD)
        if not word and _PHRASE.match(self._text, self._at):
            start = self._at
            word = self._quoted()
            if not word:
                raise self._error("a word with at least one character between the quotes", at=start)
        return Condition(ANYWHERE, Operator.MENTIONS, word) if word else None

    def _lacking(self) -> Condition:
        self._at += 1
        start = self._at
        field, has_colon = self._field("the name of an attribute right after the minus, such as -phone_number")
        if has_colon or not self._is_at_end_of_condition():
            raise self._error(
                "a space or the end: a minus asks for users without an attribute, and turns no condition round",
                at=self._at - has_colon,
            )
        if Operator.LACKS not in operators_of(field):
            raise self._error(f"an attribute, and {field} is none that a user can be without", at=start)
        return Condition(field, Operator.LACKS, "")

    def _comparing(self) -> Condition:
        field, has_colon = self._field(
            "a word, a field such as in email~ada, or a minus and an attribute such as -phone_number"
        )
        start = self._at
        symbol = "=" if has_colon else self._take(_OPERATOR)
        fitting = [s for s, operator in _OPERATORS.items() if operator in operators_of(field)]
        if not fitting:
            raise self._error(f"a space or the end after {_field(field)}, which is no field in this language", at=start)
        if not symbol:
            hint = (
                "a colon is part of a name, as in custom:team"
                if ":" in field
                else r'a word that holds one of = ~ < > ! ^ $ : " \ stands between double quotes'
            )
            raise self._error(f"{_either(fitting)} right after the field, such as in name~ada: {hint}")
        if symbol not in fitting:
            raise self._error(f"{_either(fitting)} after {_field(field)}", at=start)
        start = self._at
        value = self._value()
        try:
            if field in TIMES:
                value = self._moment(value, symbol)
            return Condition(field, _OPERATORS[symbol], value)
        except (ValueError, OverflowError, InvalidInputError):
            raise self._error(_FORMS[field], at=start) from None

    def _field(self, expected: str) -> tuple[str, bool]:
        """A field, and whether a colon that means `=` stood after it."""
        if found := self._take(_COLON):
            return found[:-1], True
        if found := self._take(_NAME):
            return _ABBREVIATIONS.get(found, found), False
        start = self._at
        found = self._quoted()
        if not found:
            raise self._error(expected, at=start)
        return found, False

    def _value(self) -> str:
        if found := self._take(_BARE):
            return found
        quoted = self._quoted()
        if quoted is None:
            is_missing = self._is_at_end_of_condition()
            raise self._error(
                'a value right after the operator, or "" for an empty one'
                if is_missing
                else r"a value: one that begins with one of = ~ < > ! ^ $ : ' \ stands between double quotes"
            )
        return quoted

    def _quoted(self) -> str | None:
        """What stands between double quotes, if any do."""
        if not self._text.startswith('"', self._at):
            return None
        start = self._at + 1
        found = self._take(_QUOTED)
        if not found:
            raise self._error("another double quote somewhere after this one")

        def character(match: re.Match[str]) -> str:
            if match[1]:
                return _ESCAPES[match[1]]
            code = int(match[2] or "110000", 16)
            if code > 0x10FFFF:
                raise self._error(r"one of the escapes \" \\ \n \r \t and \u{1f600}", at=start + match.start())
            return chr(code)

        return _ESCAPE.sub(character, found[1:-1])

    def _moment(self, value: str, symbol: str) -> str:
        """The time with an offset. Raises `ValueError` or `OverflowError` for one that does not exist."""
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            value = (moment.replace(tzinfo=self._zone) if self._zone is not None else moment.astimezone()).isoformat()
        if symbol in _FROM_THE_NEXT:
            value = (datetime.fromisoformat(value) + timedelta(microseconds=1)).isoformat()
        return value

    def _is_at_end_of_condition(self) -> bool:
        return self._at == len(self._text) or self._text[self._at].isspace()

    def _take(self, pattern: re.Pattern[str]) -> str:
        """What the pattern matches here, read; empty where it matches nothing."""
        found = pattern.match(self._text, self._at)
        if found is None:
            return ""
        self._at = found.end()
        return found[0]

    def _error(self, expected: str, *, at: int | None = None) -> InvalidSearchError:
        position = (self._at if at is None else at) + 1
        return InvalidSearchError(field="search", position=position, expected=expected)


_TIME_FORM = "a date such as 2026-01-31, or a time such as 2026-01-31T09:30 or 2026-01-31T09:30+09:00"
_FORMS = {**dict.fromkeys(TIMES, _TIME_FORM), "enabled": "true or false"}
"""What the value of a field must be, where that is not any text."""


def _either(symbols: Sequence[str]) -> str:
    return symbols[0] if len(symbols) == 1 else f"{', '.join(symbols[:-1])} or {symbols[-1]}"
