"""Runs the command that prints a secret."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from usermgr_cli._settings._file import refused

__all__ = ["run_secret_command"]

SECONDS = 120
"""The command may ask somebody for a password of its own."""


def run_secret_command(setting: str, argv: Sequence[str], profile: str, *, may_ask: bool) -> str:
    """What it prints, without one line end. Raises `ConfigurationError`, which repeats nothing that it printed."""
    where = f"the secret_command of {setting} in the profile {profile}"
    try:
        ended = subprocess.run(  # noqa: S603 - the person's own configuration; no shell
            list(argv),
            stdin=None if may_ask else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            timeout=SECONDS,
            check=False,
        )
    except OSError as error:
        raise refused(f"{where} cannot be run: {argv[0]}: {error.strerror}") from None
    except subprocess.TimeoutExpired:
        raise refused(f"{where} did not end in {SECONDS} seconds") from None
    if ended.returncode:
        raise refused(f"{where} ended with status {ended.returncode}: run {argv[0]} by hand to see why")
    try:
        text = ended.stdout.decode()
    except UnicodeDecodeError:
        raise refused(f"{where} printed what is not UTF-8") from None
    secret = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    if not secret or "\0" in secret:
        raise refused(f"{where} printed nothing that can be a secret")
    return secret
