"""`usermgr-sandbox`: runs the sandbox and prints what to export, or runs a command inside it."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType

from usermgr_sandbox._isolation import to_remove
from usermgr_sandbox._sandbox import Sandbox, SandboxError
from usermgr_sandbox._server import serve

__all__ = ["main", "run"]

EXAMPLES = """examples:
  usermgr-sandbox --pool            prints the settings of a new user pool as `export` lines; Ctrl-C stops it
  usermgr-sandbox --pool -- pytest  runs a command with these settings; its exit status is the command's
"""


def main() -> None:
    """Parses the command line, and ends the process with the exit status."""
    own, command = _split(sys.argv[1:])
    parser = argparse.ArgumentParser(
        prog="usermgr-sandbox",
        usage="%(prog)s [options] [-- command ...]",
        description="AWS on a loopback port of this machine.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="the loopback port (default: a free one)")
    parser.add_argument("--pool", action="store_true", help="create a user pool and an app client, with settings")
    parser.add_argument("--json", action="store_true", help="print the settings as one line of JSON; null: do not set")
    parser.add_argument("--lambda-site-packages", type=Path, help="what functions find installed (default: boto3 here)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(own)
    if options.child:
        serve(options.port, options.lambda_site_packages, _announce, stop_with_stdin=True)
        return
    try:
        sys.exit(run(options.port, options.lambda_site_packages, command, pool=options.pool, as_json=options.json))
    except SandboxError as error:
        sys.exit(f"usermgr-sandbox: {error}")


def run(port: int, site_packages: Path | None, command: Sequence[str], *, pool: bool, as_json: bool) -> int:
    """Runs the sandbox until a signal ends it, or the command in it; the exit status. Raises `SandboxError`."""
    _when_asked_to_end(_stop)
    try:
        with Sandbox.start(port=port, lambda_site_packages=site_packages) as sandbox:
            settings = {"USERMGR_BACKEND": "cognito", **sandbox.create_pool().environment()} if pool else {}
            if command:
                return _run(command, {**sandbox.isolated_environment(), **settings})
            _print({**sandbox.environment(), **settings}, as_json=as_json)
            print(f"# the sandbox answers on {sandbox.endpoint_url}; stop it with Ctrl-C", file=sys.stderr, flush=True)
            return sandbox.wait()
    except KeyboardInterrupt:
        return 0


def _split(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Our own arguments, and the command behind the first `--`. Raises `SystemExit` for an empty command."""
    if "--" not in arguments:
        return list(arguments), []
    at = arguments.index("--")
    if at + 1 == len(arguments):
        sys.exit("usermgr-sandbox: `--` must be followed by a command, such as `usermgr-sandbox -- pytest`")
    return list(arguments[:at]), list(arguments[at + 1 :])


def _print(settings: dict[str, str], *, as_json: bool) -> None:
    """As JSON, or for a shell to evaluate: first what must not be set, then what must."""
    removed = to_remove()
    if as_json:
        print(json.dumps({**dict.fromkeys(removed), **settings}), flush=True)
        return
    lines = [f"unset {shlex.quote(name)}" for name in removed]
    lines += [f"export {name}={shlex.quote(value)}" for name, value in settings.items()]
    print("\n".join(lines), flush=True)


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """The command's exit status; 128 and the number for a signal, as a shell says it."""
    try:
        process = subprocess.Popen(command, env=environment)  # noqa: S603 - the user's own command
    except OSError as error:
        print(f"usermgr-sandbox: {command[0]} cannot be run: {os.strerror(error.errno or 0)}", file=sys.stderr)
        return 127

    def forward(number: int, _frame: FrameType | None) -> None:
        process.send_signal(number)

    _when_asked_to_end(forward)
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue  # the terminal has sent it to the command too, which decides
        return status if status >= 0 else 128 - status


def _when_asked_to_end(handler: Callable[[int, FrameType | None], None]) -> None:
    """What SIGTERM and SIGHUP do; one that is ignored, as SIGHUP is behind nohup, stays ignored."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _announce(port: int) -> None:
    """Tells the process that started this one."""
    print(json.dumps({"port": port}), flush=True)


if __name__ == "__main__":
    main()
