"""The root command: it lists commands from tables and metadata, and loads the one that runs."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import click

from usermgr_cli._exits import Exit
from usermgr_cli._shared import share, shared_options
from usermgr_cli._text import one_line
from usermgr_cli._usage import resolve

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint, EntryPoints

    from click.shell_completion import CompletionItem

__all__ = ["Root", "root"]

GROUP = "usermgr.commands"
"""As in `usermgr.commands`, which the list of commands does not wait for."""


class Own(NamedTuple):
    """A command of this package: the module in `commands` that has it under its own name, and a line of help."""

    module: str
    help: str
    settles: bool = True
    """Whether the settings are put in force before it runs."""


OWN: dict[str, Own] = {
    "user": Own("user", "Add, find, change and remove users"),
    "group": Own("group", "Manage groups and who is in them"),
    "activity": Own("activity", "See who was active when"),
    "import": Own("bulk_import", "Bring many users into the store"),
    "export": Own("bulk_export", "Write all users to a folder"),
    "check": Own("bulk_check", "Say what an import would do, without doing it"),
    "bulk": Own("bulk_act", "Do one thing to everybody whom a search finds"),
    "sync": Own("sync", "Bring the store to the state of a file"),
    "audit": Own("audit", "Read and verify the record of changes"),
    "doctor": Own("doctor", "Check the deployment, read-only"),
    "backends": Own("backends", "List the services that can hold users here"),
    "profile": Own("profile", "Choose where commands work, and see what is in force", settles=False),
    "schema": Own("schema", "Show the fields that a command prints", settles=False),
    "completion": Own("completion", "Print the shell's completion script", settles=False),
}


class Door(NamedTuple):
    """A command that a package of usermgr's own registers: the package, its extra, and a line of help."""

    package: str
    extra: str
    help: str


DOORS: dict[str, Door] = {
    "jwks": Door("usermgr-jwt", "jwt", "Download the keys that verify tokens, and see how old they are"),
    "token": Door("usermgr-jwt", "jwt", "Verify and decode tokens, offline"),
    "trigger": Door("usermgr-cognito", "cognito", "Attach and detach the trigger that records activity"),
    "quotas": Door("usermgr-cognito", "cognito", "Show Amazon Cognito's request rates"),
    "sandbox": Door("usermgr-sandbox", "sandbox", "Run AWS on a loopback port, for development"),
    "console": Door("usermgr-console", "console", "Serve the web console"),
}


class NotInstalledError(click.ClickException):
    """The command's package is not installed here."""

    exit_code = Exit.USAGE
    code = "not_installed"

    def __init__(self, name: str) -> None:
        from usermgr.frontends import how_to_get  # noqa: PLC0415 - only a failure needs it

        missing = how_to_get(DOORS[name].package, DOORS[name].extra)
        super().__init__(
            f"the command {name} is not installed: it is in {missing.wanted}, which must come from {missing.where}, "
            "because the name may belong to somebody else on a public index"
        )
        self.remedy = missing.remedy


class NotLoadedError(click.ClickException):
    """The command's package is installed, and its command cannot be used."""

    code = "not_loaded"

    def __init__(self, name: str, source: str, problem: str) -> None:
        super().__init__(f"the command {name} of {source} cannot be loaded: {problem}")
        self.remedy = f"reinstall {source}, or uninstall it; no other command needs it"


class Root(click.Group):
    """The commands of this package, and those that other packages register."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All that can run here, by name; nothing is loaded."""
        del ctx
        return sorted(_helps())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Loads the command. Raises `click.UsageError` where its package is not installed."""
        del ctx
        own = OWN.get(cmd_name)
        if own is not None:
            module = import_module(f"usermgr_cli.commands.{own.module}")
            return share(module.command, settles=own.settles)
        found = [point for point in _entry_points() if point.name == cmd_name]
        if not found:
            if cmd_name in DOORS:
                raise NotInstalledError(cmd_name)
            return None
        if len(found) > 1:
            names = ", ".join(sorted(_source(point) for point in found))
            raise click.UsageError(f"several packages register the command {cmd_name}: {names}; uninstall all but one")
        return share(_loaded(found[0]))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does; an unknown name gets its likeness, of a command too that is not installed."""
        return resolve(self, ctx, args, DOORS)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """The options and the commands, from the tables; click would load each command for its help."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415 - only a shell asks

        commands = [
            CompletionItem(name, help=text) for name, text in sorted(_helps().items()) if name.startswith(incomplete)
        ]
        return commands + click.Command.shell_complete(self, ctx, incomplete)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list, from metadata alone."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl(sorted(_helps().items()))


def _entry_points() -> EntryPoints:
    from importlib.metadata import entry_points  # noqa: PLC0415 - only a list of commands needs it

    return entry_points(group=GROUP)


def _helps() -> dict[str, str]:
    """The line of help of each command that is here, by name."""
    others = {
        point.name: DOORS[point.name].help if point.name in DOORS else _summary(point) for point in _entry_points()
    }
    return others | {name: own.help for name, own in OWN.items()}


def _source(point: EntryPoint) -> str:
    return point.dist.name if point.dist else point.value


def _summary(point: EntryPoint) -> str:
    """What a stranger's distribution says of itself; nothing of it is loaded."""
    told = point.dist.metadata if point.dist else None
    summary = told["Summary"] if told is not None and "Summary" in told else None
    return one_line(f"{summary} (from {_source(point)})" if summary else f"From {_source(point)}")


def _loaded(point: EntryPoint) -> click.Command:
    """The command. What its import raises is told in one sentence; `--debug` tells where."""
    try:
        command = point.load()
    except Exception as error:  # whatever an import of any package may raise
        raise NotLoadedError(point.name, _source(point), type(error).__name__) from error
    if not isinstance(command, click.Command):
        raise NotLoadedError(point.name, _source(point), f"{point.value} is no click command")
    return command


def _print_version(context: click.Context, parameter: click.Parameter, value: bool) -> None:
    del parameter
    if value and not context.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415 - only where it is asked for

        click.echo(f"usermgr {version('usermgr-cli')}")
        context.exit()


VERSION = click.Option(
    ["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Print the version."
)

root = Root(
    "usermgr",
    help="Manage users, whatever service holds them.",
    params=[*shared_options(listed=True), VERSION],
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    no_args_is_help=True,
)
