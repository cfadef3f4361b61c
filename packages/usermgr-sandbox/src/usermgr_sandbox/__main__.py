"""`usermgr-sandbox`: runs the sandbox in the foreground and prints what to export."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from usermgr_sandbox._sandbox import environment
from usermgr_sandbox._server import serve

__all__ = ["main"]


def main() -> None:
    """Parses the command line and serves until it is interrupted."""
    parser = argparse.ArgumentParser(prog="usermgr-sandbox", description="An AWS sandbox on this machine.")
    parser.add_argument("--port", type=int, default=0, help="the loopback port (default: a free one)")
    parser.add_argument("--json", action="store_true", help="print the environment as one line of JSON")
    parser.add_argument("--lambda-site-packages", type=Path, help="what functions find installed (default: boto3 here)")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()

    def announce(port: int) -> None:
        variables = environment(f"http://127.0.0.1:{port}")
        if asked.child:
            print(json.dumps({"port": port}), flush=True)
        elif asked.json:
            print(json.dumps(variables), flush=True)
        else:
            print("\n".join(f"export {name}={value}" for name, value in variables.items()), flush=True)
            print(f"# the sandbox answers on port {port}; stop it with Ctrl-C", file=sys.stderr, flush=True)

    serve(asked.port, asked.lambda_site_packages, announce, stop_with_stdin=asked.child)


if __name__ == "__main__":
    main()
