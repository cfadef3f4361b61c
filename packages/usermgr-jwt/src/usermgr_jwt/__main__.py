"""`python -m usermgr_jwt`: write the JWKS file, watch it, and try tokens with it.

Exit status: 0 success, 1 token refused, 2 wrong usage, 3 keys too old, 4 no file, 5 broken file or document,
6 source not reached, 7 replacement refused.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from usermgr_jwt import _commands
from usermgr_jwt.errors import VerifierError

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUMMARY, _, _EXIT_STATUSES = (__doc__ or "").partition("\n\n")
_TIME_CLAIMS = frozenset({"exp", "iat", "nbf", "auth_time"})


def _read_token(arguments: argparse.Namespace) -> str:
    if arguments.token_file == "-":  # noqa: S105 - a file name
        return _commands.read_token(sys.stdin.buffer)
    with Path(arguments.token_file).open("rb") as file:
        return _commands.read_token(file)


def _pull(arguments: argparse.Namespace) -> dict[str, Any]:
    reply = sys.stdin.buffer.read() if arguments.stdin else None
    source = _commands.source_of(
        user_pool_id=arguments.user_pool_id,
        endpoint=arguments.endpoint,
        fips=arguments.fips,
        issuer=arguments.issuer,
        url=arguments.url,
        reply=reply,
    )
    return _commands.pull(arguments.file, source, replace_all=arguments.replace_all)


def _status(arguments: argparse.Namespace) -> dict[str, Any]:
    return _commands.status(arguments.file, max_age=arguments.max_age)


def _verify(arguments: argparse.Namespace) -> dict[str, Any]:
    return _commands.verify(
        arguments.file,
        _read_token(arguments),
        user_pool_id=arguments.user_pool_id,
        issuer=arguments.issuer,
        client_id=None if arguments.any_client else arguments.client_id or os.environ["CLIENT_ID"],
        token_use=None if arguments.token_use == "any" else arguments.token_use,  # noqa: S105 - not a password
        groups=arguments.group,
        scopes=arguments.scope,
        leeway=arguments.leeway,
        max_age=arguments.max_age,
    )


def _decode(arguments: argparse.Namespace) -> dict[str, Any]:
    return _commands.decode(_read_token(arguments))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m usermgr_jwt", description=_SUMMARY, epilog=_EXIT_STATUSES)
    commands = parser.add_subparsers(required=True, metavar="pull | status | verify | decode")
    pool = os.environ.get("USERPOOL_ID")

    command = commands.add_parser("pull", help="write the JWKS file from the pool's address")
    command.add_argument("file")
    source = command.add_mutually_exclusive_group(required=pool is None)
    source.add_argument("--user-pool-id", default=pool, help="the pool (default: USERPOOL_ID)")
    source.add_argument("--url", help="an HTTPS address of a JWKS")
    source.add_argument("--stdin", action="store_true", help="read a JWKS, or the download function's reply, on stdin")
    source.add_argument("--issuer", help="an issuer of tokens, which publishes its keys below its address")
    command.add_argument(
        "--endpoint", help="with --user-pool-id: an address that replaces Cognito's, of an emulator for example"
    )
    command.add_argument("--fips", action="store_true", help="with --user-pool-id: use Cognito's FIPS endpoint")
    command.add_argument("--replace-all", action="store_true", help="accept a set with no key in common with the file")
    command.set_defaults(run=_pull)

    command = commands.add_parser("status", help="show whether the file is fresh, stale, missing or broken")
    command.add_argument("file")
    command.add_argument("--max-age", type=float, default=None, help="seconds after which the file is stale")
    command.set_defaults(run=_status)

    command = commands.add_parser("verify", help="verify a token with the file, without a network")
    command.add_argument("file")
    command.add_argument("--user-pool-id", default=pool, help="the pool (default: USERPOOL_ID)")
    command.add_argument(
        "--issuer", help="exactly the issuer to accept instead of the pool's, of an emulator for example"
    )
    clients = command.add_mutually_exclusive_group(required="CLIENT_ID" not in os.environ)
    clients.add_argument("--client-id", action="append", default=None, help="default: CLIENT_ID; may be repeated")
    clients.add_argument("--any-client", action="store_true", help="accept every app client of the pool")
    command.add_argument("--token-use", choices=["access", "id", "any"], required=True)
    command.add_argument("--group", action="append", help="require one of these groups; may be repeated")
    command.add_argument("--scope", action="append", help="require one of these scopes; may be repeated")
    command.add_argument("--leeway", type=float, default=0, help="seconds of clock difference to tolerate")
    command.add_argument("--max-age", type=float, default=None, help="refuse a file older than this many seconds")
    command.set_defaults(run=_verify)

    decoder = commands.add_parser("decode", help="show what a token contains, WITHOUT verifying it")
    decoder.set_defaults(run=_decode)
    for reader in (command, decoder):
        reader.add_argument("--token-file", default="-", help="a file with the token (default: stdin)")
    for each in commands.choices.values():
        each.add_argument("--json", action="store_true", help="print one JSON object on stdout, also for errors")
    return parser


def _lines(result: dict[str, Any]) -> str:
    """The result for people: one line per member, and times in words."""
    lines: list[str] = []
    for name, value in result.items():
        if isinstance(value, dict):
            lines.append(f"{name}:")
            members = cast("dict[str, object]", value)
            lines += [f"  {member}: {json.dumps(text)}{_time_note(member, text)}" for member, text in members.items()]
        else:
            shown = ", ".join(cast("list[str]", value)) if isinstance(value, list) else value
            lines.append(f"{name}: {'none' if shown == '' else 'unknown' if shown is None else shown}")
    return "\n".join(lines)


def _time_note(name: str, value: object) -> str:
    # A decoded token is not verified: its times may be anything.
    if name not in _TIME_CLAIMS or type(value) is not int or not 0 <= value < 1 << 36:
        return ""
    return f"  ({datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%SZ})"


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    parser = _parser()
    arguments = parser.parse_args(argv)
    try:
        exit_status, result = 0, arguments.run(arguments)
    except VerifierError as error:
        exit_status, result = _commands.failure(error)
    except (ValueError, OSError) as error:  # a setting of the verifier, or a token file that cannot be read
        parser.error(str(error))
    print(
        json.dumps(result) if arguments.json else _lines(result),
        file=sys.stdout if exit_status == 0 or arguments.json else sys.stderr,
    )
    return exit_status


if __name__ == "__main__":
    sys.exit(main())
