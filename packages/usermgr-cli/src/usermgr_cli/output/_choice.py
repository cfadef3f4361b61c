"""`--fields`: which members of each record are printed, in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import click

__all__ = ["chosen"]


def chosen(found: Iterable[dict[str, Any]], fields: str | None) -> Iterator[dict[str, Any]]:
    """The records with these fields alone. An attribute is a field by its name."""
    if fields is None:
        yield from found
        return
    names = [name.strip() for name in fields.split(",") if name.strip()]
    if not names:
        raise click.UsageError("--fields takes names with commas between them, such as --fields username,email")
    for each in found:
        attributes: dict[str, Any] = each.get("attributes") or {}
        unknown = [name for name in names if name not in each and "attributes" not in each]
        if unknown:
            raise click.UsageError(f"--fields: there is no field {unknown[0]}; there are {', '.join(each)}")
        yield {name: each[name] if name in each else attributes.get(name) for name in names}
