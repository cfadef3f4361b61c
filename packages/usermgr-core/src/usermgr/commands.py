"""The door of the command line: commands that only one service can do come from that service's own package.

A package registers a click command, or a group of them, under the entry-point group `usermgr.commands`, by the name
that people type::

    [project.entry-points."usermgr.commands"]
    trigger = "my_package.cli:trigger"

The module imports click, and no SDK before the command runs. The command returns data, which the command line prints in
the form that was asked for: a `Done`, a `Report`, a dataclass or a mapping for one thing, an iterable of those for
many. Its return annotation tells `usermgr schema` their fields. What it needs of the command line is in click's
context::

    @click.command()
    @click.pass_obj
    def detach(line: CommandLine) -> Done:
        line.confirm("Detach the trigger of eu-west-1_Example?")
        ...
        return Done("The trigger is detached", {"user_pool_id": "eu-west-1_Example"})

What goes wrong is an error of `usermgr.errors`. A package that imports nothing of usermgr raises click's own
`ClickException`: its `exit_code` is the status, and where it has them, `code` and `remedy` are told as those of an
error are.

Settings are the environment's: the command line has put the profile in force there before the command runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from usermgr._manager import UserManager
    from usermgr.activity import ActivityStore

__all__ = ["GROUP", "CommandLine", "Done", "Report"]

GROUP = "usermgr.commands"

T = TypeVar("T")


class CommandLine(Protocol):
    """What a command finds in click's context as `obj`."""

    exit: int
    """The status of a command that ends with data; 0 unless the command sets another one."""

    @property
    def users(self) -> UserManager:
        """The store in force; guarded and audited as the settings say. Opened at the first use."""
        ...

    @property
    def activity(self) -> ActivityStore:
        """The activity store in force. Raises `ConfigurationError` where the settings name none."""
        ...

    def confirm(self, question: str) -> None:
        """Goes on after a yes, or with `--yes`. Otherwise ends the command; without a terminal to ask on, as misuse."""
        ...

    def note(self, text: str) -> None:
        """Tells the person something beside the data."""
        ...


@dataclass(frozen=True, slots=True)
class Done:
    """That a change was made: a sentence for people, and the same as data for programs."""

    sentence: str
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Report(Generic[T]):
    """Data that people read better as a text of its own than as a table; programs get the data."""

    text: str
    data: T
    styles: Mapping[str, str] = field(default_factory=dict[str, str])
    """The colours of lines on a terminal, by the first character that is no blank, such as `{"+": "green"}`."""
