"""People are told sentences, and programs get data."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from usermgr import User
    from usermgr.commands import Done
    from usermgr_cli._line import Line

__all__ = ["draws", "for_people", "listed", "told", "whom"]

T = TypeVar("T")

NAMED = 10
"""How many names a sentence lists; more are counted."""


def for_people(line: Line) -> bool:
    """Whether a person reads the output in its own form, and nobody chose a form, fields or a query."""
    chosen = (line.options.get(name) for name in ("fields", "query"))
    return not line.is_agent and line.options.get("output") in (None, "table") and not any(chosen)


def draws(line: Line) -> bool:
    """Whether a table is drawn, so that there is room for a bar."""
    return for_people(line) and (line.options.get("output") == "table" or sys.stdout.isatty())


def told(line: Line, sentence: str, value: T, *, password: str | None = None) -> T | Done:
    """What a command that made a change returns: programs get the value, and people the sentence.

    A `password` that was generated is printed beside the sentence, this once.
    """
    from usermgr.commands import Done  # noqa: PLC0415 - a command's, once it runs

    line.done = sentence
    if not for_people(line):
        return value
    return Done(sentence, {} if password is None else {"password": password})


def listed(names: Sequence[str]) -> str:
    """The names as people list them: `ada, bob and eve`."""
    if len(names) > NAMED:
        return f"{', '.join(names[: NAMED - 1])} and {len(names) - NAMED + 1} others"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def whom(user: User) -> str:
    """A user as a question names them: a wrong one is noticed by what else is known of them."""
    known = [user.attributes[name] for name in ("name", "email") if name in user.attributes]
    others = [text for text in known if text not in ("", user.username)]
    return f"{user.username} ({', '.join(others)})" if others else user.username
