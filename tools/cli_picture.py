"""Draws docs/cli.svg: a real run of `usermgr` on a store of its own, on a terminal.

uv run python -m tools.cli_picture [--check]
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Mapping
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

import usermgr_local
from tools import generated

__all__ = ["drawn", "main"]

PICTURE = generated.ROOT / "docs" / "cli.svg"
COLUMNS = 92

PEOPLE = {"ada": "Ada Lovelace", "grace": "Grace Hopper", "alan": "Alan Turing"}
SHOWN = (
    "user list",
    "user search 'group:staff hopper'",
    "user disable grace nobody",
    "user list --query '[?!enabled].username' --output json",
    "user shwo ada",
)


def main() -> int:
    """The command."""
    return generated.main("Draws docs/cli.svg from a real run.", [PICTURE], lambda _: drawn())


def drawn() -> str:
    """The picture, as SVG that loads nothing from anywhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    with tempfile.TemporaryDirectory() as folder:
        with usermgr_local.connect(path=str(Path(folder, "users.db"))) as users:
            users.add_group("staff")
            for username, name in PEOPLE.items():
                users.add_user(username, attributes={"name": name, "email": f"{username}@example.org"})
            users.add_user_to_group("grace", "staff")
        kept = ("PATH", "HOME", "LD_LIBRARY_PATH", "PYTHONDONTWRITEBYTECODE")
        environment = {name: os.environ[name] for name in kept if name in os.environ} | {
            "USERMGR_BACKEND": "local", "USERMGR_LOCAL_PATH": "users.db", "USERMGR_CONFIG": "config.toml",
            "TERM": "xterm-256color", "LANG": "C.UTF-8", "TZ": "UTC",
        }  # fmt: skip
        for words in SHOWN:
            console.print(Text.assemble(("$ ", "green"), (f"usermgr {words}", "bold")), soft_wrap=True)
            console.print(Text.from_ansi(_run(words, folder, environment)), soft_wrap=True)
    no_fonts = re.sub(r"@font-face \{\{.*?\}\}\s*", "", CONSOLE_SVG_FORMAT, flags=re.DOTALL)
    return console.export_svg(title="usermgr", unique_id="usermgr", code_format=no_fonts)


def _run(words: str, folder: str, environment: Mapping[str, str]) -> str:
    """What the command shows on a terminal."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, COLUMNS, 0, 0))
    command = f'"{Path(sys.executable).with_name("usermgr")}" {words}'
    process = subprocess.Popen(
        ["bash", "-c", command], cwd=folder, env=dict(environment), stdin=subprocess.DEVNULL, stdout=slave, stderr=slave
    )
    os.close(slave)
    parts: list[bytes] = []
    try:
        while part := os.read(master, 65536):
            parts.append(part)
    except OSError:  # the command has ended
        pass
    os.close(master)
    process.wait()
    return b"".join(parts).decode().replace("\r\n", "\n").rstrip("\n")


if __name__ == "__main__":
    sys.exit(main())
