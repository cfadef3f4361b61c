"""`usermgr export`: all users and groups of the store, in a folder or in a file."""

from __future__ import annotations

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from usermgr_cli._bulk._files import to_go_on
from usermgr_cli._bulk._source import SUFFIXES, format_options, misuse_of_format, options_of_format
from usermgr_cli._line import Line

if TYPE_CHECKING:
    from collections.abc import Callable

    from usermgr import UserManager
    from usermgr.commands import Done
    from usermgr_bulk import Manifest, Progress

__all__ = ["command"]

EXPORTED = {
    "target": str, "format": str, "users": int, "groups": int, "memberships": int, "not_carried": dict[str, str],
}  # fmt: skip


@click.command()
@click.argument("target", type=click.Path())
@format_options
@click.option("--resume", is_flag=True, help="Go on with an export that was interrupted.")
@click.pass_obj
def command(line: Line, target: str, *, resume: bool, **given: Any) -> Annotated[Done, EXPORTED]:
    """Write all users and groups to the new folder TARGET, or all users to the new file TARGET.

    A name that ends with .csv or .jsonl, and --format, ask for a file. The folder alone has the groups themselves, with
    sums that tell whether it is as it was written. No password is in either. What an export that was interrupted has
    read stays in a hidden folder beside TARGET: --resume goes on with it, and without that it begins anew.
    """
    from usermgr.commands import Done  # noqa: PLC0415 - as all of usermgr, once the command runs
    from usermgr_bulk import export_users  # noqa: PLC0415 - as above

    path = Path(target)
    form = given["form"] or SUFFIXES.get(path.suffix.lower())
    options = options_of_format(given)
    if form is None and options:
        raise click.UsageError("a folder has no options: name the --format of a file")
    folder = path if form is None else _folder_of(path)
    if resume and not path.exists() and _left(path, folder) is None:
        raise click.UsageError(f"no export into {path} was interrupted, so nothing to go on with: leave --resume out")
    users = line.users
    with _told(line, path, folder), line.progress("Exporting") as tell:
        if form is None:
            manifest = export_users(users, path, resume=resume, progress=tell)
        else:
            manifest = _to_file(users, path, form, options, resume=resume, tell=tell)
    done = "1 user" if manifest.users == 1 else f"{manifest.users:,} users"
    groups = "" if form is not None else f" and {manifest.groups:,} group{'s' * (manifest.groups != 1)}"
    return Done(
        f"{done}{groups} written to {path}. Not carried: {', '.join(sorted(manifest.not_carried))}",
        {
            "target": str(path),
            "format": form or "folder",
            "users": manifest.users,
            "groups": manifest.groups,
            "memberships": manifest.memberships,
            "not_carried": dict(manifest.not_carried),
        },
    )


def _folder_of(file: Path) -> Path:
    """Where all is exported from which a file is made."""
    return file.with_name(f".{file.name}.export")


def _left(path: Path, folder: Path) -> Path | None:
    """What there is to go on with: an export that was interrupted, or one of which no file was made yet."""
    from usermgr_bulk import unfinished_export  # noqa: PLC0415 - as above

    return folder if folder != path and folder.exists() else unfinished_export(folder)


@contextmanager
def _told(line: Line, path: Path, folder: Path) -> Generator[None]:
    """Tells of an end that leaves something the command line that goes on."""
    from usermgr_bulk import BulkStoppedError  # noqa: PLC0415 - as above

    way_on = f"go on with: {to_go_on(line.arguments, '--resume')}"
    try:
        yield
    except KeyboardInterrupt:
        left = _left(path, folder)
        if left is not None:
            line.way_on = f"{way_on}, or remove {left}, which holds personal data"
        raise KeyboardInterrupt from None
    except BulkStoppedError as error:
        error.remedy = way_on
        raise


def _to_file(
    users: UserManager,
    path: Path,
    form: str,
    options: dict[str, Any],
    *,
    resume: bool,
    tell: Callable[[Progress], None],
) -> Manifest:
    """Exports into a folder beside the file that only its owner can read, and makes the file of it.

    The folder goes when the file is there, or can never be made of it. With `resume`, one that was left is used.
    """
    from usermgr.errors import UsermgrError  # noqa: PLC0415 - as above
    from usermgr.records import find_format  # noqa: PLC0415 - as above
    from usermgr_bulk import BulkStoppedError, export_users, read_export, write_users  # noqa: PLC0415 - as above

    if path.exists():
        raise click.UsageError(f"{path} is there already: name a new file")
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder {path.parent}: make it, or name another file")
    with misuse_of_format():
        find_format(form, **options)  # before anybody is read
    folder = _folder_of(path)
    if not resume:
        shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        export_users(users, folder, resume=resume, progress=tell)
    try:
        export = read_export(folder)
        write_users(export, path, form, **options)
    except UsermgrError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    except OSError as error:
        raise BulkStoppedError(
            f"stopped: {path} cannot be written: {error}. What was read is in {folder}, with personal data"
        ) from error
    shutil.rmtree(folder, ignore_errors=True)
    return export.manifest
