"""`usermgr console`: the web console on the profile in force. The command line finds it by its entry point."""

from __future__ import annotations

import click

from usermgr.commands import Done

__all__ = ["console"]


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port on loopback; a free one by default.")
@click.option(
    "--role",
    type=click.Choice(["reader", "support", "administrator"]),
    default="administrator",
    show_default=True,
    help="What whoever opens the link may do.",
)
def console(port: int, role: str) -> Done:
    """Serve the web console on this machine, and print a link that opens it once.

    For more than one person, put it behind a proxy with TLS: docs/console.md has the recipe.
    """
    from usermgr_console._local import run  # noqa: PLC0415 - `usermgr --help` loads this module, and not a server

    run(port, role)
    return Done("The console has ended")
