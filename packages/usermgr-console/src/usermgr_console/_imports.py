"""An import as a piece of work: look what the file holds, check it, and bring it in, each after somebody's word.

The file lies beside the piece until the import is done, for it may hold first passwords; none of them is shown or
written down anywhere. Of an archive of an export, its three files lie there instead; of one that is refused, nothing.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from usermgr import Group
from usermgr.errors import InvalidInputError, UsermgrError
from usermgr.records import GROUP
from usermgr.validation import STANDARD_ATTRIBUTES
from usermgr_bulk import Export, FileInput, ImportOptions, Problem, Progress, check_import, import_users, read_export
from usermgr_console._archives import GROUPS, MANIFEST, REFUSALS, USERS, ArchiveRefused, is_archive, unpack
from usermgr_console._work import DONE, JOURNAL, REPORT, Piece, Running

__all__ = [
    "CHOICES", "FOUND", "IMPORT", "MOST_COLUMNS", "PROBLEMS", "REFUSED", "UPLOAD", "bring", "format_names",
    "has_upload", "options_of",
]  # fmt: skip

IMPORT = "import"
UPLOAD, FOUND, CHOICES, PROBLEMS = "upload", "found.json", "choices.json", "problems.jsonl"
UNPACKED = "export"
"""The folder with the three files of an archive, as `usermgr_bulk.read_export` reads them."""
REFUSED = "refused.json"
"""Why an archive was refused: its `reason` and the `values` of its message."""

SHOWN = 200
"""Problems on the page; the file has all."""

NAME_OF_SOURCE = 120
"""Characters of what an archive says of its source that are shown."""

MOST_COLUMNS = 500
"""Attributes of a file: each gets a field on the page, and is counted in memory."""

EVERY = 2000
"""Rows between two notes of how far it is."""


def format_names() -> list[str]:
    """The formats of the installed packages; ours first."""
    from importlib.metadata import entry_points  # noqa: PLC0415 - takes 30 ms, and only this page needs it

    names = set(entry_points(group=GROUP).names)
    return [name for name in ("csv", "jsonl") if name in names] + sorted(names - {"csv", "jsonl"})


def bring(running: Running) -> Mapping[str, Any]:
    """Looks, and waits for the choices; checks, and waits for a yes; then imports."""
    piece = running.piece
    done = piece.kept(DONE)
    if done is not None:  # the process ended before that was written down as the result
        _discard(piece)
        return done
    found = piece.kept(FOUND) or _look(running)
    choices = piece.kept(CHOICES)
    if choices is None:
        return {"waits": True, "step": "mapping"}
    source, groups = _source(piece, found)
    options = options_of(choices)
    if not piece.agreed:
        return _check(running, source, options, groups, found["rows"])
    summary = import_users(
        running.services.users,  # which is guarded
        source,
        journal=piece.path(JOURNAL),
        options=options,
        groups=groups,
        report=piece.path(REPORT),
        total=found["rows"],
        progress=running.tell,
        stop=running.stop,
    )
    running.services.groups_changed()
    done = {"counts": {outcome.value: count for outcome, count in summary.counts.items()}}
    piece.keep(DONE, done)
    _discard(piece)  # nobody needs it any more, and it may hold passwords
    return done


def options_of(choices: Mapping[str, Any]) -> ImportOptions:
    """The options that somebody chose. Raises `InvalidInputError`."""
    return ImportOptions(**choices)


def has_upload(piece: Piece) -> bool:
    """Whether what was uploaded is still there."""
    return piece.path(UPLOAD).exists() or piece.path(UNPACKED).exists()


def _discard(piece: Piece) -> None:
    """Deletes what was uploaded."""
    piece.path(UPLOAD).unlink(missing_ok=True)
    shutil.rmtree(piece.path(UNPACKED), ignore_errors=True)


def _source(piece: Piece, found: Mapping[str, Any]) -> tuple[FileInput, Iterable[Group]]:
    """The rows, and the groups of an export, whose files are as they were."""
    if found.get("export") is None:
        return FileInput(piece.path(UPLOAD), found["format"], found["options"]), ()
    folder = piece.path(UNPACKED)
    try:
        groups = read_export(folder).groups()
    except InvalidInputError:  # whose message tells the path
        raise InvalidInputError("the files are not as they were: upload the archive again", field="file") from None
    return FileInput(folder / USERS, found["format"], found["options"]), groups


def _look(running: Running) -> dict[str, Any]:
    """Looks what was uploaded, and keeps that. Raises `InvalidInputError`; a refused archive is deleted."""
    piece = running.piece
    if not piece.facts["format"] and (piece.kept(REFUSED) or is_archive(piece.path(UPLOAD))):
        try:
            found = _look_into_archive(running)
        except ArchiveRefused as refused:
            piece.keep(REFUSED, {"reason": refused.reason, "values": refused.values})
            _discard(piece)
            raise InvalidInputError(REFUSALS[refused.reason] % refused.values, field="file") from None
    else:
        found = _found(running, _open(piece))
    piece.keep(FOUND, found)
    if found.get("export") is not None:
        piece.path(UPLOAD).unlink()  # all of it is in the folder
    return found


def _look_into_archive(running: Running) -> dict[str, Any]:
    """Unpacks the export, and compares it with its manifest. Raises `ArchiveRefused`."""
    piece = running.piece
    refused = piece.kept(REFUSED)
    if refused is not None:  # somebody goes on with what was deleted
        raise ArchiveRefused(refused["reason"], **refused["values"])
    folder = piece.path(UNPACKED)
    shutil.rmtree(folder, ignore_errors=True)  # of a run that was killed
    unpack(piece.path(UPLOAD), folder, stopped=running.stop.is_set)
    export, groups = _verified(folder)
    found = _found(running, FileInput.open(folder / USERS, "jsonl"))
    manifest = export.manifest
    if found["rows"] != manifest.users:
        raise ArchiveRefused("changed", name=USERS)
    ended = manifest.ended.isoformat() if 2000 <= manifest.ended.year < 9000 else None  # a time that can be shown
    source = f"{manifest.service} {manifest.store or ''}".strip()[:NAME_OF_SOURCE]
    return {**found, "export": {"source": source, "ended": ended, "groups": groups}}


def _verified(folder: Path) -> tuple[Export, int]:
    """The export as its manifest says, and how many groups it has. Raises `ArchiveRefused`."""
    try:
        export = read_export(folder)
    except InvalidInputError as error:
        if error.field == "manifest":
            raise ArchiveRefused("manifest") from None
        raise ArchiveRefused("changed", name=error.field if error.field in (USERS, GROUPS) else MANIFEST) from None
    try:
        groups = sum(1 for _ in export.groups())
    except InvalidInputError:
        groups = None
    if groups is None or groups != export.manifest.groups:
        raise ArchiveRefused("changed", name=GROUPS)
    return export, groups


def _found(running: Running, source: FileInput) -> dict[str, Any]:
    """Reads the whole file once: its format, how many rows it has, and what they say. Raises `InvalidInputError`."""
    attributes: Counter[str] = Counter()
    rows = passwords = groups = 0
    for row in source.rows():
        if row.incomplete:
            break
        rows += 1
        if row.record is not None:
            attributes.update(row.record.attributes.keys())
            passwords += row.record.password is not None
            groups += row.record.groups is not None
        if len(attributes) > MOST_COLUMNS:
            message = f"the rows have more than {MOST_COLUMNS} attributes: leave out what is none"
            raise InvalidInputError(message, field="attributes")
        if rows % EVERY == 0:
            _stop_or_tell(running, rows)
    return {
        "format": source.format, "options": dict(source.options), "rows": rows, "passwords": passwords,
        "groups": groups, "attributes": dict(sorted(attributes.items())),
    }  # fmt: skip


def _stop_or_tell(running: Running, rows: int) -> None:
    if running.stop.is_set():
        raise KeyboardInterrupt
    running.note(rows, None)


def _open(piece: Piece) -> FileInput:
    """The file in the named format, or in the first one that reads its first row.

    Where none does, it is JSON lines if it begins like that, and else CSV, so that what is wrong there is told.
    """
    path, facts = piece.path(UPLOAD), piece.facts
    given = {name: facts[name] for name in ("encoding", "removal") if facts[name]}
    if facts["format"]:
        return _settled(path, facts["format"], given)
    with path.open("rb") as stream:
        likely = "jsonl" if stream.read(64).lstrip().startswith(b"{") else "csv"
    fallback: FileInput | UsermgrError | None = None
    for name in format_names():
        try:
            source = _settled(path, name, given if name == "csv" else {})
            row = next(iter(source.rows()), None)
        except UsermgrError as error:
            fallback = error if name == likely else fallback
            continue
        if row is not None and row.error is None:
            return source
        fallback = source if name == likely else fallback
    if isinstance(fallback, FileInput):
        return fallback
    raise fallback or InvalidInputError("no installed format can read the file", field="format")


def _settled(path: Path, name: str, given: dict[str, str]) -> FileInput:
    """The file in that format. A column that is not known is an attribute, and somebody says later which one."""
    if name != "csv":
        return FileInput.open(path, name, **given)
    attributes = sorted(STANDARD_ATTRIBUTES)
    for _ in range(MOST_COLUMNS):
        try:
            return FileInput.open(path, name, attributes=attributes, **given)
        except InvalidInputError as error:
            title = error.field
            if title is None or title in ("username", "header", "encoding", "delimiter", "removal", *attributes):
                raise
            if title.startswith(("usermgr:", "attribute:")):
                raise
            attributes.append(title)
    raise InvalidInputError("the header row has too many columns", field="header")


def _check(
    running: Running, source: FileInput, options: ImportOptions, groups: Iterable[Group], rows: int
) -> Mapping[str, Any]:
    """What would fail, and what the import would take away and send."""
    path, shown = running.piece.path(PROBLEMS), list[dict[str, Any]]()
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    with path.open("w", encoding="utf-8") as stream:

        def note(problem: Problem) -> None:
            members = asdict(problem)
            stream.write(json.dumps(members) + "\n")
            if len(shown) < SHOWN:
                shown.append(members)

        def tell(progress: Progress) -> None:
            if running.stop.is_set():
                raise KeyboardInterrupt
            running.tell(progress)

        report = check_import(
            running.services.users, source, options=options, groups=groups, on_problem=note, total=rows, progress=tell
        )
    possible = report.complete and all(problem["line"] is not None for problem in shown)
    return {
        "waits": True, "step": "check", "count": report.rows if possible else "", "rows": report.rows,
        "failing": report.failing_rows, "problem_count": report.problem_count, "problems": shown, "possible": possible,
        "removals": report.removals, "memberships": report.removals_from_groups, "disablings": report.disablings,
        "invitations": report.invitations,
    }  # fmt: skip
