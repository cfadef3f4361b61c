"""`usermgr check`: what an import would meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._bulk import Source, import_options, source_options
from usermgr_cli._bulk._source import rows_of
from usermgr_cli._exits import Exit
from usermgr_cli._line import Line

if TYPE_CHECKING:
    from usermgr_bulk import CheckReport, ImportOptions, Problem

__all__ = ["checked", "command", "effects"]


@click.command()
@source_options
@click.pass_obj
def command(line: Line, **given: Any) -> Iterator[Problem]:
    """Read a whole import, and say what would fail, without changing anything.

    The options are those of `usermgr import`. The status is 1 where a row is certain to fail. Who exists already is not
    looked up.
    """
    return checked(line, Source.open(given), import_options(given))


def checked(line: Line, source: Source, options: ImportOptions) -> Iterator[Problem]:
    """The problems, in the order of the input; then what they come to, and the status."""
    from usermgr_bulk import check_import  # noqa: PLC0415 - as all of usermgr, once the command runs
    from usermgr_cli._bulk._spool import Spool  # noqa: PLC0415 - as above

    spool = Spool()
    total = source.count()
    users = line.users
    with line.progress("Checking") as tell:
        report = check_import(
            users,
            source.rows,
            options=options,
            groups=source.groups,
            on_problem=spool.add,
            total=total,
            progress=tell,
        )
    line.layout = _for_people
    if not report.passed:
        line.exit = Exit.FAILURE
    return _told(line, source, report, spool.problems())


def _told(line: Line, source: Source, report: CheckReport, problems: Iterator[Problem]) -> Iterator[Problem]:
    yield from problems
    line.note(f"{source.path}: {sentence(report)}")


def _for_people(record: dict[str, Any]) -> dict[str, Any]:
    """What a table shows of a problem."""
    may = "" if record["certain"] else "where the user exists: "
    return {
        "line": record["line"],
        "user": record["key"],
        "problem": f"{may}{record['message']}",
    }


def sentence(report: CheckReport) -> str:
    """What a check found, in numbers."""
    parts = [rows_of(report.rows) if report.complete else f"cannot be read after {rows_of(report.rows)}"]
    if report.failing_rows:
        parts.append(f"{report.failing_rows:,} would fail")
    elif report.passed:
        parts.append("none is certain to fail")
    if report.problem_count:
        parts.append("1 problem" if report.problem_count == 1 else f"{report.problem_count:,} problems")
    found = effects(report)
    return ", ".join(parts) + (f"; it would {', '.join(found)}" if found else "")


def effects(report: CheckReport) -> list[str]:
    """What an import would take away, and send: at most, because the check does not look who exists."""
    counted = (
        (report.removals, "remove 1 attribute", "remove {:,} attributes"),
        (report.removals_from_groups, "end 1 membership", "end {:,} memberships"),
        (report.disablings, "disable 1 user", "disable {:,} users"),
        (report.invitations, "send 1 invitation", "send {:,} invitations"),
    )
    return [one if number == 1 else many.format(number) for number, one, many in counted if number]
