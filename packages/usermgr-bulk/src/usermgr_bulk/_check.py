"""Reading a whole import without writing: all that would fail, with its line."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from usermgr import Group, StoreDescription, UserManager, UsernameKind
from usermgr.errors import GroupNotFoundError, InvalidInputError, UnsupportedOperationError
from usermgr_bulk._import import duplicate, read_row
from usermgr_bulk._input import Input
from usermgr_bulk._meter import Meter
from usermgr_bulk._options import Existing, ImportOptions
from usermgr_bulk._results import Progress
from usermgr_bulk._scratch import FirstLines, GroupLists
from usermgr_bulk._wanted import Complaint, complaints

__all__ = ["CheckReport", "Problem", "check_import"]

KEPT = 1000
"""How many problems a report keeps; `on_problem` gets all."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row would fail."""

    line: int | None
    """Where the row begins; `None` for what is wrong with the whole."""
    key: str | None
    field: str | None
    code: str
    message: str
    certain: bool
    """False where it depends on whether the user exists, or on what the user has now."""


@dataclass(slots=True)
class CheckReport:
    """What a check found."""

    rows: int = 0
    failing_rows: int = 0
    """The rows with at least one problem that is certain."""
    problem_count: int = 0
    problems: list[Problem] = field(default_factory=list[Problem])
    """The first thousand."""
    removals: int = 0
    """How many attributes the rows ask to remove."""
    removals_from_groups: int = 0
    """How many memberships would end, because the list of their user's row leaves the group out."""
    disablings: int = 0
    """How many rows ask to disable their user; those who are disabled already, or new, are among them."""
    invitations: int = 0
    """How many people would get a message, if all of them are new."""
    complete: bool = True
    """False where the input cannot be read to its end, so that the numbers are of its beginning."""

    @property
    def passed(self) -> bool:
        """Whether nothing is certain to fail."""
        return self.complete and not self.failing_rows and all(p.line is not None for p in self.problems)


def check_import(
    users: UserManager,
    source: Input,
    *,
    options: ImportOptions | None = None,
    groups: Iterable[Group] = (),
    on_problem: Callable[[Problem], None] = lambda _: None,
    total: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> CheckReport:
    """Reads the whole input, and the description and the groups of the store, and writes nothing.

    Under `Existing.UPDATE` it reads the members of all groups too, page by page, if a row has a list of groups. What it
    cannot tell is who else exists already: that takes a look-up of each. The arguments are those of `import_users`.
    """
    meter = Meter(progress, total)
    options = options or ImportOptions()
    store = users.describe()
    present = [group.name for group in users.iter_groups()]
    known = frozenset(group.name for group in groups) | frozenset(present)
    report = CheckReport()

    def note(line: int | None, key: str | None, found: Complaint) -> None:
        error = found.error
        problem = Problem(line, key, error.field, error.code, error.message, found.certain)
        report.problem_count += 1
        if len(report.problems) < KEPT:
            report.problems.append(problem)
        on_problem(problem)

    if store.read_only:
        message = "the store takes no change, because it is a replica: name its primary instead"
        note(None, None, Complaint(UnsupportedOperationError(message)))
    updates = options.existing is Existing.UPDATE
    with FirstLines() as lines, GroupLists() as lists:
        try:
            for row in source.rows():
                if row.incomplete:
                    report.complete = False
                    note(row.line, None, Complaint(row.error or InvalidInputError(field="row")))
                    break
                report.rows += 1
                if meter.is_due:
                    meter.tell(report.rows, {}, 0)
                found: list[Complaint] = []
                key = None if row.record is None else row.record.username
                try:
                    want = read_row(row, store, options)
                    report.removals += sum(value is None for value in want.attributes.values())
                    report.invitations += options.invite is not None
                    report.disablings += updates and want.enabled is False
                    if updates and want.groups is not None:
                        lists.add(want.key, want.groups)
                    found.extend(complaints(want, store, options, known))
                    duplicate(want, row.line, lines)
                except InvalidInputError as error:
                    found.append(Complaint(error))
                report.failing_rows += any(complaint.certain for complaint in found)
                for complaint in found:
                    note(row.line, key, complaint)
        except InvalidInputError as error:
            report.complete = False
            note(None, None, Complaint(error))
        if lists.any:
            report.removals_from_groups = sum(_leaving(users, store, group, lists) for group in present)
    return report


def _leaving(users: UserManager, store: StoreDescription, group: str, lists: GroupLists) -> int:
    """How many members of the group have a row whose list leaves it out."""
    kinds = [] if UsernameKind.PLAIN in store.usernames.kinds else [kind.value for kind in store.usernames.kinds]
    leaving = 0
    with suppress(GroupNotFoundError):  # deleted since the groups were read
        for user in users.iter_users_in_group(group):
            names = [user.username, *(user.attributes.get(kind, "") for kind in kinds)]
            keys = names if store.usernames.case_sensitive else [name.lower() for name in names]
            leaving += any(lists.leaves_out(key, group) for key in keys)
    return leaving
