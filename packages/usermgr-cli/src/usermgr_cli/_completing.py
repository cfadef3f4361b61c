"""What the shell offers for an argument: names of profiles, and of groups in the store."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from itertools import islice
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from usermgr_cli._line import Line

__all__ = ["complete_groups", "complete_profiles"]

SECONDS = 1.5
"""How long the shell waits for a store."""
MOST = 200


def complete_profiles(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The profiles that begin so. A file that is wrong has none here; running a command says what is wrong."""
    del context, parameter
    from usermgr.errors import UsermgrError  # noqa: PLC0415 - only where a profile is completed
    from usermgr_cli._settings import config_path, read_profiles  # noqa: PLC0415 - as above

    try:
        profiles = read_profiles(config_path(os.environ.get("USERMGR_CONFIG")))
    except UsermgrError:
        return []
    return sorted(name for name in profiles.profiles if name.startswith(incomplete))


def complete_groups(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """The groups of the store in force that begin so, as far as it tells them in time."""
    del parameter
    from usermgr_cli._line import Line  # noqa: PLC0415 - as above

    line = context.find_object(Line) or Line()
    return within(SECONDS, lambda: _groups(line, incomplete))


def _groups(line: Line, incomplete: str) -> list[str]:
    line.settle(quiet=True)
    names = (group.name for group in line.users.iter_groups())
    return sorted(islice((name for name in names if name.startswith(incomplete)), MOST))


def within(seconds: float, find: Callable[[], Iterable[str]]) -> list[str]:
    """What `find` returns, or nothing where it fails, or does not answer in time: a shell must not wait for it."""
    found: list[str] = []

    def look() -> None:
        try:
            found.extend(find())
        except Exception:  # noqa: BLE001 - whatever it is, there is nothing to offer, and nowhere to say so
            return

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(seconds)
    return list(found) if not thread.is_alive() else []
