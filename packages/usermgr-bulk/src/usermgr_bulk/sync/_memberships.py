"""Who is to be in which groups: what people say of their groups and what groups say of their members, which must agree.

Whether somebody is in a group is managed where the person's entry has `groups`, or the group's has `members`, and where
neither of them is left alone.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from usermgr_bulk.sync._desired import DesiredGroup, DesiredUser
from usermgr_bulk.sync._people import Note, People, Person

__all__ = ["Memberships", "Moves"]


@dataclass(frozen=True, slots=True)
class Moves:
    """What one person's memberships need."""

    joins: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    managed: int = 0
    """How many of the memberships that are there are managed."""


@dataclass(slots=True)
class Memberships:
    """The wishes of a document for the managed groups of a store."""

    declared: Mapping[str, DesiredGroup]
    managed: Collection[str]
    """The groups that are there or declared, and not left alone."""
    doomed: Collection[str]
    """Those of them that the plan deletes."""
    note: Note
    _members: dict[str, dict[int, str]] = field(default_factory=dict[str, dict[int, str]])
    """For each group with `members`, who they are, and how the document names them."""

    def name_members(self, people: People) -> None:
        """Finds the people whom the groups name. To be named makes those managed whom an identity provider made."""
        for group in self.declared.values():
            if group.members is None:
                continue
            found = self._members[group.name] = dict[int, str]()
            for name in group.members:
                line = group.line_of(f"members.{name}")
                person = people.named(name)
                if person is None:
                    self.note(line, "groups.members", f"there is nobody named {name!r}: declare them under users")
                elif id(person) in found:
                    self.note(
                        line, "groups.members",
                        f"{name!r} and {found[id(person)]!r} are the same person, as the store compares names",
                    )  # fmt: skip
                elif people.left_alone(person):
                    self.note(
                        line, "groups.members",
                        f"{name!r} is a member, and a pattern of `unmanaged` says to leave them alone: remove one",
                    )  # fmt: skip
                else:
                    found[id(person)] = name
                    person.is_managed = True

    def names(self, person: Person) -> str | None:
        """A group that names the person among its members."""
        return next((name for name, found in self._members.items() if id(person) in found), None)

    def moves(self, person: Person) -> Moves:
        """What the memberships of one managed person need."""
        entry = person.entry
        own = None if entry is None else entry.groups
        if entry is not None and own is not None:
            self._check(person, entry, own)
        wished = set(own or ()) | {name for name, found in self._members.items() if id(person) in found}
        decided = {name for name in person.groups if own is not None or name in self._members} & set(self.managed)
        decided -= set(self.doomed)
        return Moves(
            tuple(sorted(wished - person.groups)),
            tuple(sorted(decided - wished)),
            len(decided),
        )

    def _check(self, person: Person, entry: DesiredUser, own: Collection[str]) -> None:
        for name in own:
            line = entry.line_of(f"groups.{name}")
            if name in self.doomed:
                message = f"the group {name} is not declared, so it would be deleted: declare it under groups"
                self.note(line, "users.groups", message)
            elif name not in self.managed:
                self.note(line, "users.groups", f"there is no managed group named {name}: declare it under groups")
            elif name in self._members and id(person) not in self._members[name]:
                self.note(line, "users.groups", self._disagreement(entry, name, "leaves them out"))
        for name, found in self._members.items():
            if id(person) in found and name not in own:
                line = self.declared[name].line_of(f"members.{found[id(person)]}")
                self.note(line, "groups.members", self._disagreement(entry, name, "names them"))

    def _disagreement(self, entry: DesiredUser, group: str, what: str) -> str:
        at, there = _at(entry.line), _at(self.declared[group].line)
        return (
            f"the entry{at} and the group {group}{there} disagree: the members of {group} are a list that {what}, and "
            "the person's groups say otherwise"
        )


def _at(line: int | None) -> str:
    return f" of line {line}" if line else ""
