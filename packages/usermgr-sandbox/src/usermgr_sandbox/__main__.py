"""The command ``usermgr-sandbox``: runs a sandbox in the foreground until it is interrupted."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and serve; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="usermgr-sandbox",
        description="AWS on a loopback port: Cognito, DynamoDB, IAM, CloudWatch Logs, and Lambda functions that really run.",
    )
    parser.add_argument("--port", type=int, default=0, help="the port to listen on (default: a free one)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON instead of shell exports")
    parser.add_argument(
        "--lambda-site-packages", type=Path, help="a site-packages folder whose boto3 the functions get"
    )
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when stdin closes")
    options = parser.parse_args(arguments)
    if options.lambda_site_packages is not None and not options.lambda_site_packages.is_dir():
        parser.error(f"--lambda-site-packages: {options.lambda_site_packages} is not a folder")

    # Importing moto takes a second: only once the command line is right.
    from usermgr_sandbox.sandbox import environment  # noqa: PLC0415
    from usermgr_sandbox.server.serve import serve  # noqa: PLC0415

    def announce(endpoint_url: str) -> None:
        variables = environment(endpoint_url)
        if options.json:
            print(json.dumps({"endpoint_url": endpoint_url, "environment": variables}))
        else:
            print(f"# The sandbox answers at {endpoint_url}; Ctrl-C ends it. For another terminal:")
            for name, value in variables.items():
                print(f"export {name}={shlex.quote(value)}")
        sys.stdout.flush()

    return serve(
        port=options.port,
        lambda_site_packages=options.lambda_site_packages,
        exit_with_stdin=options.exit_with_stdin,
        announce=announce,
    )


if __name__ == "__main__":
    sys.exit(main())
