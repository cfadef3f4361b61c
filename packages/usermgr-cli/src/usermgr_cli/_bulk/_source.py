"""What an import reads: an export's folder, or a file in an installed format."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from usermgr import Group
    from usermgr_bulk import ImportOptions, Input

__all__ = ["Source", "format_options", "import_options", "misuse_of_format", "source_options"]

SUFFIXES = {".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
"""The formats that the name of a file tells."""

EXISTING = ("fail", "skip", "update")
MEDIA = ("email", "sms")


def format_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say how a file is read or written."""
    for option in (
        click.option(
            "--option", "extra", multiple=True, metavar="NAME=VALUE",
            help="Another option of the format; a list is written as JSON.",
        ),
        click.option("--delimiter", metavar="TEXT", help="What stands between cells: a comma, a semicolon, or tab."),
        click.option("--encoding", metavar="NAME", help="The encoding, where it is not UTF-8."),
        click.option("--format", "form", metavar="NAME", help="The format; else the file's name tells (.csv, .jsonl)."),
    ):  # fmt: skip
        function = option(function)
    return function


def source_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """The argument SOURCE, and the options that say how it is read and what becomes of it."""
    for option in (
        click.option(
            "--groups/--no-groups", default=None,
            help="Make the groups that are missing: without being told, only those of an export.",
        ),
        click.option("--invite", type=click.Choice(MEDIA), help="Send each new user an invitation."),
        click.option("--drop", multiple=True, metavar="NAME", help="Leave an attribute out."),
        click.option("--rename", multiple=True, metavar="OLD=NEW", help="Give an attribute another name."),
        click.option(
            "--existing", type=click.Choice(EXISTING), default="fail", show_default=True,
            help="What becomes of a row whose user exists.",
        ),
        click.option("--removal", metavar="TEXT", help="The text of a cell that removes a value."),
    ):  # fmt: skip
        function = option(function)
    argument = click.argument("source", type=click.Path(exists=True))
    return argument(format_options(function))


def import_options(given: dict[str, Any]) -> ImportOptions:
    """What the options say about the rows. Raises `click.UsageError`, `InvalidInputError`."""
    from usermgr import Medium  # noqa: PLC0415 - help needs none of it
    from usermgr_bulk import Existing, ImportOptions  # noqa: PLC0415 - as above

    rename: dict[str, str] = {}
    for text in given["rename"]:
        old, sign, new = text.partition("=")
        if not (old and sign and new) or old in rename:
            raise click.UsageError("--rename takes OLD=NEW, such as --rename nickname=name, once for each name")
        rename[old] = new
    invite = None if given["invite"] is None else Medium(given["invite"])
    return ImportOptions(existing=Existing(given["existing"]), rename=rename, drop=list(given["drop"]), invite=invite)


@dataclass(frozen=True, slots=True)
class Source:
    """What is read, and the groups that come with it."""

    path: Path
    rows: Input
    groups: list[Group]
    is_export: bool

    @classmethod
    def open(cls, given: dict[str, Any], *, journal: Path | None = None) -> Source:
        """The input; with the journal of an earlier run, as that one read it.

        Raises `click.UsageError`, `InvalidInputError` and `ConfigurationError`, which say what to name.
        """
        from usermgr_bulk import FileInput, read_export  # noqa: PLC0415 - as above

        path = Path(given["source"])
        options = options_of_format(given)
        if path.is_dir():
            if given["form"] is not None or options:
                raise click.UsageError("a folder is an export, which has no format: name a file, or leave --format out")
            export = read_export(path)
            return cls(path, export, [] if given["groups"] is False else list(export.groups()), is_export=True)
        if journal is not None:
            rows = FileInput.resume(path, journal)
        else:
            with misuse_of_format():
                rows = FileInput.open(path, format_of(path, given["form"]), **options)
        return cls(path, rows, _groups_of(rows) if given["groups"] else [], is_export=False)

    @staticmethod
    def stem(given: dict[str, Any]) -> Path:
        """What the names of the files beside it begin with."""
        return Path(os.path.normpath(given["source"]))

    def count(self) -> int:
        """How many rows there are, by reading them: far quicker than what follows, and it tells the time left."""
        return sum(1 for _ in self.rows.rows())


def _groups_of(rows: Input) -> list[Group]:
    """The groups that rows name."""
    from usermgr import Group  # noqa: PLC0415 - as above

    names = {name: None for row in rows.rows() if row.record is not None for name in row.record.groups or ()}
    return [Group(name) for name in names]


def format_of(path: Path, given: str | None) -> str:
    """The format that was given, or that the name tells. Raises `click.UsageError`."""
    form = given or SUFFIXES.get(path.suffix.lower())
    if form is None:
        raise click.UsageError("the file's name does not tell its format: name it, such as --format csv")
    return form


@contextmanager
def misuse_of_format() -> Generator[None]:
    """Makes a `click.UsageError` of a format that no package has, or lacks the option: no setting is at fault."""
    from usermgr.errors import ConfigurationError  # noqa: PLC0415 - as above

    try:
        yield
    except ConfigurationError as error:
        raise click.UsageError(error.message) from None


def options_of_format(given: dict[str, Any]) -> dict[str, Any]:
    """The options that were given. A value of `--option` is JSON where it reads as that, and else text."""
    options: dict[str, Any] = {}
    for name in ("encoding", "delimiter", "removal"):
        if given.get(name) is not None:
            options[name] = given[name]
    if options.get("delimiter") in ("tab", "\\t"):
        options["delimiter"] = "\t"
    for text in given["extra"]:
        name, sign, value = text.partition("=")
        if not sign or not name.isidentifier():
            raise click.UsageError("""--option takes NAME=VALUE, such as --option 'attributes=["team"]'""")
        options[name] = _value(value)
    return options


def _value(text: str) -> Any:
    try:
        value: Any = json.loads(text)
    except ValueError:
        return text
    is_text = not isinstance(value, (list, bool))
    return text if is_text else value  # pyright: ignore[reportUnknownVariableType] - whatever the format takes


def rows_of(count: int) -> str:
    """As people write it."""
    return "1 row" if count == 1 else f"{count:,} rows"
