"""How often a name and an address may fail to sign in: counted in the file, so that processes count together."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterable

from usermgr.search import fold
from usermgr_console._database import Database
from usermgr_console._sessions import stored

__all__ = ["Attempts"]

WINDOW = 15 * 60
"""Seconds for which a failure counts."""

MOST_NAME, MOST_ADDRESS = 10, 50
"""Failures of one name, and from one address, within the window."""

TAKE_BACK = "DELETE FROM attempts WHERE rowid = (SELECT max(rowid) FROM attempts WHERE whose = ?)"


class Attempts:
    """Failures by name and by address; both are kept as hashes.

    The names of an attempt are what was typed and, once the store has answered with it, the account's real name. Names
    that differ in case, width, Unicode form or white space count as one. Where a store takes them for several, these
    accounts share their attempts; so a right answer takes its own attempt back, and forgets no failure: whoever has
    one of the accounts could go on guessing at another.

    An attempt is written down before it is tried, so that many at once do not slip through.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def begin(self, address: str, *names: str) -> bool:
        """Whether another attempt may be made; it is counted as a failure until `was_right`."""
        now = int(self._now())
        by_name, by_address = _keys(address, names)
        with self._database.write() as connection:
            connection.execute("DELETE FROM attempts WHERE at <= ?", (now - WINDOW,))
            for key, most in [*((key, MOST_NAME) for key in by_name), (by_address, MOST_ADDRESS)]:
                count = connection.execute("SELECT count(*) FROM attempts WHERE whose = ?", (key,)).fetchone()[0]
                if count >= most:
                    return False
            connection.executemany("INSERT INTO attempts VALUES (?, ?)", [(key, now) for key in (*by_name, by_address)])
        return True

    def was_right(self, address: str, *names: str) -> None:
        """Takes this attempt back."""
        by_name, by_address = _keys(address, names)
        with self._database.write() as connection:
            connection.executemany(TAKE_BACK, [(key,) for key in (*by_name, by_address)])


def _keys(address: str, names: Iterable[str]) -> tuple[list[bytes], bytes]:
    """Under what failures are kept: of the names, each once, and of the address."""
    folded = sorted({"".join(fold(name).split()) for name in names})
    return [stored(f"name {name}") for name in folded], stored(f"address {_network(address)}")


def _network(address: str) -> str:
    """What one customer of a network has: an address of IPv4, and 64 bits of addresses of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
