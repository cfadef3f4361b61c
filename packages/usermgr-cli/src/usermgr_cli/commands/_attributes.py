"""Attributes of a user as options: `--attribute name=value`, and short forms for the common ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

__all__ = ["attribute_options", "given_attributes"]

F = TypeVar("F", bound=Callable[..., Any])

SHORT = {
    "email": "The e-mail address.",
    "name": "The full name.",
    "given_name": "The given name.",
    "family_name": "The family name.",
    "phone_number": "The phone number in E.164 form, such as +81312345678.",
}
"""Attributes with an option of their own."""

FLAGS = {"phone_number": "phone"}
"""Where the option is not the attribute's name."""

VERIFIED = ("email", "phone_number")


def attribute_options(command: F) -> F:
    """The options; the command gets them as keywords, for `given_attributes`."""
    for name in reversed(VERIFIED):
        flag = _flag(name)
        text = f"Whether the {name.replace('_', ' ')} counts as verified; a new one does not, unless you say so."
        command = click.option(f"--{flag}-verified/--{flag}-unverified", f"{name}_verified", default=None, help=text)(
            command
        )
    command = click.option(
        "-a", "--attribute", "pairs", metavar="NAME=VALUE", multiple=True, help="Any other attribute; may be repeated."
    )(command)
    for name, text in reversed(SHORT.items()):
        command = click.option(f"--{_flag(name)}", name, metavar="TEXT", help=text)(command)
    return command


def given_attributes(options: Mapping[str, Any]) -> dict[str, str]:
    """The attributes that were given. Raises `click.UsageError`, which never repeats a value."""
    found: dict[str, str] = {}
    for pair in options["pairs"]:
        name, sign, value = pair.partition("=")
        if not sign or not name:
            raise click.UsageError("--attribute takes NAME=VALUE, such as --attribute custom:team=red")
        _add(found, name, value)
    for name in SHORT:
        if options[name] is not None:
            _add(found, name, options[name])
    for name in VERIFIED:
        if options[f"{name}_verified"] is not None:
            _add(found, f"{name}_verified", "true" if options[f"{name}_verified"] else "false")
    return found


def _add(found: dict[str, str], name: str, value: str) -> None:
    if name in found:
        raise click.UsageError(f"the attribute {name} is given twice")
    found[name] = value


def _flag(name: str) -> str:
    return FLAGS.get(name, name).replace("_", "-")
