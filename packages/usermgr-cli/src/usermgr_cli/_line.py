"""What a command works with: the options that all commands take, the store in force, and the person at the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._exits import Exit
from usermgr_cli._interrupts import Interrupts
from usermgr_cli._problems import as_json, write_error
from usermgr_cli._text import one_line

if TYPE_CHECKING:
    from usermgr import ActivityStore, UserManager
    from usermgr_cli._progress import Tell
    from usermgr_cli._settings import Settings

__all__ = ["Line"]


class Line:
    """One run of the command. It is `usermgr.commands.CommandLine` for commands of other packages."""

    def __init__(self, arguments: Sequence[str] = ()) -> None:
        self.arguments = list(arguments)
        """What was typed after `usermgr`, for a command line that goes on with a run."""
        self.options: dict[str, Any] = {}
        """The shared options that were given, by name."""
        self.exit: int = Exit.OK
        """The status of a command that ends with data."""
        self.settings: Settings | None = None
        """What is in force, and from where; see `settle`."""
        self.layout: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        """What a table shows of each record, where nobody has chosen fields: a command sets it, if need be."""
        self.is_settled = False
        """Whether the settings are in force already."""
        self.way_on: str | None = None
        """How to go on after Ctrl-C, as a sentence: long work sets it, once there is something to go on from."""
        self.done: str | None = None
        """What has been done, as a sentence, should the output fail."""
        self.interrupts = Interrupts(self)
        self._users: UserManager | None = None
        self._activity: ActivityStore | None = None

    # --- Settings ------------------------------------------------------------------------------------

    def settle(self, *, quiet: bool = False) -> None:
        """Puts the settings in force into the environment, where backends look for them.

        With `quiet`, no command that prints a secret is run, nobody is asked, and nothing is told: for completion.
        """
        if self.is_settled:
            return
        self.settings = self._in_force(run_commands=not quiet, may_ask=self.may_ask and not quiet)
        self.settings.put_in_force()
        self.is_settled = True
        if self.settings.hidden and "profile" in self.options and not quiet:
            names = ", ".join(self.settings.hidden)
            self.note(f"The environment has another {names} than the profile, and goes before it.")

    def look(self) -> Settings:
        """The settings as they would be in force. No command that prints a secret is run."""
        return self._in_force(run_commands=False, may_ask=False)

    def _in_force(self, *, run_commands: bool, may_ask: bool) -> Settings:
        from usermgr_cli._settings import in_force  # noqa: PLC0415 - help needs no settings

        return in_force(
            profile=self.options.get("profile"),
            env_file=self.options.get("env_file"),
            given=self.options.get("settings", ()),
            run_commands=run_commands,
            may_ask=may_ask,
        )

    @property
    def is_agent(self) -> bool:
        """Whether a program drives the command: JSON, no question, no colour, and errors as JSON."""
        return os.environ.get("USERMGR_AGENT_MODE", "").lower() not in ("", "0", "false")

    @property
    def debug(self) -> bool:
        """Whether to tell requests and tracebacks."""
        return bool(self.options.get("debug"))

    # --- Stores --------------------------------------------------------------------------------------

    @property
    def users(self) -> UserManager:
        """The store in force, guarded and audited as the settings say. Opened at the first use."""
        if self._users is None:
            from usermgr.frontends import open_users  # noqa: PLC0415 - help opens no store
            from usermgr.watching import Watched  # noqa: PLC0415 - as above
            from usermgr_cli._actor import Person  # noqa: PLC0415 - as above
            from usermgr_cli._watch import watch_for  # noqa: PLC0415 - as above

            person = Person(self._caller, self.note)
            self._users = Watched(open_users(person.actor), watch_for(self))
        return self._users

    def _caller(self) -> str | None:
        return None if self._users is None else self._users.caller()

    @property
    def activity(self) -> ActivityStore:
        """The activity store in force. Raises `ConfigurationError` where the settings name none."""
        if self._activity is None:
            from usermgr.errors import ConfigurationError  # noqa: PLC0415 - as above
            from usermgr.frontends import open_activity  # noqa: PLC0415 - as above

            self._activity = open_activity()
            if self._activity is None:
                problem = "USERMGR_ACTIVITY is not set: set it to dynamodb or local, in the environment or the profile"
                raise ConfigurationError(problem, problems=[problem])
        return self._activity

    def close(self) -> None:
        """Closes what was opened."""
        if self._users is not None:
            self._users.close()
        if self._activity is not None:
            self._activity.close()

    # --- The person ----------------------------------------------------------------------------------

    @property
    def may_ask(self) -> bool:
        """Whether somebody can answer: standard input and error are a terminal, and nobody has said not to ask."""
        return not (self.options.get("no_input") or self.is_agent) and sys.stdin.isatty() and sys.stderr.isatty()

    def confirm(self, question: str) -> None:
        """Goes on after a yes, or with `--yes`; else ends the command before anything has changed."""
        if self.options.get("yes"):
            return
        if not self.may_ask:
            raise click.UsageError(f"{one_line(question)} Nobody can answer here: add --yes to go on")
        if not click.confirm(one_line(question), err=True):
            raise click.exceptions.Exit(Exit.FAILURE)

    def note(self, text: str) -> None:
        """A sentence to standard error, unless with `--quiet`; to a program as JSON."""
        if self.options.get("quiet"):
            return
        write_error(as_json({"note": text}) if self.is_agent else one_line(text))

    @contextmanager
    def progress(self, title: str) -> Generator[Tell]:
        """What tells how far long work is: `with line.progress("Importing") as tell: import_users(progress=tell)`.

        A bar on a terminal, a line a minute elsewhere; nothing with `--quiet`, and nothing to a program.
        """
        from usermgr_cli._progress import in_lines, is_terminal, on_terminal  # noqa: PLC0415 - only long work needs it

        if self.options.get("quiet") or self.is_agent:
            yield lambda progress: None  # noqa: ARG005 - nobody listens
        elif is_terminal():
            with on_terminal(title, no_color=self.options.get("color") == "never") as tell:
                yield tell
        else:
            with in_lines(title, self.note) as tell:
                yield tell
