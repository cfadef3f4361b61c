"""The index of texts: every piece of up to four characters of what a search looks into, and who has it.

SQLite's own trigrams find nothing for words of one or two characters, so the pieces are cut here, and FTS5 keeps only
the list of users of each, in the order of ids (`detail=none`, https://www.sqlite.org/fts5.html#the_detail_option).
Shorter words are prefixes of pieces, for which FTS5 keeps lists of their own (`prefix='1 2 3'`). The index narrows;
what a condition means is said by the query that reads the texts themselves.

Triggers note whose texts changed, whatever changed them, and `refresh` indexes those before the transaction ends.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from functools import cache
from typing import Any

from usermgr.search import WORD_FIELDS, fold

__all__ = ["INDEXES", "SEPARATOR", "UNINDEXED", "has_fts5", "index_of", "is_complete", "narrowed", "refresh"]

INDEXES = ("words_index", "others_index")
"""Of the fields that plain words are looked for in, and of the other attributes."""

SEPARATOR = "\x1f"
"""Stands between the texts of a user. A condition whose value holds it is not answered by the joined texts."""

UNINDEXED = frozenset({"email_verified", "phone_number_verified", "updated_at"})
"""Attributes that hold no text."""

_BETWEEN = tuple(name for name in WORD_FIELDS if name not in ("username", "phone_number"))

LENGTH = 4
"""Of a piece. With 3, one of a million phone numbers shares each piece with thousands; with 5, the index is larger."""

MAX_PIECES = 24
"""Of one value that are compared for how rare they are."""

RAREST = 3
"""How many pieces of a value a query asks for: each more narrows less, and costs as much as the one before."""

PROBE = 16
"""By the id of the how-many-th user with a piece its frequency is told."""

CHUNK = 1000
"""How many users one `refresh` indexes at most: enough for a batch, few enough that others need not wait long."""

_TOKENS = {code: 0xE000 + code for code in range(128) if not chr(code).isalnum()}
"""FTS5's `ascii` takes letters, digits and all beyond ASCII for parts of a token; the rest is moved there, so that no
character of a search is syntax. What really has such a code of private use shares pieces with it, which is harmless."""


@cache
def has_fts5() -> bool:
    """Whether Python's SQLite was built with FTS5."""
    with closing(sqlite3.connect(":memory:")) as connection:
        try:
            connection.execute("CREATE VIRTUAL TABLE t USING fts5(x)")
        except sqlite3.OperationalError:
            return False
    return True


def index_of(field: str) -> str | None:
    """The index that the texts of a field are in."""
    if field in WORD_FIELDS:
        return INDEXES[0]
    return None if field in UNINDEXED else INDEXES[1]


# --- Reading -----------------------------------------------------------------------------------------


def is_complete(connection: sqlite3.Connection) -> bool:
    """Whether nobody's texts have changed since they were indexed."""
    return connection.execute("SELECT 1 FROM unindexed LIMIT 1").fetchone() is None


def narrowed(connection: sqlite3.Connection, index: str, texts: Iterable[str]) -> str:
    """The query of FTS5 that finds all users who have one of the texts, and some others."""
    return " OR ".join(f"({_all_of(connection, index, text.translate(_TOKENS))})" for text in texts)


def _all_of(connection: sqlite3.Connection, index: str, tokens: str) -> str:
    if len(tokens) < LENGTH:
        return f'"{tokens}" *'
    pieces = list(dict.fromkeys(tokens[at : at + LENGTH] for at in range(len(tokens) - LENGTH + 1)))[:MAX_PIECES]
    if len(pieces) > RAREST:
        pieces.sort(key=lambda piece: _nearness(connection, index, piece))
    return " AND ".join(f'"{piece}"' for piece in pieces[:RAREST])


def _nearness(connection: sqlite3.Connection, index: str, piece: str) -> float:
    """The less, the rarer the piece seems to be."""
    row = connection.execute(
        f"SELECT rowid FROM {index} WHERE {index} MATCH ? ORDER BY rowid LIMIT 1 OFFSET ?",  # noqa: S608 - constant
        (f'"{piece}"', PROBE - 1),
    ).fetchone()
    return 0.0 if row is None else 1 / row[0]


# --- Writing -----------------------------------------------------------------------------------------


def refresh(connection: sqlite3.Connection, limit: int = CHUNK) -> None:
    """Indexes users whose texts have changed, up to `limit` of them. Call it inside a write transaction."""
    rows = connection.execute(
        "SELECT unindexed.user_id, users.username, words, raw, others, (SELECT json_group_object(name, value) "
        "FROM attributes WHERE attributes.user_id = unindexed.user_id) AS attributes FROM unindexed "
        "LEFT JOIN users ON users.id = unindexed.user_id LEFT JOIN texts ON texts.user_id = unindexed.user_id "
        "ORDER BY unindexed.user_id LIMIT ?",
        (limit,),
    ).fetchall()
    if not rows:
        return
    changed = [(row["user_id"], _indexed(row), _wanted(row)) for row in rows]
    for at, index in enumerate(INDEXES):
        pieces = [(user, _pieces(before, at), _pieces(after, at)) for user, before, after in changed]
        connection.executemany(
            f"INSERT INTO {index} ({index}, rowid, pieces) VALUES ('delete', ?, ?)",  # noqa: S608 - constant
            [(user, before) for user, before, after in pieces if before and before != after],
        )
        connection.executemany(
            f"INSERT INTO {index} (rowid, pieces) VALUES (?, ?)",  # noqa: S608 - constant
            [(user, after) for user, before, after in pieces if after and before != after],
        )
    connection.executemany("DELETE FROM texts WHERE user_id = ?", [(u,) for u, _, after in changed if after is None])
    connection.executemany(
        "INSERT INTO texts (user_id, words, raw, others) VALUES (?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET "
        "words = excluded.words, raw = excluded.raw, others = excluded.others",
        [(user, *after) for user, before, after in changed if after is not None and after != before],
    )
    connection.execute("DELETE FROM unindexed WHERE user_id <= ?", (rows[-1]["user_id"],))


Texts = tuple[str, str, str]
"""The columns of the table `texts`: `words`, `raw` and `others`."""


def _indexed(row: Any) -> Texts | None:
    return None if row["words"] is None else (row["words"], row["raw"], row["others"])


def _wanted(row: Any) -> Texts | None:
    """What the table should hold of a user, or `None` for one who was deleted.

    `words` are the texts as plain words are compared with them, the phone number first. A condition on one field is
    about the characters as they are, which folding may join or part: `raw` has those texts, without their case, where
    they differ.
    """
    if row["username"] is None:
        return None
    attributes: Mapping[str, str] = json.loads(row["attributes"])
    values = [attributes.get("phone_number", ""), row["username"], *_present(attributes, _BETWEEN)]
    words = [fold(value) for value in values]
    raw = [value.casefold() for value in values]
    others = _present(attributes, sorted(attributes.keys() - UNINDEXED - set(WORD_FIELDS)))
    return (
        SEPARATOR.join(words),
        SEPARATOR.join(text for text, word in zip(raw, words, strict=True) if text != word),
        SEPARATOR.join(value.casefold() for value in others),
    )


def _present(attributes: Mapping[str, str], names: Sequence[str]) -> Iterator[str]:
    return (attributes[name] for name in names if name in attributes)


def _pieces(texts: Texts | None, index: int) -> str:
    """The pieces of the texts that are in an index, with spaces between them.

    Deleting needs exactly the pieces that were inserted: another way of cutting needs a migration that builds the
    indexes anew.
    """
    if texts is None:
        return ""
    joined = (*texts[0].split(SEPARATOR), *texts[1].split(SEPARATOR)) if index == 0 else texts[2].split(SEPARATOR)
    tokens = [text.translate(_TOKENS) for text in joined]
    return " ".join({text[at : at + LENGTH] for text in tokens for at in range(len(text))})
