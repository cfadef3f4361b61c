"""Is the first page of a search as fast with a million people as with a hundred?

    .venv/bin/python benchmarks/local/search.py [people]

Makes both stores with `write_many`, prints at what rate, and keeps them in the folder for temporary files, so that
another run finds them. Each case is one call, `find_users` or `search_users` up to its first page, made in turns on
both stores; the figures are medians. A page has the same number of people in both: as many as there are in the small
store, where two of three are called 田中.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from random import Random

import usermgr_local
from usermgr import Change, Condition, User, where
from usermgr_local import LocalUserManager

FEW = 100
CALLS = 200
PAGE = 60

FAMILY = (
    *("田中",) * 16, "佐藤", "鈴木", "佐々木", "林", "Lovelace", "Turing", "Hopper", "Liskov"
)  # fmt: skip
GIVEN = ("花子", "太郎", "一郎", "美咲", "愛", "さくら", "Ada", "Alan", "Grace", "Barbara", "Edsger", "Donald")


def attributes_of(number: int) -> dict[str, str]:
    """Somebody's attributes: two words as a name, an address and a phone number of one's own."""
    random = Random(number)  # noqa: S311 - people of a benchmark
    family, given = random.choice(FAMILY), random.choice(GIVEN)
    return {
        "name": f"{family} {given}",
        "email": f"person{number}@{random.choice(('example.org', 'example.com', 'mail.example.co.jp'))}",
        "phone_number": f"+8190{random.randrange(10**8):08}",
        "email_verified": "true",
        "custom:extra_info": f"team {random.randrange(50)}",
    }


def changes(count: int) -> Iterator[Change]:
    """That many new people."""
    for number in range(count):
        yield Change("add_user", {"username": f"user{number}", "attributes": attributes_of(number)})


def store_of(folder: Path, count: int) -> LocalUserManager:
    """The store of that many people, made if it is not there."""
    path = folder / f"{count}.db"
    if not path.exists():
        making = folder / f"{count}.making.db"
        for left in folder.glob(f"{making.name}*"):
            left.unlink()
        users = usermgr_local.create(path=making)
        start = time.perf_counter()
        added = sum(outcome.succeeded for outcome in users.write_many(changes(count)))
        seconds = time.perf_counter() - start
        users.close()
        if added != count:
            raise SystemExit("a change was refused")
        making.rename(path)
        print(f"{count} people made, {count / seconds:.0f} a second, {path.stat().st_size / count:.0f} bytes each")
    return usermgr_local.create(path=path)


Call = Callable[[LocalUserManager, int], list[User]]


def page(make: Callable[[dict[str, str]], list[Condition]]) -> Call:
    """One call of the primitive; the conditions may be about somebody's attributes."""
    return lambda users, limit: list(users.find_users(make(last_of(users)), limit=limit).users)


def searched(make: Callable[[dict[str, str]], list[Condition]]) -> Call:
    """Core's own path, up to as many people as a page has."""
    return lambda users, limit: list(islice(users.search_users(*make(last_of(users))), limit))


_last: dict[Path, dict[str, str]] = {}


def last_of(users: LocalUserManager) -> dict[str, str]:
    """The attributes of who was added last."""
    return _last[users.settings.path]


def words(*values: str) -> Callable[[object], list[Condition]]:
    """Plain words."""
    return lambda _: [where("*").mentions(value) for value in values]


CASES: dict[str, Call] = {
    "plain list": page(lambda _: []),
    "an exact e-mail": page(lambda last: [where("email").equals(last["email"])]),
    "contains: email~example.org": page(lambda _: [where("email").contains("example.org")]),
    "contains: name~Lovelace": page(lambda _: [where("name").contains("Lovelace")]),
    "contains: name~田中": page(lambda _: [where("name").contains("田中")]),
    "contains: name~佐藤": page(lambda _: [where("name").contains("佐藤")]),
    "contains: name~林": page(lambda _: [where("name").contains("林")]),
    "contains, one of all: email~personN@": page(lambda last: [where("email").contains(last["email"].split("@")[0])]),
    "contains, nobody: name~Lovelock": page(lambda _: [where("name").contains("Lovelock")]),
    "contains, another attribute": page(lambda _: [where("custom:extra_info").contains("team 4")]),
    "word: lovelace": page(words("lovelace")),
    "word: 田中": page(words("田中")),
    "word: 佐藤": page(words("佐藤")),
    "word: 中": page(words("中")),
    "word: 林": page(words("林")),
    "word: a": page(words("a")),
    "words: 田中 花子": page(words("田中", "花子")),
    "word, one of all: an e-mail": page(lambda last: [where("*").mentions(last["email"].upper())]),
    "word, one of all: 090-...": page(lambda last: [where("*").mentions("0" + last["phone_number"][3:])]),
    "word, nobody: 魚": page(words("魚")),
    "word, nobody: zzyzx": page(words("zzyzx")),
    "search_users: everybody": searched(lambda _: []),
    "search_users: an exact e-mail": searched(lambda last: [where("email").equals(last["email"])]),
    "search_users: name~田中": searched(lambda _: [where("name").contains("田中")]),
    "search_users: word 田中": searched(words("田中")),
    "search_users: word 中": searched(words("中")),
    "search_users: word person": searched(words("person")),
    "search_users, one of all: an e-mail": searched(lambda last: [where("*").mentions(last["email"])]),
    "search_users, nobody: 魚": searched(words("魚")),
}


def measure(call: Call, stores: list[LocalUserManager]) -> tuple[list[float], list[float], int]:
    """The first and the median seconds of a call on each store, and how many people the page has."""
    limit = max(1, len(call(stores[0], PAGE)))
    spent: list[list[float]] = [[] for _ in stores]
    for _ in range(CALLS):
        for store, times in zip(stores, spent, strict=True):
            start = time.perf_counter()
            call(store, limit)
            times.append(time.perf_counter() - start)
    return [times[0] for times in spent], [statistics.median(times) for times in spent], limit


def main(count: int) -> None:
    """Prints both times of every case, and their ratio."""
    folder = Path(tempfile.gettempdir()) / "usermgr-benchmark-search"
    folder.mkdir(mode=0o700, exist_ok=True)
    stores = [store_of(folder, size) for size in (FEW, count)]
    for store, size in zip(stores, (FEW, count), strict=True):
        _last[store.settings.path] = attributes_of(size - 1)
    print(f"{'':38}{FEW:>12}{count:>12}   ratio   page   first call")
    for name, call in CASES.items():
        first, median, limit = measure(call, stores)
        times = "".join(f"{seconds * 1000:9.3f} ms" for seconds in median)
        print(f"{name:38}{times}   {median[1] / median[0]:5.2f}   {limit:4}   {first[1] * 1000:7.3f} ms")
    for store in stores:
        store.close()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
