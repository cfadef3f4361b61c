"""`usermgr import`: many users into the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, cast

import click

from usermgr_cli._bulk import RUN, Files, Source, files_option, finished, import_options, run, source_options
from usermgr_cli._bulk._source import rows_of
from usermgr_cli._line import Line
from usermgr_cli.commands.bulk_check import checked, effects

if TYPE_CHECKING:
    from usermgr.commands import Done
    from usermgr_bulk import ImportOptions

__all__ = ["command"]


@click.command(name="import")
@source_options
@click.option("--sub-map", type=click.Path(dir_okay=False), metavar="FILE", help="Where old and new subs are written.")
@files_option
@click.option("--dry-run", is_flag=True, help="Say what would fail, as `usermgr check` does, and change nothing.")
@click.pass_obj
def command(
    line: Line, *, resume: bool, dry_run: bool, sub_map: str | None, **given: Any
) -> Annotated[Done, {**RUN, "sub_map": str}]:
    """Bring the users of an export, or of a file, into the store.

    Nobody is invited unless --invite says so, and who exists is left alone unless --existing says so. The report has a
    line for each row. Ctrl-C ends the run in order, and --resume goes on with it.
    """
    from usermgr_bulk import import_users  # noqa: PLC0415 - as all of usermgr, once the command runs

    options = import_options(given)
    if dry_run:
        return cast("Done", checked(line, Source.open(given), options))  # whose fields the schema of `check` has
    stem = Source.stem(given)
    files = Files.beside(stem, given, resume=resume)
    source = Source.open(given, journal=files.journal if resume else None)
    subs = sub_map or (f"{stem}.subs.jsonl" if source.is_export else None)
    total = source.count()
    if not resume:
        _ask(line, source, options, total)
    users = line.users
    summary = run(
        line,
        files,
        lambda tell: import_users(
            users,
            source.rows,
            journal=files.journal,
            options=options,
            groups=source.groups,
            report=files.report,
            sub_map=subs,
            total=total,
            progress=tell,
        ),
        doing="Importing",
    )
    return finished(line, files, summary, **({} if subs is None else {"sub_map": subs}))


def _ask(line: Line, source: Source, options: ImportOptions, total: int) -> None:
    """Asks before what cannot be taken back: changes of people who exist, and messages. A check counts them first."""
    from usermgr_bulk import Existing, check_import  # noqa: PLC0415 - as above

    updates = options.existing is Existing.UPDATE
    if line.options.get("yes") or not (updates or options.invite is not None):
        return
    users = line.users
    with line.progress("Checking") as tell:
        report = check_import(users, source.rows, options=options, groups=source.groups, total=total, progress=tell)
    does = ["change whoever exists to what the file says"] if updates else []
    does += effects(report)
    failing = f" ({report.failing_rows:,} would fail)" if report.failing_rows else ""
    line.confirm(f"Import {rows_of(total)} from {source.path}{failing}: {', '.join(does)}?")
