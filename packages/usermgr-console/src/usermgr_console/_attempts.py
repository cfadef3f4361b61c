"""How often a name and an address may fail to sign in: counted in the file, so that processes count together."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

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

    An attempt is written down before it is tried, so that many at once do not slip through, and taken back where it
    succeeds.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now

    def begin(self, name: str, address: str) -> bool:
        """Whether another attempt may be made; it is counted as a failure until `succeeded`."""
        now = int(self._now())
        keys = _keys(name, address)
        with self._database.write() as connection:
            connection.execute("DELETE FROM attempts WHERE at <= ?", (now - WINDOW,))
            for key, most in zip(keys, (MOST_NAME, MOST_ADDRESS), strict=True):
                count = connection.execute("SELECT count(*) FROM attempts WHERE whose = ?", (key,)).fetchone()[0]
                if count >= most:
                    return False
            connection.executemany("INSERT INTO attempts VALUES (?, ?)", [(key, now) for key in keys])
        return True

    def was_right(self, name: str, address: str) -> None:
        """Takes this attempt back: the answer was right, and another one is asked for."""
        with self._database.write() as connection:
            for key in _keys(name, address):
                connection.execute(TAKE_BACK, (key,))

    def succeeded(self, name: str, address: str) -> None:
        """Forgets the name's failures; those of the address stay but for this attempt."""
        by_name, by_address = _keys(name, address)
        with self._database.write() as connection:
            connection.execute("DELETE FROM attempts WHERE whose = ?", (by_name,))
            connection.execute(TAKE_BACK, (by_address,))


def _keys(name: str, address: str) -> tuple[bytes, bytes]:
    return stored(f"name {name.strip().casefold()}"), stored(f"address {_network(address)}")


def _network(address: str) -> str:
    """What one customer of a network has: an address of IPv4, and 64 bits of addresses of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
