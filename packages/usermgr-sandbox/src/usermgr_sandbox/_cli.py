"""`usermgr sandbox`: what `usermgr-sandbox` does, for usermgr-cli, which finds it under `usermgr.commands`."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import Any

import click

__all__ = ["sandbox"]


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The loopback port (default: a free one).")
@click.option("--pool", is_flag=True, help="Create a user pool and an app client, with their settings.")
@click.option(
    "--lambda-site-packages", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="What functions find installed (default: boto3 here).",
)  # fmt: skip
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def sandbox(
    context: click.Context, *, port: int, pool: bool, lambda_site_packages: Path | None, command: tuple[str, ...]
) -> None:
    """Run AWS on a loopback port of this machine, for development.

    Prints what to export, as lines for a shell (or as one line of JSON with `--output json`), and runs until Ctrl-C.
    With a command after `--`, runs that inside, and ends with its status.
    """
    from usermgr_sandbox import SandboxError  # noqa: PLC0415 - help needs none of it
    from usermgr_sandbox.__main__ import run  # noqa: PLC0415 - as above

    # Whoever runs this may keep Ctrl-C for calls in flight; here it is the way to end.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        status = run(port, lambda_site_packages, command, pool=pool, as_json=_wants_json(context.obj))
    except SandboxError as error:
        raise click.ClickException(str(error)) from error
    finally:
        signal.signal(signal.SIGINT, before)
    context.exit(status)


def _wants_json(line: Any) -> bool:
    return getattr(line, "options", {}).get("output") in ("json", "jsonl")
