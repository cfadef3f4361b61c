"""Who is who: the people of a document and those of a store, compared as the store compares names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase

from usermgr import StoreDescription, User, UsernameKind, UserStatus
from usermgr.errors import InvalidInputError
from usermgr.records import UserRecord
from usermgr_bulk._options import ImportOptions
from usermgr_bulk._wanted import Wanted, wanted
from usermgr_bulk.sync._desired import DesiredUser, Unmanaged

__all__ = ["CREATION", "Note", "People", "Person"]

CREATION = ImportOptions()
"""Somebody new is created as an import does it that expects nobody to be there."""

Note = Callable[[int | None, str, str], None]
"""Notes a problem: the line, the field, the message."""


@dataclass(slots=True, eq=False)
class Person:
    """Somebody who is there, is declared, or both."""

    user: User | None = None
    entry: DesiredUser | None = None
    wanted: Wanted | None = None
    """The entry as the store would create it."""
    is_managed: bool = True
    groups: set[str] = field(default_factory=set[str])
    """The groups that the person is in, of those that were read."""

    @property
    def name(self) -> str:
        """The real name, or the one to be created with."""
        if self.user is not None:
            return self.user.username
        return "" if self.wanted is None else self.wanted.name


class People:
    """Everybody, found by every name that the store takes for theirs."""

    def __init__(self, store: StoreDescription, users: Iterable[User], unmanaged: Unmanaged, note: Note) -> None:
        self._store = store
        self._note = note
        self._patterns = [self._fold(pattern) for pattern in unmanaged.users]
        plain = UsernameKind.PLAIN in store.usernames.kinds
        self._addresses: Sequence[str] = () if plain else [kind.value for kind in store.usernames.kinds]
        self._by_name: dict[str, Person] = {}
        self._by_address: dict[str, list[Person]] = defaultdict(list)
        self._by_alias: dict[str, Person] = {}
        self._new: dict[str, Person] = {}
        self.all: list[Person] = []
        for user in users:
            person = Person(user)
            self.all.append(person)
            self._by_name[self._fold(user.username)] = person
            for address in self._texts(user, self._addresses):
                self._by_address[address].append(person)
            for alias in self._texts(user, store.usernames.aliases if plain else ()):
                self._by_alias.setdefault(alias, person)
            person.is_managed = not self.is_federated(person) and not self.left_alone(person)

    def _texts(self, user: User, attributes: Iterable[str]) -> set[str]:
        """What the user has of these attributes, as the store compares names."""
        return {self._fold(text) for name in attributes if (text := user.attributes.get(name))}

    def _fold(self, name: str) -> str:
        return name if self._store.usernames.case_sensitive else name.lower()

    def names_of(self, person: Person) -> set[str]:
        """The name, and the addresses that name the person, as the store compares them."""
        addresses = set[str]() if person.user is None else self._texts(person.user, self._addresses)
        return {self._fold(person.name)} | addresses

    def left_alone(self, person: Person) -> bool:
        """Whether a pattern says to leave the person alone."""
        return any(fnmatchcase(name, pattern) for pattern in self._patterns for name in self.names_of(person))

    @staticmethod
    def is_federated(person: Person) -> bool:
        """Whether an identity provider made the person."""
        return person.user is not None and person.user.status is UserStatus.EXTERNAL_PROVIDER

    def by_real_name(self, username: str) -> Person | None:
        """Whom the store calls that."""
        return self._by_name.get(self._fold(username))

    def declare(self, entries: Iterable[DesiredUser]) -> None:
        """Finds or adds the person of each entry."""
        for entry in entries:
            person = self._person_of(entry)
            if person is None:
                continue
            if person.entry is not None:
                before = f"line {person.entry.line}" if person.entry.line else f"{person.entry.username!r}"
                self._note(
                    entry.line_of("username"), "users.username",
                    f"{entry.username!r} is the same person as {before}, as the store compares names: keep one of them",
                )  # fmt: skip
                continue
            person.entry = entry
            if self.left_alone(person):
                self._note(
                    entry.line_of("username"), "users.username",
                    f"{entry.username!r} is declared, and a pattern of `unmanaged` says to leave it alone: remove one",
                )  # fmt: skip
            person.is_managed = True

    def _person_of(self, entry: DesiredUser) -> Person | None:
        line = entry.line_of("username")
        person = self.by_real_name(entry.username)
        record = UserRecord(entry.username, dict(entry.attributes), enabled=entry.enabled)
        try:
            found = wanted(record, self._store, CREATION)
        except InvalidInputError as error:
            if person is None:
                self._note(line, f"users.{error.field}", error.message)
            return person
        if person is not None:
            return person
        names = {self._fold(found.name), self._fold(entry.username)}  # one may be the address of before a change
        owners = {id(owner): owner for name in names for owner in self._by_address.get(name, ())}
        if len(owners) > 1:
            self._note(line, "users.username", f"{len(owners)} people have an address of {entry.username!r}")
            return None
        if owners:
            return owners.popitem()[1]
        if self._fold(entry.username) in self._by_alias:
            real = self._by_alias[self._fold(entry.username)].name
            self._note(line, "users.username", f"{entry.username!r} is an alias of {real!r}: declare the real name")
            return None
        return self._newcomer(entry, found)

    def _newcomer(self, entry: DesiredUser, found: Wanted) -> Person | None:
        kind = UsernameKind.EMAIL if "@" in entry.username else UsernameKind.PHONE_NUMBER
        if kind in self._addresses and ("@" in entry.username or entry.username.startswith("+")):
            other = entry.attributes.get(kind, entry.username)
            if self._fold(other) != self._fold(entry.username):
                message = f"{entry.username!r} and {other!r} are two addresses of one new person: declare one of them"
                self._note(entry.line_of("username"), "users.username", message)
                return None
            found = replace(found, name=entry.username)
        key = self._fold(found.name)
        if key not in self._new:
            self._new[key] = Person(wanted=found)
            self.all.append(self._new[key])
        return self._new[key]

    def named(self, name: str) -> Person | None:
        """The person whom a list of members names: somebody who is there, or whom the document declares."""
        person = self.by_real_name(name) or self._new.get(self._fold(name))
        if person is not None:
            return person
        owners = self._by_address.get(self._fold(name), [])
        return owners[0] if len(owners) == 1 else None
