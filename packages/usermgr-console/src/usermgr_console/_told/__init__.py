"""What libraries say in English, told in the reader's language.

In English their messages are shown as they are. In another language there are two ways, the better one first:

- A message of usermgr-core or usermgr-bulk has one of the shapes that are listed here, and is told as a whole. A shape
  is a message of the catalog, with the English text for its id. A test holds the lists complete.
- Whatever else a store or a package says is told by the error's code, in one sentence that is known to be right, with
  the original behind it, marked as English.

So nothing depends on the wording of a library: where it changes, the second way is left.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

from usermgr.errors import UsermgrError
from usermgr_console import _labels
from usermgr_console._i18n import N_, Language, language_of
from usermgr_console._told import _documents, _errors, _files, _rows
from usermgr_console._told._codes import OTHER, OURS, SENTENCES

__all__ = ["SHAPES", "Told", "of_code", "of_error", "of_message"]

SHAPES = (
    *_errors.CLASSES, *_errors.VALIDATION, *_errors.GUARDS, *_errors.SEARCH, *_errors.AUDIT, *_errors.CHECKS,
    *_errors.CONSOLE, *_rows.OUTCOMES, *_rows.COMPLAINTS, *_rows.LEFT_BEHIND, *_files.FILES, *_documents.DOCUMENTS,
)  # fmt: skip
"""Messages as libraries write them. `%(name)s` stands for a value, and an ellipsis at the end for words of others,
which are shown behind, in English."""

LONGEST = 1000
"""Characters of a message whose shape is looked for: a longer one quotes what somebody made up."""
DEEPEST = 3
"""How many messages may be inside each other, such as in `line 3: the user was created, and then this failed: ...`."""

PLACEHOLDER = re.compile(r"%\((\w+)\)s")
NAMES: Mapping[str, Mapping[Any, str]] = {
    "attribute": _labels.ATTRIBUTES, "capability": _labels.CAPABILITIES, "field": _labels.FIELDS,
    "medium": _labels.MEDIA, "operation": _labels.OPERATIONS, "status": _labels.STATUSES,
}  # fmt: skip
"""Placeholders whose value has a name in front of people."""
LISTS: Mapping[str, tuple[str, Mapping[Any, str]]] = {
    "choices": (r", | or ", _labels.FIELDS), "fields": (r", | and ", _labels.FIELDS),
    "methods": (r", ", _labels.METHODS), "parts": (r", | and ", _labels.FIELDS), "readings": (r", (?=as [\w-]+: )", {}),
}  # fmt: skip
"""Placeholders that stand for several: what is between them, and their names. Each may be a message itself."""
FORMS = {"field": r"\S+", "flag": r"\S+", "line": r"\d+", "quoted": r"'.*?'|\".*?\"", "type": r"\S+"}
"""Placeholders whose value is no text of any kind, as expressions."""
INSIDE = ("done", "error", "what", "wish")
"""Placeholders that stand for another message."""


@dataclass(frozen=True, slots=True)
class Told:
    """A message in the reader's language."""

    text: str
    original: str | None = None
    """The message as it was written, in English, where it says more."""


def of_error(error: UsermgrError, language: Language) -> Told:
    """The error. What went wrong behind the console is told by its code alone, because the rest may name the server."""
    code = next((kind.code for kind in _kinds(error) if kind.code in SENTENCES), "")
    if error.http_status >= 500:
        return Told(language.text(SENTENCES.get(code, OTHER)))
    field = getattr(error, "field", None)
    return of_code(code, error.message, language, field=field if isinstance(field, str) else None)


def _kinds(error: UsermgrError) -> list[type[UsermgrError]]:
    """Its class and those above it, the nearest first."""
    return [kind for kind in type(error).__mro__ if issubclass(kind, UsermgrError)]


def of_code(code: str, message: str, language: Language, *, field: str | None = None) -> Told:
    """An error that was written down; `field` is what it is about. Without a message, the code tells it."""
    sentence = language.text(SENTENCES.get(code, OTHER))
    if not message or code in OURS or (language.code == "en" and code not in SENTENCES):
        return Told(sentence)
    if language.code != "en" and field and code in ("invalid_input", "desired_state"):
        name = language.text(_labels.FIELDS.get(field, field))
        sentence = language.text(N_("%(name)s is not as it must be."), name=name)
    return of_message(message, language) or Told(sentence, message or None)


def of_message(message: str, language: Language) -> Told | None:
    """A message that has no code, or whose code says less; `None` where its shape is unknown in this language."""
    if language.code == "en":
        is_word = message.partition(" ")[0].isalpha()  # and not the path of a member, or a name in quotation marks
        return Told(message[:1].upper() + message[1:] if is_word else message)
    said = _said(message, language.code, 0)
    if said is None:
        return None
    return said if said.original is None else Told(said.text, message)


def _readings(message: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The shapes that the message can have, with the values of their placeholders, the likeliest first."""
    if len(message) > LONGEST:
        return
    for shape, words in _by_words():
        if words in message and (match := _expression(shape).fullmatch(message)):
            yield shape, match.groupdict()


@cache
def _by_words() -> list[tuple[str, str]]:
    """The shapes with the longest of their own words between placeholders.

    Those that end with another message come first, since any other would take their beginning for a value; then those
    with the most words of their own.
    """
    own = {shape: PLACEHOLDER.sub("\0", shape.removesuffix("…")).split("\0") for shape in SHAPES}
    order = sorted(own, key=lambda shape: (not shape.endswith("%(error)s"), -sum(map(len, own[shape]))))
    return [(shape, max(own[shape], key=len)) for shape in order]


@cache
def _expression(shape: str) -> re.Pattern[str]:
    parts = PLACEHOLDER.split(shape.removesuffix("…"))  # words and names in turn
    texts = [f"(?P<{part}>{FORMS.get(part, '.*?')})" if n % 2 else re.escape(part) for n, part in enumerate(parts)]
    return re.compile("".join(texts) + (".*" if shape.endswith("…") else ""), re.DOTALL)


@lru_cache(4096)
def _said(message: str, code: str, depth: int) -> Told | None:
    """The whole message in that language, or `None`; the original is what is left of it in English."""
    language = language_of(code)
    for shape, values in _readings(message) if depth <= DEEPEST else ():
        said = {name: _value(name, value, language, depth) for name, value in values.items()}
        known = {name: told for name, told in said.items() if told is not None}
        if len(known) == len(said):
            is_whole = not shape.endswith("…") and all(told.original is None for told in known.values())
            text = language.text(shape, **{name: told.text for name, told in known.items()})
            return Told(text, None if is_whole else message)
    return None


def _value(name: str, value: str, language: Language, depth: int) -> Told | None:
    """What stands for a value of a placeholder."""
    if name in INSIDE:
        return _said(value, language.code, depth + 1)
    if name in LISTS:
        between, names = LISTS[name]
        parts = [_part(part, names, language, depth) for part in re.split(between, value)]
        return Told(language.text(N_(", ")).join(parts))
    known = NAMES.get(name, {})
    return Told(language.text(known[value]) if value in known else value)


def _part(part: str, names: Mapping[Any, str], language: Language, depth: int) -> str:
    if part in names:
        return language.text(names[part])
    said = _said(part, language.code, depth + 1)
    return part if said is None else said.text
