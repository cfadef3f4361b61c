"""`--query` and `--fields`: what of the data is printed."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from typing import Any

import click

from usermgr_cli._output._plain_data import Record, members_in, record, value_of

__all__ = ["chosen", "compiled", "field_names", "queried", "unknown_field"]


def compiled(query: str) -> Any:
    """The expression. Raises `click.UsageError` where it does not parse."""
    import jmespath  # noqa: PLC0415 - only a query needs it
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - as above

    try:
        return jmespath.compile(query)
    except JMESPathError as error:
        raise click.UsageError(f"--query is no JMESPath expression: {_first_line(error)}") from None


def queried(query: str, data: Any) -> Any:
    """What the expression finds in the data. Raises `click.UsageError` where it does not fit them."""
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - as above

    try:
        return compiled(query).search(data)
    except JMESPathError as error:
        raise click.UsageError(f"--query does not fit the data: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).split("\n", 1)[0].removeprefix("Invalid jmespath expression: ").rstrip(": ")


def field_names(fields: str) -> list[str]:
    """The names in `--fields`. Raises `click.UsageError` where there is none."""
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if not names:
        raise click.UsageError("--fields takes names with commas between them, such as --fields username,email")
    return names


def chosen(found: Iterable[Any], names: list[str], *, lenient: bool) -> Iterator[Record]:
    """Each record with these fields alone: its members, members of members after a dot, and attributes by their names.

    Raises `click.UsageError` for a field that the first record does not have, unless `lenient`.
    """
    first = True
    for each in found:
        members = record(each)
        if first and not lenient:
            for name in names:
                problem = unknown_field(name, members)
                if problem is not None:
                    raise click.UsageError(problem)
        first = False
        yield {name: _member(members, name) for name in names}


def unknown_field(name: str, members: Record) -> str | None:
    """What is wrong with a field of records with these members; nothing where they have it.

    `members` may be the names alone, with an empty mapping as `attributes`.
    """
    head, dot, _ = name.partition(".")
    if name in members or (dot and isinstance(members.get(head), (dict, type(None))) and head in members):
        return None
    known = list(members)
    attributes = members_in(members.get("attributes"))
    if attributes is not None:
        from usermgr.validation import STANDARD_ATTRIBUTES  # noqa: PLC0415 - only where a field is chosen

        if name in attributes or name in STANDARD_ATTRIBUTES or ":" in name:
            return None
        known += sorted(STANDARD_ATTRIBUTES)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(members)}"
    if attributes is not None and not near:
        hint += f", and attributes by their names; of another attribute, attributes.{name}"
    return f"--fields: there is no field {name}: {hint}"


def _member(members: Record, name: str) -> Any:
    if name in members or "." not in name:
        return value_of(members, name)
    attributes = members_in(members.get("attributes")) or {}
    if name in attributes:
        return attributes[name]
    value: Any = members
    for part in _parts(name):
        value = (members_in(value) or {}).get(part)
    return value


def _parts(name: str) -> list[str]:
    """`attributes.custom:a.b` is the attribute `custom:a.b`: its own name may have dots."""
    head, _, rest = name.partition(".")
    return [head, rest] if head == "attributes" else name.split(".")
