"""`usermgr completion SHELL`: the script that teaches a shell to complete commands, options, profiles and groups."""

from __future__ import annotations

import click

from usermgr_cli._line import Line

__all__ = ["command"]

HOW = {
    "bash": 'Bash: put this into ~/.bashrc: eval "$(usermgr completion bash)"',
    "zsh": 'Zsh: put this into ~/.zshrc, after compinit: eval "$(usermgr completion zsh)"',
    "fish": "Fish: usermgr completion fish > ~/.config/fish/completions/usermgr.fish",
}


@click.command(name="completion", epilog="\n\n".join(HOW.values()))
@click.argument("shell", type=click.Choice(tuple(HOW)))
@click.pass_obj
def command(line: Line, shell: str) -> None:
    """Print the shell's completion script."""
    from click.shell_completion import get_completion_class  # noqa: PLC0415 - help needs no script

    from usermgr_cli._stdout import write  # noqa: PLC0415 - as above

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    del line
    root = click.get_current_context().find_root().command
    write(kind(root, {}, "usermgr", "_USERMGR_COMPLETE").source() + "\n")
