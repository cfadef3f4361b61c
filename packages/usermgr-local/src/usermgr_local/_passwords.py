"""Passwords: what the policy requires of a new one, and how it is stored and checked.

Argon2id with OWASP's minimum: 19 MiB of memory, 2 iterations, 1 degree of parallelism:
https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html#argon2id
"""

from __future__ import annotations

import os
import secrets
import string
import threading
from collections.abc import Generator, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field

from argon2 import PasswordHasher, Type, extract_parameters
from argon2.exceptions import VerifyMismatchError

from usermgr.validation import PASSWORD_NEEDS, check_password

__all__ = ["CHARACTERS", "MAX_LENGTH", "Argon2Cost", "Hashed", "PasswordPolicy", "Passwords"]

CHARACTERS = {
    "uppercase": frozenset(string.ascii_uppercase),
    "lowercase": frozenset(string.ascii_lowercase),
    "numbers": frozenset(string.digits),
    "symbols": frozenset("^$*.[]{}()?\"!@#%&/\\,><':;|_~`=+- "),
}
"""What counts as which, as in Cognito, where a space counts as a symbol too, but not as the first or last character:
https://docs.aws.amazon.com/cognito/latest/developerguide/managing-users-passwords.html
"""

MAX_LENGTH = 256
"""https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html"""

TEMPORARY_LENGTH = 16

_CLEAR = {
    "uppercase": "ABCDEFGHJKLMNPQRSTUVWXYZ",
    "lowercase": "abcdefghijkmnopqrstuvwxyz",
    "numbers": "23456789",
    "symbols": "!#$%*+-=?@_",
}
"""What a temporary password is made of: people type it from a message."""


@dataclass(frozen=True, slots=True)
class PasswordPolicy:
    """What a password must have; the names in `requires` are those of `CHARACTERS`."""

    minimum_length: int = 8
    requires: frozenset[str] = frozenset({"uppercase", "lowercase", "numbers"})
    temporary_days: int = 7
    """Days for which a temporary password can be used, as in Cognito, counted from the moment it was set."""

    def __post_init__(self) -> None:
        # 6 and 99 are Cognito's own limits for the setting (API_PasswordPolicyType).
        if not 6 <= self.minimum_length <= 99:
            raise ValueError("minimum_length must be from 6 to 99")
        if not self.requires <= CHARACTERS.keys():
            raise ValueError(f"requires takes {', '.join(CHARACTERS)}")
        if not 0 < self.temporary_days <= 365:
            raise ValueError("temporary_days must be from 1 to 365")

    def check(self, password: str) -> None:
        """Raises `InvalidPasswordError`, which names all that is missing and never the password."""
        check_password(self._missing(password))

    def accepts(self, password: str) -> bool:
        """Whether `check` would raise nothing."""
        return next(self._missing(password), None) is None

    def new_password(self) -> str:
        """A random password that meets the policy, without characters that look alike: at least 80 bits."""
        kinds = [characters for name, characters in _CLEAR.items() if name in self.requires or name != "symbols"]
        rest = max(self.minimum_length, TEMPORARY_LENGTH) - len(kinds)
        chosen = [secrets.choice(kind) for kind in kinds]
        chosen += [secrets.choice(_CLEAR["uppercase"] + _CLEAR["lowercase"] + _CLEAR["numbers"]) for _ in range(rest)]
        secrets.SystemRandom().shuffle(chosen)
        return "".join(chosen)

    def _missing(self, password: str) -> Iterator[str]:
        if len(password) < self.minimum_length:
            yield f"at least {self.minimum_length} characters"
        if len(password) > MAX_LENGTH:
            yield f"at most {MAX_LENGTH} characters"
        if password != password.strip():
            yield PASSWORD_NEEDS["trimmed"]
        for name, characters in CHARACTERS.items():
            if name in self.requires and characters.isdisjoint(password):
                yield PASSWORD_NEEDS[name]
        if not _is_unicode(password):
            yield "characters that Unicode can encode"


@dataclass(frozen=True, slots=True)
class Argon2Cost:
    """What checking one password costs. The defaults are OWASP's minimum; only tests go below."""

    memory_kib: int = 19 * 1024
    iterations: int = 2
    parallelism: int = 1


@dataclass(frozen=True, slots=True)
class Hashed:
    """A password, and its hash."""

    password: str = field(repr=False)
    hash: str = field(repr=False)


class Passwords:
    """Hashes and checks passwords at one cost. Safe to share between threads."""

    def __init__(self, cost: Argon2Cost) -> None:
        self._cost = cost
        self._hasher = PasswordHasher(
            time_cost=cost.iterations, memory_cost=cost.memory_kib, parallelism=cost.parallelism, type=Type.ID
        )
        self._ahead = threading.local()

    def hash(self, password: str) -> str:
        """The password's Argon2id hash with a new salt, in PHC form."""
        ready = self._ready()
        return ready.hash if ready and ready.password == password else self._hasher.hash(_encoded(password))

    def hash_all(self, passwords: Iterable[str | None]) -> list[Hashed | None]:
        """Each password with its hash, computed on all cores at once: Argon2 runs outside Python's lock."""
        waiting = list(passwords)
        if not any(waiting):
            return [None for _ in waiting]

        def hashed(password: str | None) -> Hashed | None:
            return None if password is None else Hashed(password, self.hash(password))

        with ThreadPoolExecutor(_cores()) as threads:
            return list(threads.map(hashed, waiting))

    @contextmanager
    def ahead(self, hashed: Hashed | None) -> Generator[None]:
        """Inside the block, in this thread, `hash` does not compute this hash again."""
        self._ahead.ready = hashed
        try:
            yield
        finally:
            self._ahead.ready = None

    def temporary(self, policy: PasswordPolicy) -> str:
        """A new temporary password; inside of `ahead`, the one whose hash is ready."""
        ready = self._ready()
        return ready.password if ready else policy.new_password()

    def _ready(self) -> Hashed | None:
        return getattr(self._ahead, "ready", None)

    def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one that was hashed. Without a hash the answer is no, at the same cost."""
        if stored is None:
            self._hasher.hash(_encoded(password))
            return False
        try:
            return self._hasher.verify(stored, _encoded(password))
        except VerifyMismatchError:
            return False

    def is_outgrown(self, stored: str) -> bool:
        """Whether the hash was made at a lower cost than today's. One made at a higher cost is left alone."""
        made = extract_parameters(stored)
        return (
            made.memory_cost < self._cost.memory_kib
            or made.time_cost < self._cost.iterations
            or made.parallelism < self._cost.parallelism
        )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _is_unicode(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _encoded(password: str) -> bytes:
    # A lone surrogate is never part of a stored password, but somebody may try one: it must be wrong, not a crash.
    return password.encode("utf-8", "surrogatepass")
