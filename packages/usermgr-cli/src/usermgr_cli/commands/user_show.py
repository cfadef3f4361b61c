"""`usermgr user show|list|search`: looking people up."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

import click

from usermgr_cli._line import Line
from usermgr_cli.commands import _layouts

if TYPE_CHECKING:
    from usermgr import MfaSettings, User, UserStatus
    from usermgr.activity import Activity
    from usermgr.search import Condition

__all__ = ["Person", "SearchExplanation", "found_user", "list_", "search", "show"]

T = TypeVar("T")

CONDITION = re.compile(r'-[\w"].+', re.DOTALL)
"""An argument such as `-phone_number`: a condition, and no cluster of options."""

PARTS = {"groups": "the groups", "mfa": "the second factors", "activity": "when the user was last seen"}

OUTPUT = re.compile(r"-o=?(?:table|json|jsonl|csv)")


@dataclass(frozen=True, slots=True)
class Person:
    """A user with what else is known of them."""

    username: str
    sub: str
    status: UserStatus
    enabled: bool
    created_at: datetime
    updated_at: datetime
    attributes: Mapping[str, str]
    groups: tuple[str, ...] | None
    mfa: MfaSettings | None
    activity: Activity | None
    """`None` where the user was never seen, too."""
    not_read: Mapping[str, str]
    """Why `groups`, `mfa` or `activity` was not read, for each of them that was not."""


@dataclass(frozen=True, slots=True)
class SearchExplanation:
    """How a search would be answered."""

    by_service: tuple[str, ...]
    """The conditions that the service answers."""
    filtered_here: tuple[str, ...]
    """Those that are applied here, to what the service returned."""
    reads: str
    pages: int | None
    """About how many pages are read at most, where every user is read and the service tells how many there are."""


@click.command()
@click.argument("username", required=False)
@click.option("--sub", metavar="SUB", help="The user's `sub`, in place of the name.")
@click.pass_obj
def show(line: Line, username: str | None, sub: str | None) -> Person:
    """Show a user: status, groups, second factors, and when they were last seen."""
    person = _person(line, found_user(line, username, sub))
    line.layout = _layouts.person(utc=bool(line.options.get("utc")), now=datetime.now(UTC))
    return person


@click.command(name="list")
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="How many at most.")
@click.pass_obj
def list_(line: Line, limit: int | None) -> Iterator[User]:
    """List the users."""
    line.layout = _layouts.USERS
    return islice(line.users.iter_users(), limit)


class SearchCommand(click.Command):
    """A command whose arguments may begin with a minus: `-phone_number` finds those without a phone number."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with such conditions after all options."""
        end = args.index("--") if "--" in args else len(args)
        minus = [each for each in args[:end] if CONDITION.fullmatch(each) and not OUTPUT.fullmatch(each)]
        others = [each for each in args[:end] if each not in minus]
        return super().parse_args(ctx, [*others, "--", *minus, *args[end + 1 :]])


@click.command(cls=SearchCommand)
@click.argument("conditions", metavar="CONDITION...", nargs=-1, required=True)
@click.option("--limit", type=click.IntRange(min=1), metavar="N", help="How many at most.")
@click.option("--explain", is_flag=True, help="Say what the service answers and what is read here; search nothing.")
@click.pass_obj
def search(
    line: Line, conditions: tuple[str, ...], limit: int | None, explain: bool
) -> Iterator[User] | SearchExplanation:
    """Find the users who meet all conditions.

    A plain word is found in names, addresses and phone numbers, in any case. Any other condition is a field, an
    operator and a value with nothing between them:
    lovelace email~@example.org group:admins 'created>=2026-01-01' -phone_number

    \b
    =  is exactly                 ~=  is, in any case
    ^= begins with                ~   contains
    $= ends with                  <, <=, >, >=  of created and updated
    -name  has no name            group:, status:, enabled:

    A value with spaces has double quotes. The shell wants quotes of its own around those, and around < and >:
    'name="Ada Lovelace"'.
    Times are local, or in UTC with --utc.
    """
    from usermgr.search import parse  # noqa: PLC0415 - a command's, once it runs

    for text in conditions:
        _note_spaces(line, text)
    wanted = parse(" ".join(conditions), zone=UTC if line.options.get("utc") else None)
    if explain:
        return _explained(line, wanted)
    line.layout = _layouts.USERS
    return islice(line.users.search_users(*wanted), limit)


def found_user(line: Line, username: str | None, sub: str | None) -> User:
    """The user by name, or by `sub`. Raises `click.UsageError` where both or none is given."""
    if (username is None) is (sub is None):
        raise click.UsageError("name the user, by USERNAME or by --sub")
    if username is None:
        return line.users.get_user_by_sub(sub or "")
    from usermgr.errors import UserNotFoundError  # noqa: PLC0415 - a command's, once it runs

    try:
        return line.users.get_user(username)
    except UserNotFoundError:
        if "@" in username:
            line.note("An address that is no user name is found by `usermgr user search email~=ADDRESS`")
        raise


def _person(line: Line, user: User) -> Person:
    not_read: dict[str, str] = {}

    def read(part: str, get: Callable[[], T]) -> T | None:
        from usermgr.errors import UnsupportedOperationError, UsermgrError  # noqa: PLC0415 - a command's, once it runs

        try:
            return get()
        except UnsupportedOperationError as error:
            not_read[part] = error.message
        except UsermgrError as error:  # the rest is worth showing
            not_read[part] = error.message
            line.note(f"This is without {PARTS[part]}: {error.message} [{error.code}]")
        return None

    groups = read("groups", lambda: tuple(group.name for group in line.users.iter_groups_for_user(user.username)))
    mfa = read("mfa", lambda: line.users.get_mfa(user.username))
    if os.environ.get("USERMGR_ACTIVITY"):
        activity = read("activity", lambda: line.activity.last_seen(user.sub))
    else:
        activity, not_read["activity"] = None, "USERMGR_ACTIVITY is not set"
    return Person(
        username=user.username,
        sub=user.sub,
        status=user.status,
        enabled=user.enabled,
        created_at=user.created_at,
        updated_at=user.updated_at,
        attributes=user.attributes,
        groups=groups,
        mfa=mfa,
        activity=activity,
        not_read=not_read,
    )


def _explained(line: Line, wanted: tuple[Condition, ...]) -> SearchExplanation:
    from usermgr.search import unparse  # noqa: PLC0415 - as above
    from usermgr.validation import PAGE_LIMIT  # noqa: PLC0415 - as above

    plan = line.users.plan_search(*wanted)
    if plan.by_service:
        reads = "the pages of those who meet what the service answers"
    elif plan.pages is None:
        reads = f"every page, of {PAGE_LIMIT} users each; the service does not tell how many there are"
    else:
        reads = f"every page, of {PAGE_LIMIT} users each: about {plan.pages} at most"
    line.layout = lambda record: {
        "the service answers": " ".join(record["by_service"]) or "nothing",
        "filtered here": " ".join(record["filtered_here"]) or "nothing",
        "read": record["reads"],
    }
    return SearchExplanation(
        tuple(unparse([each]) for each in plan.by_service),
        tuple(unparse([each]) for each in plan.by_client),
        reads,
        plan.pages,
    )


def _note_spaces(line: Line, text: str) -> None:
    """The shell has taken the quotes of `name="Ada L"`, which is then two conditions."""
    field, operator, rest = re.match(r"([\w.:-]*)([=~<>^$]*)(.*)", text, re.DOTALL).groups()  # pyright: ignore[reportOptionalMemberAccess] - it matches any text
    if operator and re.search(r"\s", rest) and not re.search(r'["=~<>:]|\s-', rest):
        line.note(f"{text} is read as several conditions; for one, write '{field}{operator}\"{rest}\"'")
