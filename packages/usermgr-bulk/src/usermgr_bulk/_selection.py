"""People chosen once and for all: a file of who they were when somebody said yes.

JSON lines. The first has the store and the conditions, as a search that `usermgr.search.parse` reads; each other one
has a `username` and the `sub` of the person who had it, or `null` where nobody did.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any, Self

from usermgr import Condition, Operator, StoreDescription, User, UserManager, UserMatches
from usermgr.backoff import Backoff
from usermgr.errors import InvalidInputError, UserNotFoundError
from usermgr.paging import pages
from usermgr.search import parse, unparse
from usermgr.validation import check_conditions, check_texts, check_type
from usermgr_bulk._calls import Call, Caller
from usermgr_bulk._files import whole_file
from usermgr_bulk._lines import one_line, read_line, read_lines
from usermgr_bulk._looking import ask_all, meets
from usermgr_bulk._pace import Pace
from usermgr_bulk._scratch import FirstLines

__all__ = ["Selected", "Selection", "freeze_names", "freeze_selection"]

VERSION = 1

AT_ONCE = 200
"""How many names are looked up before what they are is written."""


@dataclass(frozen=True, slots=True)
class Selected:
    """One person of a selection."""

    username: str
    sub: str | None
    """Who had the name; `None` where nobody did."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A file that `freeze_selection` or `freeze_names` wrote."""

    path: Path
    service: str
    store: str | None
    conditions: Sequence[Condition]
    """What everybody of it must meet; for names that were listed, what was given with them."""
    count: int
    """How many people, those without a `sub` too."""
    missing: int
    """How many of the names had nobody."""
    sha256: str

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Reads the whole file once, in constant memory.

        Raises:
            InvalidInputError: it is no selection, of another version, or damaged.
            OSError: it cannot be read.
        """
        path = Path(path)
        header: dict[str, Any] = {}
        count = missing = size = 0
        with path.open("rb") as stream:
            for number, (end, line) in enumerate(read_lines(stream), start=1):
                size = end
                if number == 1:
                    header = _header(line, path)
                else:
                    count += 1
                    missing += _selected(line, number).sub is None
            if not header or stream.seek(0, 2) != size:
                raise _no_selection(path)
            stream.seek(0)
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        conditions = parse(header["conditions"])
        return cls(path, header["service"], header["store"], conditions, count, missing, digest)

    def people(self) -> Iterator[tuple[int, Selected]]:
        """Everybody, with the number of the line."""
        with self.path.open("rb") as stream:
            for number, (_, line) in enumerate(read_lines(stream), start=1):
                if number > 1:
                    yield number, _selected(line, number)


def _header(line: bytes, path: Path) -> dict[str, Any]:
    try:
        match json.loads(line):
            case {"selection": 1, "service": str(), "store": str() | None, "conditions": str(text)} as header:
                parse(text)
                return header
            case _:
                pass
    except (ValueError, InvalidInputError):
        pass
    raise _no_selection(path)


def _selected(line: bytes, number: int) -> Selected:
    match read_line(line, number, "selection"):
        case {"username": str(username), "sub": str() | None as sub}:
            return Selected(username, sub)
        case _:
            raise InvalidInputError(f"the selection is damaged at line {number}: freeze it again", field="selection")


def _no_selection(path: Path) -> InvalidInputError:
    return InvalidInputError(f"{path} is no selection that this release can read: freeze it again", field="selection")


def freeze_selection(
    users: UserManager,
    conditions: Sequence[Condition],
    path: str | Path,
    *,
    share: float = 1.0,
    backoff: Backoff | None = None,
    stop: threading.Event | None = None,
) -> int:
    """Writes everybody who meets all conditions now, for `run_action`; without conditions, everybody. How many.

    The file has the mode 0600 and appears whole or not at all. It is read page by page and written as it is read. Show
    the number, ask for a yes, and run with the same file: whoever comes to meet the conditions later is not in it.

    Raises what a search raises, `OSError`, and `KeyboardInterrupt` for Ctrl-C or `stop`.
    """
    check_conditions(conditions)
    store = users.describe()
    caller = _caller(users, store, share, backoff, stop)
    return _write(Path(path), store, conditions, _found(caller, conditions, store))


def freeze_names(
    users: UserManager,
    names: Iterable[str],
    path: str | Path,
    *,
    conditions: Sequence[Condition] = (),
    threads: int = 8,
    share: float = 1.0,
    backoff: Backoff | None = None,
    stop: threading.Event | None = None,
) -> int:
    """As `freeze_selection`, of people by their names, or by the aliases that the store has. How many different ones.

    Each is looked up, which is a request a name. Who does not meet the `conditions` when the selection is run is
    skipped then; they are not asked now. A name that nobody has, or can have, is written too, and fails its row when
    the selection is run; `Selection.missing` is how many there are.
    """
    if isinstance(names, str):
        raise InvalidInputError("names must be names of users, in a list", field="names")
    check_type("names", names, Iterable)
    check_conditions(conditions)
    store = users.describe()
    caller = _caller(users, store, share, backoff, stop)
    return _write(Path(path), store, conditions, _looked_up(caller, names, threads))


def _caller(
    users: UserManager,
    store: StoreDescription,
    share: float,
    backoff: Backoff | None,
    stop: threading.Event | None,
) -> Caller:
    return Caller(users, store, Pace(store.rates, share=share), stopping=stop or threading.Event(), backoff=backoff)


def _found(caller: Caller, conditions: Sequence[Condition], store: StoreDescription) -> Iterator[Selected]:
    def fetch(token: str | None) -> UserMatches:
        return caller.ask(Call("find_users", {"conditions": conditions, "page_token": token}))

    for page in pages(fetch):
        # As in `UserManager.search_users`: a store may compare more loosely than we do.
        rest = [c for i, c in enumerate(conditions) if not (_only_the_store_knows(c) and i in page.answered)]
        for user in page.users:
            if _still_meets(caller, user, rest, store):
                yield Selected(user.username, user.sub)


def _only_the_store_knows(condition: Condition) -> bool:
    return condition.field == "group" or condition.operator is Operator.SAME


def _still_meets(caller: Caller, user: User, conditions: Sequence[Condition], store: StoreDescription) -> bool:
    try:
        return ask_all(caller, meets(user, conditions, store))
    except UserNotFoundError:  # deleted since the page was read
        return False


def _looked_up(caller: Caller, names: Iterable[str], threads: int) -> Iterator[Selected]:
    def look(name: str) -> Selected:
        check_texts(names=name)
        try:
            user: User = caller.ask(Call("get_user", {"username": name}))
        except (UserNotFoundError, InvalidInputError):  # or a name that nobody can have in this store
            return Selected(name, None)
        return Selected(user.username, user.sub)

    waiting = iter(names)
    with ThreadPoolExecutor(threads) as pool:
        while some := list(islice(waiting, AT_ONCE)):
            yield from pool.map(look, some)


def _write(path: Path, store: StoreDescription, conditions: Sequence[Condition], people: Iterable[Selected]) -> int:
    count = 0
    header = {
        "selection": VERSION,
        "service": store.service,
        "store": store.store,
        "conditions": unparse(conditions),
        "at": datetime.now(UTC).isoformat(),
    }
    with FirstLines() as met, whole_file(path) as stream:
        stream.write(one_line(header))
        for person in people:
            # A listing may show somebody twice while it changes, and two names may be of one person.
            key = f"sub {person.sub}" if person.sub is not None else f"name {person.username}"
            if met.first(key, count) is None:
                count += 1
                stream.write(one_line({"username": person.username, "sub": person.sub}))
    return count
