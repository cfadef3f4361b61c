"""`usermgr export`: all users and groups of the store, in a folder or in a file."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import click

from usermgr_cli._bulk._source import SUFFIXES, format_options, options_of_format
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
@click.pass_obj
def command(line: Line, target: str, **given: Any) -> Annotated[Done, EXPORTED]:
    """Write all users and groups to the new folder TARGET, or all users to the new file TARGET.

    A name that ends with .csv or .jsonl, and --format, ask for a file. The folder alone has the groups themselves, with
    sums that tell whether it is as it was written. No password is in either.
    """
    from usermgr.commands import Done  # noqa: PLC0415 - as all of usermgr, once the command runs
    from usermgr_bulk import export_users  # noqa: PLC0415 - as above

    path = Path(target)
    form = given["form"] or SUFFIXES.get(path.suffix.lower())
    options = options_of_format(given)
    if form is None and options:
        raise click.UsageError("a folder has no options: name the --format of a file")
    users = line.users
    with line.progress("Exporting") as tell:
        if form is None:
            manifest = export_users(users, path, progress=tell)
        else:
            manifest = _to_file(users, path, form, options, tell)
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


def _to_file(
    users: UserManager, path: Path, form: str, options: dict[str, Any], tell: Callable[[Progress], None]
) -> Manifest:
    """Exports into a folder beside the file that only its owner can read, and makes the file of it.

    The folder goes at the end; one that a killed export has left goes at the beginning.
    """
    from usermgr_bulk import export_users, read_export, write_users  # noqa: PLC0415 - as above

    if path.exists():
        raise click.UsageError(f"{path} is there already: name a new file")
    if not path.parent.is_dir():
        raise click.UsageError(f"there is no folder {path.parent}: make it, or name another file")
    folder = path.with_name(f".{path.name}.export")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        manifest = export_users(users, folder / "all", progress=tell)
        write_users(read_export(folder / "all"), folder / "file", form, **options)
        (folder / "file").rename(path)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return manifest
