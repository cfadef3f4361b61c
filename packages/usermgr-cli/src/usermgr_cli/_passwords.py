"""How a password comes in: never as a word of the command, which everybody on the machine can see.

A command that takes one is declared so::

    @click.argument("username")
    @takes_password
    @click.pass_obj
    def set_password(line: Line, username: str, password: PasswordSource) -> Done:
        user = line.users.get_user(username)  # who asks for a password has looked first
        text = password.read(line)
        line.users.set_password(user.username, text, permanent=True)
        return Done(f"{user.username} has a new password", {"username": user.username, **password.shown})
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from usermgr import PasswordPolicy
    from usermgr_cli._line import Line

__all__ = ["PasswordSource", "generate", "takes_password"]

F = TypeVar("F", bound=Callable[..., Any])

MAX_BYTES = 4096
LENGTH = 20
UPPER, LOWER = "ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnpqrstuvwxyz"
DIGITS, SYMBOLS = "23456789", "-_.+=@%:"
"""Without those that look alike, and with symbols that no shell and no mail program changes."""


class _Descriptor(click.ParamType[int]):
    """A number whose error repeats nothing: what was typed may be the password."""

    name = "N"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """The number."""
        if isinstance(value, int):
            return value
        if not (isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 6):
            self.fail("--password-fd takes the number of an open file, as in --password-fd 3 3<file", param, ctx)
        number = int(value)
        if number in (1, 2):
            self.fail("--password-fd: 1 and 2 are for output", param, ctx)
        return number


@dataclass(slots=True)
class PasswordSource:
    """Where the password comes from, as the options say; without any, somebody is asked."""

    descriptor: int | None = None
    from_stdin: bool = False
    generates: bool = False
    _generated: str | None = field(default=None, repr=False)

    @property
    def was_chosen(self) -> bool:
        """Whether an option says where the password comes from."""
        return self.descriptor is not None or self.from_stdin or self.generates

    def check(self) -> None:
        """Raises `click.UsageError` where the options contradict each other."""
        if (self.descriptor is not None) + self.from_stdin + self.generates > 1:
            raise click.UsageError("only one of --password-fd, --password-stdin and --generate-password can be given")

    def read(self, line: Line, *, prompt: str = "Password") -> str:
        """The password. Raises `click.UsageError` where there is none to be had."""
        if self.generates:
            self._generated = generate(line.users.describe().password_policy)
            return self._generated
        if self.descriptor is not None:
            return _read_from(self.descriptor, "--password-fd")
        if self.from_stdin:
            return _read_from(0, "--password-stdin")
        if not line.may_ask:
            raise click.UsageError(
                "nobody can be asked for the password here: give --password-stdin or --password-fd, or have one "
                "made with --generate-password"
            )
        return click.prompt(prompt, hide_input=True, confirmation_prompt="Again", err=True)

    @property
    def shown(self) -> dict[str, str]:
        """The member `password` for a `Done`, where the password was generated: it is shown this once."""
        return {} if self._generated is None else {"password": self._generated}


def takes_password(command: F) -> F:
    """Adds the options, and calls the command with a `PasswordSource` as `password`."""
    options = (
        click.option("--password-fd", "password", type=_Descriptor(), metavar="N", help="Read it from this open file."),
        click.option("--password-stdin", is_flag=True, help="Read it from standard input; one line end is taken off."),
        click.option("--generate-password", is_flag=True, help="Make one by the store's policy, and show it once."),
    )

    @functools.wraps(command)
    def run(*args: Any, password: int | None, password_stdin: bool, generate_password: bool, **kwargs: Any) -> Any:
        source = PasswordSource(password, password_stdin, generate_password)
        source.check()
        return command(*args, password=source, **kwargs)

    wrapped: Any = run
    for option in reversed(options):
        wrapped = option(wrapped)
    return wrapped


def generate(policy: PasswordPolicy | None) -> str:
    """A password that the policy takes: of 20 characters, or of as many as it asks for, and of every kind."""
    length = LENGTH if policy is None else max(LENGTH, policy.min_length)
    if policy is not None and policy.max_length is not None:
        length = min(length, policy.max_length)
    kinds = [UPPER, LOWER, DIGITS, SYMBOLS]
    if policy is not None:  # what is asked for comes first, for a very short password
        asked = (policy.needs_uppercase, policy.needs_lowercase, policy.needs_number, policy.needs_symbol)
        kinds = [kind for _, kind in sorted(zip(asked, kinds, strict=True), key=lambda pair: not pair[0])]
    chosen = [secrets.choice(kind) for kind in kinds[:length]]
    letters = UPPER + LOWER + DIGITS + SYMBOLS
    chosen += [secrets.choice(letters) for _ in range(length - len(chosen))]
    secrets.SystemRandom().shuffle(chosen)
    return "".join(chosen)


def _read_from(descriptor: int, option: str) -> str:
    if os.isatty(descriptor):
        raise click.UsageError(f"{option} would show the password on the terminal: leave it out to be asked")
    try:
        content = _all(descriptor)
    except OSError as error:
        raise click.UsageError(f"{option}: nothing can be read there: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise click.UsageError(f"{option}: there are more than {MAX_BYTES} bytes, and so it is no password")
    try:
        text = content.decode()
    except UnicodeDecodeError:
        raise click.UsageError(f"{option}: the password is not UTF-8") from None
    text = text.removesuffix("\r\n") if text.endswith("\r\n") else text.removesuffix("\n")
    if not text:
        raise click.UsageError(f"{option}: there is no password")
    return text


def _all(descriptor: int) -> bytes:
    content = b""
    while len(content) <= MAX_BYTES and (part := os.read(descriptor, MAX_BYTES + 1)):
        content += part
    return content
