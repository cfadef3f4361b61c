"""`usermgr jwks` and `usermgr token`: commands that usermgr-cli finds under the entry-point group `usermgr.commands`.

They know nobody: the context's `obj` is anything with `note`, and what goes wrong is a `click.ClickException` with an
exit status and a `code`. A token comes by stdin, by a file or by a file descriptor, and never as an argument.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, NotRequired, Protocol, TypedDict, cast

import click

from usermgr_jwt import _commands
from usermgr_jwt._checks import VARIABLE
from usermgr_jwt._sources import InvokeSource
from usermgr_jwt.errors import KeysNotFoundError, TokenError, VerifierError

if TYPE_CHECKING:
    from collections.abc import Generator

    from usermgr_jwt._sources import KeysSource

__all__ = ["jwks", "token"]

FUNCTION_VARIABLE, FUNCTION = "LAMBDA_NAME_DOWNLOAD", "usermgr_download_jwks"


class CommandLine(Protocol):
    """What is needed of whoever runs the command."""

    def note(self, text: str) -> None:
        """Tells the person something beside the data."""
        ...


class ToldError(click.ClickException):
    """An error of the verifier, with the exit status that `usermgr` documents for a failure."""

    def __init__(self, error: VerifierError) -> None:
        super().__init__(str(error))
        self.code = error.code


class NoKeysError(ToldError):
    """There is no JWKS file: not found."""

    exit_code = 3


class RefusedTokenError(ToldError):
    """The token is refused: not authenticated, or not allowed."""

    exit_code = 4


@contextmanager
def _told() -> Generator[None]:
    """Turns the verifier's errors, and settings that it does not take, into those of click."""
    try:
        yield
    except TokenError as error:
        raise RefusedTokenError(error) from error
    except KeysNotFoundError as error:
        raise NoKeysError(error) from error
    except VerifierError as error:
        raise ToldError(error) from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error


class Pulled(TypedDict):
    """What became of a JWKS file; the lists are of key ids."""

    state: str
    file: str
    key_ids: list[str]
    added: list[str]
    removed: list[str]


class Keys(TypedDict):
    """A JWKS file: when somebody last confirmed its keys, and how many seconds that is ago."""

    state: str
    renewed_at: datetime | None
    file: str
    age: float | None
    key_ids: list[str]
    warnings: list[str]


class Token(TypedDict):
    """What a token says; without `verified` as its state, anybody may have written it."""

    state: str
    issued_at: NotRequired[datetime]
    expires_at: NotRequired[datetime]
    claims: dict[str, Any]


class Decoded(Token):
    """The same, with the header."""

    header: dict[str, Any]


def _file(given: str | None) -> str:
    path = given or os.environ.get(VARIABLE)
    if not path:
        raise click.UsageError(f"no JWKS file is named: give its path, or set {VARIABLE} to it")
    return path


# --- The file ----------------------------------------------------------------------------------------


@click.group(help="Download the keys that verify tokens, and see how old they are.")
def jwks() -> None:
    """The group of commands."""


@jwks.command()
@click.argument("file", required=False)
@click.option("--user-pool-id", metavar="ID", help="The pool whose keys to pull (default: USERPOOL_ID).")
@click.option("--url", help="Pull from this HTTPS address of a JWKS instead.")
@click.option("--issuer", metavar="URL", help="Pull from this issuer of tokens instead.")
@click.option("--stdin", is_flag=True, help="Read a JWKS, or the download function's answer, on standard input.")
@click.option(
    "--lambda", "by_function", is_flag=True,
    help=f"Ask the download function ({FUNCTION_VARIABLE}, or {FUNCTION}), where Cognito is out of reach.",
)  # fmt: skip
@click.option("--endpoint", metavar="URL", help="With a pool: an address that replaces Cognito's.")
@click.option("--fips", is_flag=True, help="With a pool: use Cognito's FIPS endpoint.")
@click.option("--replace-all", is_flag=True, help="Accept a set that has no key in common with the file.")
def pull(
    file: str | None,
    *,
    user_pool_id: str | None,
    url: str | None,
    issuer: str | None,
    stdin: bool,
    by_function: bool,
    endpoint: str | None,
    fips: bool,
    replace_all: bool,
) -> Pulled:
    """Download the keys into FILE (default: USERMGR_JWKS), which is replaced at once or not at all."""
    path = _file(file)
    if sum((user_pool_id is not None, url is not None, issuer is not None, stdin, by_function)) > 1:
        raise click.UsageError("give one of --user-pool-id, --url, --issuer, --stdin and --lambda")
    with _told():
        source: KeysSource
        if by_function:
            source = InvokeSource(_invoker())
        else:
            is_elsewhere = stdin or url is not None or issuer is not None
            source = _commands.source_of(
                user_pool_id=None if is_elsewhere else user_pool_id or os.environ.get("USERPOOL_ID") or None,
                endpoint=endpoint,
                fips=fips,
                issuer=issuer,
                url=url,
                reply=sys.stdin.buffer.read() if stdin else None,
            )
        return cast("Pulled", _commands.pull(path, source, replace_all=replace_all))


def _invoker() -> Any:
    """What calls the download function. The package that calls functions registers it, so this one knows nobody."""
    points = tuple(entry_points(group="usermgr.invoke", name="lambda"))
    if not points:
        raise click.UsageError(
            "--lambda needs the package usermgr-lambda-client, as the extra `lambda` of usermgr brings it: see "
            "`usermgr backends`"
        )
    return points[0].load()(os.environ.get(FUNCTION_VARIABLE) or FUNCTION)


@jwks.command()
@click.argument("file", required=False)
@click.option("--max-age", type=float, metavar="SECONDS", help="The age from which on the file is too old.")
def status(file: str | None, *, max_age: float | None) -> Keys:
    """Show how old FILE (default: USERMGR_JWKS) is, and which keys it has; fails where it cannot be used."""
    path = _file(file)
    with _told():
        found = _commands.status(path, max_age=max_age)
    age: float | None = found["age"]
    renewed_at = None if age is None else datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=age)
    return cast("Keys", {"state": found["state"], "renewed_at": renewed_at, **found})


# --- Tokens ------------------------------------------------------------------------------------------


@click.group(help="Verify and decode tokens, offline. A token is read from standard input, and never from an argument.")
def token() -> None:
    """The group of commands."""


_TOKEN_FILE = click.option("--token-file", metavar="FILE", help="Read the token from a file, not standard input.")
_TOKEN_FD = click.option("--token-fd", type=click.IntRange(min=0), metavar="N", help="Read it from a file descriptor.")


@token.command()
@_TOKEN_FILE
@_TOKEN_FD
@click.option("--keys", "file", metavar="FILE", help="The JWKS file (default: USERMGR_JWKS).")
@click.option("--token-use", type=click.Choice(["access", "id", "any"]), required=True, help="The kind to accept.")
@click.option("--user-pool-id", metavar="ID", help="The pool (default: USERPOOL_ID).")
@click.option("--issuer", metavar="URL", help="Exactly the issuer to accept instead of the pool's.")
@click.option("--client-id", multiple=True, metavar="ID", help="An app client to accept (default: CLIENT_ID).")
@click.option("--any-client", is_flag=True, help="Accept every app client of the pool.")
@click.option("--group", multiple=True, metavar="NAME", help="Require one of these groups.")
@click.option("--scope", multiple=True, metavar="NAME", help="Require one of these scopes.")
@click.option("--leeway", type=float, default=0, metavar="SECONDS", help="A difference of clocks to tolerate.")
@click.option("--max-age", type=float, metavar="SECONDS", help="Refuse a JWKS file that is older.")
@click.pass_obj
def verify(
    line: CommandLine,
    *,
    token_file: str | None,
    token_fd: int | None,
    file: str | None,
    token_use: str,
    user_pool_id: str | None,
    issuer: str | None,
    client_id: tuple[str, ...],
    any_client: bool,
    group: tuple[str, ...],
    scope: tuple[str, ...],
    leeway: float,
    max_age: float | None,
) -> Token:
    """Verify a token with the JWKS file, without a network, and show its claims; ends with 4 where it is refused."""
    path = _file(file)
    clients = client_id or tuple(filter(None, [os.environ.get("CLIENT_ID")]))
    if (any_client and client_id) or not (any_client or clients):
        raise click.UsageError("say whose tokens to accept: --client-id (or CLIENT_ID), or --any-client")
    if any_client:
        clients = ()
    pool = user_pool_id or os.environ.get("USERPOOL_ID") or None
    with _told():
        found = _commands.verify(
            path,
            _token(line, token_file, token_fd),
            user_pool_id=None if issuer is not None and user_pool_id is None else pool,
            issuer=issuer,
            client_id=list(clients) or None,
            token_use=None if token_use == "any" else token_use,  # noqa: S105 # pyright: ignore[reportArgumentType] - one of the choices
            groups=list(group) or None,
            scopes=list(scope) or None,
            leeway=leeway,
            max_age=max_age,
        )
    return cast("Token", _with_times(found))


@token.command()
@_TOKEN_FILE
@_TOKEN_FD
@click.pass_obj
def decode(line: CommandLine, *, token_file: str | None, token_fd: int | None) -> Decoded:
    """Show what a token says of itself, WITHOUT verifying it: anybody could have written that."""
    try:
        return cast("Decoded", _with_times(_commands.decode(_token(line, token_file, token_fd))))
    except TokenError as error:  # nobody asked whether it is good: it is a failure, and no refusal
        raise ToldError(error) from error


def _token(line: CommandLine, file: str | None, descriptor: int | None) -> str:
    if file is not None and descriptor is not None:
        raise click.UsageError("give one of --token-file and --token-fd")
    try:
        if descriptor is not None:
            with open(descriptor, "rb", closefd=False) as opened:
                return _commands.read_token(opened)
        if file is not None and file != "-":
            with open(file, "rb") as opened:  # noqa: PTH123 - as it was typed
                return _commands.read_token(opened)
        if sys.stdin.isatty():
            line.note("Paste the token, then press Return and Ctrl-D.")
        return _commands.read_token(sys.stdin.buffer)
    except OSError as error:
        raise click.UsageError(f"the token cannot be read: {error.strerror}") from error


def _with_times(found: dict[str, Any]) -> dict[str, Any]:
    """With the times of the token as times; those of a token that is not verified may be anything."""
    claims = found["claims"]
    times = {name: claims.get(claim) for name, claim in (("issued_at", "iat"), ("expires_at", "exp"))}
    shown = {
        name: datetime.fromtimestamp(value, UTC)
        for name, value in times.items()
        if type(value) is int and 0 <= value < 1 << 36
    }
    return {"state": found["state"], **shown, **found}
