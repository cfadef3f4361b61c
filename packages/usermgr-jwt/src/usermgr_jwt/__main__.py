"""`python -m usermgr_jwt`: write the JWKS file, watch it, and try tokens against it.

Exit status: 0 fine, 1 token refused, 2 wrong usage, 3 keys too old, 4 no file, 5 broken file or document,
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

from usermgr_jwt._jws import split
from usermgr_jwt._strict import b64url_decode, json_object
from usermgr_jwt.errors import (
    KeysFileError,
    KeysInvalidError,
    KeysNotFoundError,
    KeysReplacementError,
    KeysSourceError,
    KeysTooOldError,
    TokenError,
    TokenFormatError,
    VerifierError,
)
from usermgr_jwt.jwks_file import JwksFile
from usermgr_jwt.sources import HttpsSource, InvokeSource, pull
from usermgr_jwt.verifier import CognitoVerifier

if TYPE_CHECKING:
    from collections.abc import Sequence

_SUMMARY, _, _EXIT_STATUSES = (__doc__ or "").partition("\n\n")
_EXIT: dict[type[VerifierError], int] = {
    TokenError: 1,
    KeysTooOldError: 3,
    KeysNotFoundError: 4,
    KeysFileError: 5,
    KeysInvalidError: 5,
    KeysSourceError: 6,
    KeysReplacementError: 7,
}
_MAX_INPUT = 1 << 20  # bytes; a token that long is refused anyway
_TIME_CLAIMS = frozenset({"exp", "iat", "nbf", "auth_time"})
_STATES = {3: "stale", 4: "missing", 5: "broken"}


def _exit_status(error: VerifierError) -> int:
    return next(status for kind, status in _EXIT.items() if isinstance(error, kind))


def _read_token(arguments: argparse.Namespace) -> str:
    # Never from the command line itself: every user of the machine can read that in `ps`.
    if arguments.token_file == "-":  # noqa: S105 - a file name
        token = sys.stdin.buffer.read(_MAX_INPUT)
    else:
        with Path(arguments.token_file).open("rb") as file:
            token = file.read(_MAX_INPUT)
    return token.decode("ascii", "replace").strip()


def _pull(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.stdin:
        source = InvokeSource(lambda _event: sys.stdin.buffer.read())
    elif arguments.url:
        source = HttpsSource(arguments.url)
    else:
        source = HttpsSource.for_pool(arguments.user_pool_id)
    result = pull(source, arguments.file, replace_all=arguments.replace_all)
    return {"state": "written", "file": arguments.file} | result._asdict()


def _status(arguments: argparse.Namespace) -> dict[str, Any]:
    keys = JwksFile(arguments.file, max_age=arguments.max_age)
    key_ids = sorted(keys.current().key_ids)
    return {"state": "fresh", "file": arguments.file, "age": round(keys.age() or 0), "key_ids": key_ids}


def _verify(arguments: argparse.Namespace) -> dict[str, Any]:
    verifier = CognitoVerifier(
        user_pool_id=arguments.user_pool_id,
        client_id=None if arguments.any_client else arguments.client_id or os.environ["CLIENT_ID"],
        token_use=None if arguments.token_use == "any" else arguments.token_use,  # noqa: S105 - no password
        keys=JwksFile(arguments.file, max_age=arguments.max_age),
        groups=arguments.group,
        scopes=arguments.scope,
        leeway=arguments.leeway,
    )
    return {"state": "verified", "claims": verifier.verify(_read_token(arguments)).to_dict()}


def _decode(arguments: argparse.Namespace) -> dict[str, Any]:
    _, header, payload, _ = split(_read_token(arguments))
    try:
        parts = {"header": json_object(b64url_decode(header)), "claims": json_object(b64url_decode(payload))}
    except ValueError:
        raise TokenFormatError("its header or payload is no strict JSON object in canonical base64url") from None
    return {"state": "NOT VERIFIED: anybody can write this"} | parts


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m usermgr_jwt", description=_SUMMARY, epilog=_EXIT_STATUSES)
    commands = parser.add_subparsers(required=True, metavar="pull | status | verify | decode")
    pool = os.environ.get("USERPOOL_ID")

    command = commands.add_parser("pull", help="write the JWKS file from the pool's address")
    command.add_argument("file")
    source = command.add_mutually_exclusive_group(required=pool is None)
    source.add_argument("--user-pool-id", default=pool, help="the pool (default: USERPOOL_ID)")
    source.add_argument("--url", help="an HTTPS address of a JWKS")
    source.add_argument("--stdin", action="store_true", help="the download function's reply, or a JWKS, on stdin")
    command.add_argument("--replace-all", action="store_true", help="accept a set with no key in common with the file")
    command.set_defaults(run=_pull)

    command = commands.add_parser("status", help="tell whether the file is fresh, stale, missing or broken")
    command.add_argument("file")
    command.add_argument("--max-age", type=float, default=None, help="seconds after which it is stale")
    command.set_defaults(run=_status)

    command = commands.add_parser("verify", help="verify a token against the file, with no network")
    command.add_argument("file")
    command.add_argument("--user-pool-id", default=pool, required=pool is None, help="default: USERPOOL_ID")
    clients = command.add_mutually_exclusive_group(required="CLIENT_ID" not in os.environ)
    clients.add_argument("--client-id", action="append", default=None, help="default: CLIENT_ID; may be repeated")
    clients.add_argument("--any-client", action="store_true", help="accept every app client of the pool")
    command.add_argument("--token-use", choices=["access", "id", "any"], required=True)
    command.add_argument("--group", action="append", help="one of these groups must be there")
    command.add_argument("--scope", action="append", help="one of these scopes must be there")
    command.add_argument("--leeway", type=float, default=0, help="seconds of clock difference to forgive")
    command.add_argument("--max-age", type=float, default=None, help="refuse a file older than this, in seconds")
    command.set_defaults(run=_verify)

    decoder = commands.add_parser("decode", help="show what a token says, WITHOUT verifying it")
    decoder.set_defaults(run=_decode)
    for reader in (command, decoder):
        reader.add_argument("--token-file", default="-", help="a file with the token (default: stdin)")
    for each in commands.choices.values():
        each.add_argument("--json", action="store_true", help="one JSON object on stdout, also for errors")
    return parser


def _lines(result: dict[str, Any]) -> str:
    """The result for people: a line a member, and times spelled out."""
    lines: list[str] = []
    for name, value in result.items():
        if isinstance(value, dict):
            lines.append(f"{name}:")
            members = cast("dict[str, object]", value)
            lines += [f"  {member}: {json.dumps(text)}{_time_note(member, text)}" for member, text in members.items()]
        else:
            shown = ", ".join(cast("list[str]", value)) if isinstance(value, list) else value
            lines.append(f"{name}: {shown}")
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
        result, status = arguments.run(arguments), 0
    except VerifierError as error:
        status = _exit_status(error)
        state = _STATES.get(status, "refused" if isinstance(error, TokenError) else "failed")
        result = {"state": state, "error": {"code": error.code, "message": str(error)}}
    except (ValueError, OSError) as error:  # a setting of the verifier, or a token file that cannot be read
        parser.error(str(error))
    print(
        json.dumps(result) if arguments.json else _lines(result),
        file=sys.stdout if status == 0 or arguments.json else sys.stderr,
    )
    return status


if __name__ == "__main__":
    sys.exit(main())
