"""Passwords that the console makes up and shows once. Nobody types one here, so none is chosen by a stranger."""

from __future__ import annotations

import secrets

from usermgr import PasswordPolicy

__all__ = ["new_password"]

LETTERS = "abcdefghijkmnpqrstuvwxyz"
DIGITS = "23456789"
SYMBOLS = "!#$%*+-=?@"
"""Without those that are mistaken for each other when they are read aloud."""

LENGTH = 16


def new_password(policy: PasswordPolicy | None) -> str:
    """A password that meets the policy, with 80 bits of chance or more where the policy allows as many characters."""
    length = max(LENGTH, policy.min_length if policy else 0)
    if policy is not None and policy.max_length is not None:
        length = min(length, policy.max_length)
    needed = [LETTERS, LETTERS.upper(), DIGITS, SYMBOLS]
    chosen = [secrets.choice(kind) for kind in needed]
    chosen += [secrets.choice(LETTERS + LETTERS.upper() + DIGITS) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)
