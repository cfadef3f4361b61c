"""Making a plan: the desired state against all of the present one. Nothing is written."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from usermgr import Capability, Group, StoreDescription, UserManager
from usermgr.backoff import Backoff
from usermgr.errors import InvalidInputError
from usermgr.guard import guards_of
from usermgr.validation import check_group_names
from usermgr_bulk._calls import Caller
from usermgr_bulk._meter import Meter
from usermgr_bulk._pace import Pace
from usermgr_bulk._results import Progress
from usermgr_bulk.sync._desired import Desired, DesiredGroup
from usermgr_bulk.sync._errors import DesiredProblem, desired_state_error
from usermgr_bulk.sync._limits import SyncLimits, check_limits
from usermgr_bulk.sync._memberships import Memberships
from usermgr_bulk.sync._people import People, Person
from usermgr_bulk.sync._plan import Action, Counts, Difference, GroupChange, Plan, Prune, digest_of_group
from usermgr_bulk.sync._present import Present, PresentReader
from usermgr_bulk.sync._protection import check_protected
from usermgr_bulk.sync._users import UserPlanner

__all__ = ["plan_sync"]


def plan_sync(
    users: UserManager,
    desired: Desired,
    *,
    prune: Prune | str | None = None,
    prune_groups: bool = False,
    limits: SyncLimits | None = None,
    required_groups: Collection[str] = (),
    acting: str | None = None,
    share: float = 1.0,
    backoff: Backoff | None = None,
    progress: Callable[[Progress], None] | None = None,
    stop: threading.Event | None = None,
) -> Plan:
    """What would bring the store to the desired state. Reads all that is managed, a request a page, and writes nothing.

    Args:
        users: The store. The guard of a `usermgr.guard.Guarded` holds for the plan too.
        desired: What `read_desired` or `parse_desired` returned.
        prune: What becomes of people who are there and not declared: `delete`, `disable`, or nothing.
        prune_groups: Whether groups that are there and not declared are deleted.
        limits: The most that the plan may take away.
        required_groups: Groups that must keep an enabled member, beside those of a `Guarded` store.
        acting: The `sub` of the account that acts, which the plan may not delete or disable.
        share: The share of the store's rates that may be used.
        backoff: The pauses before a call is repeated.
        progress: Is called now and then with the number of users that were read.
        stop: Ends the reading as Ctrl-C does, when another thread sets it.

    Raises:
        DesiredStateError: the desired state does not fit the store; `problems` has all that was found.
        TooManyLossesError: the plan takes more than the limits allow; `plan` is what was refused.
        ProtectedUserError: the plan would take the acting account, or the last enabled member of a required group.
        UsermgrError: a part of the present state could not be read, so there is no plan.
        KeyboardInterrupt: Ctrl-C, or `stop`.
    """
    required, accounts = set(check_group_names(required_groups)), {acting}
    for guard in guards_of(users):
        required |= guard.required_groups
        accounts.add(guard.acting)
    store = users.describe()
    caller = Caller(users, store, Pace(store.rates, share=share), stopping=stop or threading.Event(), backoff=backoff)
    reader = PresentReader(caller, Meter(progress, store.estimated_users), time.monotonic)
    work = _Planning(store, desired, _prune(prune), prune_groups)
    plan = work.plan(reader, limits or SyncLimits(), sorted(required), sorted(filter(None, accounts)))
    check_protected(plan, work.present, reader)
    check_limits(plan)
    return plan


def _prune(value: Prune | str | None) -> Prune | None:
    if value is None:
        return None
    try:
        return Prune(value)
    except ValueError:
        raise InvalidInputError(f"prune must be one of {', '.join(Prune)}, or None", field="prune") from None


@dataclass(slots=True)
class _Planning:
    store: StoreDescription
    desired: Desired
    prune: Prune | None
    prune_groups: bool
    present: Present = field(default_factory=Present)
    problems: list[DesiredProblem] = field(default_factory=list[DesiredProblem])
    declared: dict[str, DesiredGroup] = field(init=False)

    def __post_init__(self) -> None:
        self.declared = {}
        for group in self.desired.groups or ():
            if group.name in self.declared:  # of a document, its lines have told already
                self.note(group.line, "groups.name", f"the group {group.name!r} is declared twice: keep one of them")
            self.declared[group.name] = group

    def note(self, line: int | None, where: str, message: str) -> None:
        """Something of the desired state is wrong."""
        self.problems.append(DesiredProblem(line, where, message))

    def plan(self, reader: PresentReader, limits: SyncLimits, required: Sequence[str], acting: Sequence[str]) -> Plan:
        """The plan. Raises `DesiredStateError`."""
        declared = self.declared
        by_people = any(user.groups is not None for user in self.desired.users or ())
        named = {group.name for group in declared.values() if group.members is not None}

        def members_of(found: Iterable[str]) -> list[str]:
            return [
                name for name in found
                if self._is_managed(name) and (by_people or name in named or self._is_doomed(name))
            ]  # fmt: skip

        self.present = reader.read(groups=by_people or self.desired.groups is not None, members_of=members_of)
        managed = {name for name in self.present.groups if self._is_managed(name)}
        doomed = {name for name in managed if self._is_doomed(name)}
        groups = self._groups(declared, doomed)
        people = People(self.store, self.present.users, self.desired.unmanaged, self.note)
        for name, found in self.present.members.items():
            for username in found:
                person = people.by_real_name(username)
                if person is not None:
                    person.groups.add(name)
        people.declare(self.desired.users or ())
        memberships = Memberships(declared, managed | declared.keys(), doomed, self.note)
        memberships.name_members(people)
        planner = UserPlanner(self.store, self.desired, self.prune, memberships, self.note)
        changes = [(person, change) for person in people.all if (change := planner.change(person)) is not None]
        users = sorted((c for _, c in changes), key=lambda c: (c.pruned, c.line or 0, c.username))
        self._refuse_renamed(
            "users.username",
            {name: person.name for person, change in changes if change.pruned for name in people.names_of(person)},
            [(change.username, change.line) for change in users if change.action is Action.CREATE],
        )
        self._refuse_renamed(
            "groups.name",
            {name: name for name in doomed},
            [(change.name, change.line) for change in groups if change.action is Action.CREATE],
        )
        if self.problems:
            raise desired_state_error(self.problems)
        return Plan(
            self.store.service,
            self.store.store,
            datetime.now(UTC),
            groups,
            users,
            self.prune,
            self.prune_groups,
            limits,
            required,
            acting,
            **self._counts(people.all, planner, declared, managed, doomed),
        )

    def _is_managed(self, name: str) -> bool:
        if name in self.declared:
            return True
        by_service = any(fnmatchcase(name, pattern) for pattern in self.store.service_groups)
        return not by_service and not self.desired.unmanaged.group(name)

    def _is_doomed(self, name: str) -> bool:
        """Of a managed group: whether it is deleted because nobody declares it."""
        return self.prune_groups and self.desired.groups is not None and name not in self.declared

    # --- Groups -------------------------------------------------------------------------------------

    def _groups(self, declared: dict[str, DesiredGroup], doomed: Collection[str]) -> list[GroupChange]:
        changes: list[GroupChange] = []
        for wish in declared.values():
            self._check_group(wish)
            change = _group_change(wish, self.present.groups.get(wish.name))
            if change is not None:
                changes.append(change)
        for name in sorted(doomed):
            group, members = self.present.groups[name], self.present.members[name]
            seen = digest_of_group(group, sorted(members))
            changes.append(GroupChange(Action.DELETE, name, members=len(members), seen=seen))
        return changes

    def _check_group(self, wish: DesiredGroup) -> None:
        if self.desired.unmanaged.group(wish.name):
            message = f"{wish.name!r} is declared, and a pattern of `unmanaged` says to leave it alone: remove one"
            self.note(wish.line_of("name"), "groups.name", message)
        for member, capability in (
            ("description", Capability.GROUP_DESCRIPTIONS),
            ("precedence", Capability.GROUP_PRECEDENCE),
        ):
            if getattr(wish, member) is not None and not self.store.can(capability):
                self.note(wish.line_of(member), f"groups.{member}", f"the store's groups have no {member}: remove it")

    def _refuse_renamed(self, where: str, going: Mapping[str, str], coming: Iterable[tuple[str, int | None]]) -> None:
        """A change of case is no reason to take somebody away and to create somebody else."""
        names = {name.lower(): real for name, real in going.items()}
        for name, line in coming:
            if name.lower() in names:
                self.note(
                    line, where,
                    f"{name!r} would be created and {names[name.lower()]!r} pruned, which differ only in case: declare "
                    "the name as it is, or delete it by hand first",
                )  # fmt: skip

    # --- Counting -----------------------------------------------------------------------------------

    def _counts(
        self,
        people: Iterable[Person],
        planner: UserPlanner,
        declared: Collection[str],
        managed: Collection[str],
        doomed: Collection[str],
    ) -> dict[str, Counts]:
        there = [person for person in people if person.user is not None]
        undeclared = sum(person.is_managed and person.entry is None for person in there)
        pruned = undeclared if self.prune is not None and self.desired.users is not None else 0
        in_doomed = sum(len(self.present.members[name]) for name in doomed)
        kept = len(managed) - sum(name in declared for name in managed) - len(doomed)
        return {
            "managed": Counts(
                sum(person.entry is not None for person in there) + pruned,
                sum(name in declared for name in managed) + len(doomed),
                planner.memberships_there + in_doomed,
            ),
            "undeclared": Counts(undeclared - pruned, kept),
            "unmanaged": Counts(
                sum(not person.is_managed for person in there), len(self.present.groups) - len(managed)
            ),
        }


def _group_change(wish: DesiredGroup, group: Group | None) -> GroupChange | None:
    if group is None:
        description = Difference(None, wish.description) if wish.description else None
        precedence = None if wish.precedence is None else Difference(None, wish.precedence)
        return GroupChange(Action.CREATE, wish.name, wish.line, description, precedence)
    description, precedence = None, None
    if wish.description is not None and wish.description != (group.description or ""):
        description = Difference(group.description or "", wish.description)
    if wish.precedence is not None and wish.precedence != group.precedence:
        precedence = Difference(group.precedence, wish.precedence)
    if description is None and precedence is None:
        return None
    return GroupChange(Action.CHANGE, wish.name, wish.line, description, precedence)
