"""One thing done to everybody of a selection that is frozen first, shown, and asked about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from usermgr.commands import Done
from usermgr_cli._bulk._files import Files, new_name, tell_of_earlier_runs, to_go_on
from usermgr_cli._bulk._run import finished, nothing_to_do, run

if TYPE_CHECKING:
    from usermgr_bulk import Selection
    from usermgr_cli._line import Line

__all__ = ["People", "What", "act"]

NAMED = 10
"""How many people a question names; the others it counts."""

SUFFIX = ".selection"


@dataclass(frozen=True, slots=True)
class People:
    """To whom it is done: one of a search, names, a selection, or everybody."""

    where: str | None
    names: str | None
    selection: Path | None
    given: Mapping[str, Any]

    @classmethod
    def of(cls, given: dict[str, Any]) -> People:
        """As the options say. Raises `click.UsageError`: nobody is chosen by saying nothing."""
        chosen = [name for name in ("where", "names", "selection", "everybody") if given[name]]
        if len(chosen) != 1:
            raise click.UsageError("name the people by one of --where, --names, --selection and --all")
        if given["resume"] and given["selection"] is None:
            raise click.UsageError("--resume goes on with people who were chosen: name them with --selection")
        where = "" if given["everybody"] else given["where"]
        selection = None if given["selection"] is None else Path(given["selection"])
        return cls(where, given["names"], selection, given)

    @property
    def resume(self) -> bool:
        """Whether an earlier run is gone on with."""
        return bool(self.given["resume"])

    def frozen(self, line: Line, name: str) -> Selection:
        """The selection: the one that was given, or a new one in this folder. Raises `KeyboardInterrupt`, and more."""
        from usermgr.search import parse  # noqa: PLC0415 - as all of usermgr, once the command runs
        from usermgr_bulk import Selection, freeze_names, freeze_selection  # noqa: PLC0415 - as above

        if self.selection is not None:
            return Selection.open(self.selection)
        path = new_name(name, SUFFIX)
        users = line.users
        conditions = parse(self.where or "", zone=UTC if line.options.get("utc") else None)
        with line.progress("Choosing"):
            if self.names is not None:
                freeze_names(users, _names(self.names), path)
            else:
                freeze_selection(users, conditions, path)
        return Selection.open(path)


@dataclass(frozen=True, slots=True)
class What:
    """What is done."""

    name: str
    """The command's own, for the names of files."""
    verb: str
    """As the question has it, such as `Disable`."""
    operation: str
    """The operation of a user."""
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Its other arguments."""


def act(line: Line, what: What, given: dict[str, Any]) -> Done:
    """Does it to all whom the options choose, after a question that names and counts."""
    from usermgr_bulk import Action, run_action  # noqa: PLC0415 - as above

    people = People.of(given)
    action = Action(what.operation, what.arguments)
    action.check(line.users.describe())
    if people.selection is None:
        tell_of_earlier_runs(
            line, what.name, SUFFIX, lambda path: path.with_suffix(".journal"), "bulk", what.name, "--selection"
        )
    selection = people.frozen(line, what.name)
    stem = Path(str(selection.path).removesuffix(SUFFIX))
    is_ours = people.selection is None
    try:
        if selection.count == 0:
            _forget(selection, is_ours)
            return nothing_to_do("nobody was found, and nothing was changed")
        if people.given["dry_run"]:
            return _preview(line, action, selection, stem, people)
        files = Files.beside(stem, dict(people.given), resume=people.resume)
        if not people.resume:
            line.confirm(f"{what.verb} {_whom(selection)}?")
    except BaseException:
        _forget(selection, is_ours)
        raise
    summary = run(
        line,
        files,
        lambda tell: run_action(
            line.users, action, selection.path, journal=files.journal, report=files.report, progress=tell
        ),
        again=_again(line, people, selection, "--resume"),
    )
    done = finished(line, files, summary)
    _forget(selection, is_ours)
    return done


def _preview(line: Line, action: Any, selection: Selection, stem: Path, people: People) -> Done:
    from usermgr_bulk import preview_action  # noqa: PLC0415 - as above

    report = Path(people.given["report"] or f"{stem}.preview.jsonl")
    with line.progress("Looking") as tell:
        summary = preview_action(line.users, action, selection.path, report=report, progress=tell)
    counts = {outcome.value: number for outcome, number in summary.counts.items()}
    again = _again(line, people, selection, without="--dry-run")
    found = ", ".join(f"{number:,} {outcome}" for outcome, number in counts.items() if number)
    return Done(
        f"would be: {found}; nothing was changed. Who: {report}. To do it: {again}",
        {"rows": summary.rows, **counts, "report": str(report), "selection": str(selection.path), "command": again},
    )


def _again(line: Line, people: People, selection: Selection, *more: str, without: str = "") -> str:
    """The command line for the people who are frozen now, whoever the search would find later."""
    arguments = [word for word in line.arguments if word != without]
    if people.selection is None:
        arguments = _without_choice(arguments)
        more = ("--selection", str(selection.path), *more)
    return to_go_on(arguments, *more)


def _without_choice(arguments: list[str]) -> list[str]:
    """The arguments without what chose the people."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in ("--where", "--names"):
            next(words, None)
        elif word != "--all" and not word.startswith(("--where=", "--names=")):
            kept.append(word)
    return kept


def _forget(selection: Selection, is_ours: bool) -> None:
    """Removes a selection that this command made, once nobody needs it."""
    if is_ours:
        with suppress(OSError):
            selection.path.unlink()


def _whom(selection: Selection) -> str:
    """How many, and the first of them."""
    names = [person.username for _, person in islice(selection.people(), NAMED)]
    rest = selection.count - len(names)
    others = f" and {rest:,} other{'s' * (rest != 1)}" if rest else ""
    count = "1 user" if selection.count == 1 else f"{selection.count:,} users"
    unknown = f", {selection.missing:,} of whom are not there" if selection.missing else ""
    return f"{count}: {', '.join(names)}{others}{unknown}"


def _names(file: str) -> Iterator[str]:
    """A name a line, in UTF-8; empty lines are none. Raises `click.UsageError`."""
    with open(0, "rb", closefd=False) if file == "-" else Path(file).open("rb") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                name = line.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
            except UnicodeDecodeError:
                raise click.UsageError(f"--names: line {number} is not text in UTF-8") from None
            if name:
                yield name
