"""How the lines of a file hold each other.

A line is a JSON object of ASCII. It begins with `v`, the version of this format, its number `n`, and `prev`, the
SHA-256 of the line before (64 zeros on the first one). It ends with `mac`: HMAC-SHA-256, with a key that only the
writer and the verifier have, over all that stands before it in the line. So:

- with the key, no line can be changed, made up, moved or left out, but at the end;
- with the hash of the last line, noted elsewhere, no line can be changed, moved or left out, without any key;
- what is left out at the end is found by the *head*, a file beside the lines that holds the last number and hash, with
  a `mac` of its own.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, cast

from usermgr.audit._sink import one_line
from usermgr.errors import InvalidInputError

__all__ = ["GENESIS", "HASH", "MAX_LINE", "Keys", "Line", "Link", "parse_head", "parse_line", "seal", "seal_head"]

GENESIS = "0" * 64
"""What the first line has in the place of the hash of the line before."""

MAX_LINE = 1024 * 1024
"""Bytes: a line is never longer."""

_MAC = re.compile(rb'(.*),"mac":"([0-9a-f]{64})"\}', re.DOTALL)
HASH = re.compile(r"[0-9a-f]{64}")
"""How a hash is written."""
_KEY_ID = re.compile(r"[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class Link:
    """A line as the next one refers to it: its number, from 1, and the hash of its bytes."""

    n: int
    hash: str


class Keys:
    """The keys of a chain, by the short id that each line names: the first one seals, all of them verify.

    Raises:
        InvalidInputError: there is none, or one is shorter than 32 bytes.
    """

    def __init__(self, keys: bytes | Iterable[bytes]) -> None:
        found = list(keys) if isinstance(keys, Iterable) and not isinstance(keys, bytes) else [keys]  # pyright: ignore[reportUnnecessaryIsInstance] - for callers without types
        if not found or not all(isinstance(key, bytes) and len(key) >= 32 for key in cast("list[object]", found)):
            raise InvalidInputError("key must be 32 bytes or more: make one with secrets.token_bytes(32)", field="key")
        self._by_id = {_mac(key, b"usermgr audit: the id of this key")[:8]: key for key in found}
        self.newest = next(iter(self._by_id))

    def __repr__(self) -> str:
        return f"Keys({', '.join(self._by_id)})"

    def __contains__(self, key_id: str) -> bool:
        return key_id in self._by_id

    def mac(self, body: bytes, key_id: str) -> str:
        """The seal of these bytes."""
        return _mac(self._by_id[key_id], body)

    def fits(self, line: Line) -> bool:
        """Whether the line's seal is right. False for a key that is not one of these."""
        return line.key_id in self and hmac.compare_digest(self.mac(line.body, line.key_id), line.mac)


@dataclass(frozen=True, slots=True)
class Line:
    """What a line says of itself, before anything of it is believed."""

    n: int
    prev: str
    key_id: str
    mac: str
    body: bytes
    """The bytes that the seal covers."""
    hash: str
    members: Mapping[str, Any]

    @property
    def link(self) -> Link:
        """The line as the next one refers to it."""
        return Link(self.n, self.hash)


def seal(members: Mapping[str, Any], before: Link, keys: Keys) -> tuple[bytes, Link]:
    """The next line, without its line break, and how the line after it refers to it."""
    text = one_line({"v": 1, "n": before.n + 1, "prev": before.hash, "key": keys.newest, **members})
    line = _sealed(text, keys)
    return line, Link(before.n + 1, _hash(line))


def parse_line(line: bytes) -> Line | None:
    """The parts of a line without its line break; `None` for what is not a line of a chain of this version."""
    found = _MAC.fullmatch(line)
    members = _object(line)
    if found is None or members is None:
        return None
    match members:
        case {"v": 1, "n": int(n), "prev": str(prev), "key": str(key)} if HASH.fullmatch(prev) and _KEY_ID.fullmatch(
            key
        ):
            return Line(n, prev, key, found[2].decode(), found[1], _hash(line), members)
        case _:
            return None


def seal_head(link: Link, keys: Keys) -> bytes:
    """The content of the head."""
    return _sealed(one_line({"v": 1, "n": link.n, "hash": link.hash, "key": keys.newest}), keys) + b"\n"


def parse_head(content: bytes, keys: Keys | None) -> Link | None:
    """The last line as the head knows it; `None` where it is not sealed with one of the keys, or is no head.

    Without keys the seal is not looked at.
    """
    line = content.rstrip(b"\n\0 ")
    found, members = _MAC.fullmatch(line), _object(line)
    if found is None or members is None:
        return None
    match members:
        case {"v": 1, "n": int(n), "hash": str(text), "key": str(key)} if HASH.fullmatch(text):
            if keys is None or (key in keys and hmac.compare_digest(keys.mac(found[1], key), found[2].decode())):
                return Link(n, text)
        case _:
            pass
    return None


def _sealed(text: str, keys: Keys) -> bytes:
    body = text.encode("ascii")[:-1]
    return b'%b,"mac":"%b"}' % (body, keys.mac(body, keys.newest).encode())


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _mac(key: bytes, body: bytes) -> str:
    return hmac.new(key, body, hashlib.sha256).hexdigest()


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()
