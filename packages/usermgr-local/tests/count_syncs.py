"""Counts the syncs of SQLite's log for each operation: `python count_syncs.py STORE FULL|NORMAL`, JSON on stdout.

A VFS in front of SQLite's own one (https://www.sqlite.org/vfs.html) passes every call on and counts those that sync
the write-ahead log. It needs no tracer, no privilege and no preloaded library.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import json
import sys
from collections.abc import Callable
from contextlib import suppress
from ctypes import CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_void_p
from datetime import UTC, datetime, timedelta
from pathlib import Path

import usermgr_local
from usermgr import Challenge, Change, MfaMethod, Tokens
from usermgr.activity import Sighting, SightingKind
from usermgr.errors import InvalidCodeError
from usermgr_local import Argon2Cost, LocalUserManager
from usermgr_local import _database as database
from usermgr_local._batches import BATCH
from usermgr_local.totp import code_at, new_secret, read_secret

PASSWORD, OTHER = "a-Long-passw0rd", "An0ther-password"
SECRET = new_secret()
PROFILE = {"email": "ada@example.org", "email_verified": "true"}

Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
Sync = CFUNCTYPE(c_int, c_void_p, c_int)
SYNC = 4  # xSync's place among the methods, after xClose, xRead, xWrite and xTruncate


class Methods(Structure):
    """`sqlite3_io_methods`, version 3: https://www.sqlite.org/c3ref/io_methods.html"""

    _fields_ = (("iVersion", c_int), ("methods", c_void_p * 18))


class File(Structure):
    """`sqlite3_file`, as far as everybody's begins: https://www.sqlite.org/c3ref/file.html"""

    _fields_ = (("pMethods", POINTER(Methods)),)


class Vfs(Structure):
    """`sqlite3_vfs`, version 3: https://www.sqlite.org/c3ref/vfs.html"""

    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", Open),
        ("others", c_void_p * 15),
    )


class SyncCounter:
    """The VFS, registered as the default one of this process."""

    def __init__(self) -> None:
        # The library that Python's own module uses, wherever it came from; in the program itself when it is built in.
        library = ctypes.CDLL(getattr(_sqlite3, "__file__", None))
        library.sqlite3_vfs_find.restype = POINTER(Vfs)
        self.count = 0
        self._logs: dict[int, Callable[[int, int], int]] = {}
        self._real = library.sqlite3_vfs_find(None).contents
        self._vfs = Vfs.from_buffer_copy(self._real)
        self._vfs.zName = b"counting"
        self._vfs.xOpen = Open(self._open)
        self._sync_callback = Sync(self._sync)
        self._kept: list[Methods] = []
        if library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) != 0:
            raise SystemExit("SQLite refuses the counting VFS")

    def _open(self, vfs: int, name: int | None, file: int, flags: int, out_flags: int | None) -> int:
        result = self._real.xOpen(vfs, name, file, flags, out_flags)
        if result == 0 and name is not None and ctypes.string_at(name).endswith(b"-wal"):
            opened = File.from_address(file)
            methods = Methods.from_buffer_copy(opened.pMethods.contents)
            self._logs[file] = Sync(methods.methods[SYNC])
            methods.methods[SYNC] = ctypes.cast(self._sync_callback, c_void_p).value
            self._kept.append(methods)
            opened.pMethods = ctypes.pointer(methods)
        return result

    def _sync(self, file: int, flags: int) -> int:
        self.count += 1
        return self._logs[file](file, flags)


def operations(users: LocalUserManager, now: Callable[[], datetime]) -> list[tuple[str, Callable[[], object]]]:
    """Every operation that writes, each of them with something to write."""

    def signed_in() -> Tokens:
        tokens = users.authenticate("ada", PASSWORD)
        assert isinstance(tokens, Tokens)
        return tokens

    def challenged(name: str = "new") -> Challenge:
        challenge = users.authenticate(name, PASSWORD)
        assert isinstance(challenge, Challenge)
        return challenge

    def refused(challenge: Challenge, answer: str) -> None:
        with suppress(InvalidCodeError):
            users.answer_challenge(challenge, answer)
            raise SystemExit("a wrong code was accepted")

    def written(number: int, mark: str) -> None:
        changes = (Change("add_user", {"username": f"{mark}{i}"}) for i in range(number))
        if not all(outcome.succeeded for outcome in users.write_many(changes)):
            raise SystemExit("a change was refused")

    def forced(status: str) -> None:
        with users._database.write() as connection:
            connection.execute("UPDATE users SET status = ?", (status,))

    def now_code() -> str:
        return code_at(read_secret(SECRET), int(now().timestamp()) // 30)

    asked: list[Challenge] = []
    kept: list[Tokens] = []
    waiting: list[Challenge] = []
    sighting = Sighting("somebody", SightingKind.SIGN_IN, "web", datetime(2026, 1, 31, tzinfo=UTC))
    return [
        ("add_user", lambda: users.add_user("ada", PASSWORD, PROFILE)),
        ("invite_user", lambda: users.invite_user("ina", PROFILE)),
        ("resend_invitation", lambda: users.resend_invitation("ina")),
        ("write_many", lambda: written(BATCH, "a")),
        ("write_many, ten times as many", lambda: written(10 * BATCH, "b")),
        ("add_user temporary", lambda: users.add_user("new", PASSWORD, temporary=True)),
        ("update_user", lambda: users.update_user("ada", {"name": "Ada"})),
        ("add_group", lambda: users.add_group("staff")),
        ("update_group", lambda: users.update_group("staff", description="all")),
        ("add_user_to_group", lambda: users.add_user_to_group("ada", "staff")),
        ("authenticate", lambda: kept.append(signed_in())),
        ("refresh", lambda: users.refresh(kept[0])),
        ("authenticate, challenged", lambda: waiting.append(challenged())),
        ("answer_challenge", lambda: users.answer_challenge(waiting[0], OTHER)),
        ("activity.record", lambda: users.activity.record(sighting)),
        ("sign_out_user", lambda: users.sign_out_user("ada")),
        ("set_totp_secret", lambda: users.set_totp_secret("ada", SECRET)),
        ("set_mfa off", lambda: users.set_mfa("ada", [])),
        ("set_mfa", lambda: users.set_mfa("ada", [MfaMethod.TOTP])),
        ("authenticate, asked for a code", lambda: asked.append(challenged("ada"))),
        ("answer_challenge, wrong code", lambda: refused(asked[0], code_at(read_secret(SECRET), 0))),
        ("authenticate, asked again", lambda: asked.append(challenged("ada"))),
        ("answer_challenge, right code", lambda: users.answer_challenge(asked[1], now_code())),
        ("reset_mfa", lambda: users.reset_mfa("ada")),
        ("a status, by force", lambda: forced("UNCONFIRMED")),
        ("confirm_user", lambda: users.confirm_user("ada")),
        ("set_password", lambda: users.set_password("ada", OTHER)),
        ("reset_password", lambda: users.reset_password("ada")),
        ("disable_user", lambda: users.disable_user("ada")),
        ("enable_user", lambda: users.enable_user("ada")),
        ("remove_user_from_group", lambda: users.remove_user_from_group("ada", "staff")),
        ("delete_group", lambda: users.delete_group("staff")),
        ("delete_user", lambda: users.delete_user("ada")),
    ]


def main(path: str, synchronous: str) -> None:
    """Prints the number of syncs of each operation."""
    database.PRAGMAS = tuple(pragma.replace("FULL", synchronous) for pragma in database.PRAGMAS)
    counter = SyncCounter()
    # Each operation has its own moment, one bucket of activity after the last, so that it has something to
    # write; a challenge is answered in the minute in which it was given.
    moment = datetime(2026, 1, 31, tzinfo=UTC)

    def now() -> datetime:
        return moment

    users = usermgr_local.create(path=Path(path), argon2=Argon2Cost(8, 1, 1), deliver=id, now=now)
    syncs: dict[str, int] = {}
    for name, operation in operations(users, now):
        if not name.startswith("answer_challenge"):
            moment += timedelta(minutes=5)
        before = counter.count
        operation()
        syncs[name] = counter.count - before
    print(json.dumps(syncs))


if __name__ == "__main__":
    main(*sys.argv[1:])
