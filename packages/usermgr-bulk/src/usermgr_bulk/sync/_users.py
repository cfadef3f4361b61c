"""What one person needs: to be created, changed, pruned, or nothing; and what speaks against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from usermgr import StoreDescription, User
from usermgr.errors import InvalidInputError
from usermgr.validation import check_verified_has_address
from usermgr_bulk._options import Existing, ImportOptions
from usermgr_bulk._wanted import asked_to_confirm, attribute_complaints, complaints
from usermgr_bulk.sync._desired import Desired, DesiredUser
from usermgr_bulk.sync._memberships import Memberships, Moves
from usermgr_bulk.sync._people import CREATION, Note, People, Person
from usermgr_bulk.sync._plan import Action, Difference, Prune, UserChange, digest_of_user

__all__ = ["UserPlanner"]

UPDATE = ImportOptions(existing=Existing.UPDATE)

Differences = Mapping[str, Difference[str]]


@dataclass(slots=True)
class UserPlanner:
    """Plans person by person."""

    store: StoreDescription
    desired: Desired
    prune: Prune | None
    memberships: Memberships
    note: Note
    memberships_there: int = 0
    """How many managed memberships there were, of all whom this was asked about."""

    def change(self, person: Person) -> UserChange | None:
        """What is to be done about the person."""
        if not person.is_managed:
            return None
        if person.user is not None and self._is_pruned(person):
            return self._pruned(person, person.user)
        moves = self.memberships.moves(person)
        self.memberships_there += moves.managed
        if person.user is None:
            return self._creation(person, moves)
        differences: Differences = {}
        enabled = None
        line = None
        if person.entry is not None:
            line = person.entry.line
            differences = self._differences(person.entry, person.user)
            enabled = person.entry.enabled if person.entry.enabled is not person.user.enabled else None
        if not differences and enabled is None and not moves.joins and not moves.leaves:
            return None
        return UserChange(
            Action.CHANGE, person.name, line, person.user.sub, differences, enabled, moves.joins, moves.leaves
        )

    # --- Those whom nobody declares ------------------------------------------------------------------

    def _is_pruned(self, person: Person) -> bool:
        if self.prune is None or self.desired.users is None or person.entry is not None:
            return False
        return not People.is_federated(person)  # to be named as a member is not to be declared

    def _pruned(self, person: Person, user: User) -> UserChange | None:
        group = self.memberships.names(person)
        if group is not None:
            line = self.memberships.declared[group].line_of(f"members.{user.username}")
            message = (
                f"{user.username!r} is a member of {group} and not declared, so they would be pruned: declare them"
            )
            self.note(line, "groups.members", message)
        if self.prune is Prune.DELETE:
            return UserChange(Action.DELETE, user.username, sub=user.sub, pruned=True, seen=digest_of_user(user))
        moves = self.memberships.moves(person)
        self.memberships_there += moves.managed
        if not user.enabled and not moves.leaves:
            return None
        return UserChange(
            Action.CHANGE, user.username, sub=user.sub, enabled=False if user.enabled else None, leaves=moves.leaves,
            pruned=True, seen=digest_of_user(user),
        )  # fmt: skip

    # --- Those who are new ---------------------------------------------------------------------------

    def _creation(self, person: Person, moves: Moves) -> UserChange | None:
        entry, wanted = person.entry, person.wanted
        if entry is None or wanted is None:
            return None
        for complaint in complaints(wanted, self.store, CREATION):
            if complaint.certain:
                self._note(entry, complaint.error)
        return UserChange(
            Action.CREATE,
            wanted.name,
            entry.line,
            attributes={name: Difference(None, value) for name, value in wanted.attributes.items()},
            enabled=False if entry.enabled is False else None,
            joins=moves.joins,
        )

    # --- Those who are there -------------------------------------------------------------------------

    def _differences(self, entry: DesiredUser, user: User) -> Differences:
        wished: dict[str, str | None] = {**entry.attributes, **dict.fromkeys(entry.without)}
        wished = {name: value for name, value in wished.items() if not self.desired.unmanaged.attribute(name)}
        sent = {name: value for name, value in wished.items() if user.attributes.get(name) != value}
        for address in ("email", "phone_number"):
            flag = f"{address}_verified"
            if address in sent and flag in wished:  # an address that comes alone would be unverified
                sent[flag] = wished[flag]
        for name, value in sent.items():
            for complaint in attribute_complaints(name, value, self.store, UPDATE):
                self._note(entry, complaint.error)
        for name in asked_to_confirm(sent, self.store):
            message = (
                f"the store asks people to confirm a new {name} by a message, and nobody gets one from a plan: declare "
                f"{name}_verified as true to change it at once, or list {name} under `unmanaged`"
            )
            self._note(entry, InvalidInputError(message, field=name))
        if sent:
            try:
                check_verified_has_address({**user.attributes, **sent})
            except InvalidInputError as error:
                self._note(entry, error)
        return {name: Difference(user.attributes.get(name), value) for name, value in sent.items()}

    def _note(self, entry: DesiredUser, error: InvalidInputError) -> None:
        name = error.field or "username"
        member = f"attributes.{name}" if f"attributes.{name}" in entry.lines else f"without.{name}"
        self.note(entry.line_of(member), f"users.{name}", f"{entry.username!r}: {error.message}")
