"""`usermgr activity`: who was here, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._line import Line
from usermgr_cli.commands import activity_dormant
from usermgr_cli.commands._capable import StoreGroup
from usermgr_cli.commands._layouts import NEVER, bar, when
from usermgr_cli.commands._telling import draws
from usermgr_cli.commands.user_show import found_user

if TYPE_CHECKING:
    from usermgr.activity import DailyCount

__all__ = ["LastSeen", "command"]

DAY = click.DateTime(["%Y-%m-%d"])

command = StoreGroup("activity", help="See who was active when.")
"""The group of commands."""

command.add_command(activity_dormant.dormant)


@dataclass(frozen=True, slots=True)
class LastSeen:
    """A user's activity since recording began. Times are the beginnings of five minutes."""

    username: str
    sub: str
    first_seen: datetime | None
    """`None`, as `last_seen`, where the user was never seen."""
    last_seen: datetime | None
    last_sign_in: datetime | None
    """`None` where only refreshes of a session were seen."""
    sign_in_count: int
    """A lower bound."""
    client_id: str | None
    """The app of the last sighting."""


@command.command()
@click.argument("username", required=False)
@click.option("--sub", metavar="SUB", help="The user's `sub`, in place of the name.")
@click.pass_obj
def show(line: Line, username: str | None, sub: str | None) -> LastSeen:
    """Show when a user was seen."""
    store = line.activity
    user = found_user(line, username, sub)
    activity = store.last_seen(user.sub)
    if activity is None:
        line.layout = lambda record: {"username": record["username"], "last seen": NEVER}
        return LastSeen(user.username, user.sub, None, None, None, 0, None)
    line.layout = _layout(utc=bool(line.options.get("utc")), now=datetime.now(UTC))
    return LastSeen(
        username=user.username,
        sub=user.sub,
        first_seen=activity.first_seen,
        last_seen=activity.last_seen,
        last_sign_in=activity.last_sign_in,
        sign_in_count=activity.sign_in_count,
        client_id=activity.client_id,
    )


@command.command()
@click.option(
    "--days", type=click.IntRange(min=1), metavar="N", default=14, show_default=True, help="How many days, to the last."
)
@click.option("--from", "first", type=DAY, metavar="DATE", help="The first day, in place of --days.")
@click.option("--to", "last", type=DAY, metavar="DATE", help="The last day; today without it.")
@click.pass_obj
def daily(line: Line, days: int, first: datetime | None, last: datetime | None) -> Iterator[DailyCount]:
    """Count who was active on each day of UTC."""
    end = last.date() if last is not None else datetime.now(UTC).date()
    begin = first.date() if first is not None else _days_before(end, days - 1)
    if end < begin:
        raise click.UsageError(f"--from {begin} is after the last day, {end}")
    counts = line.activity.daily_counts(begin, end)
    if not draws(line):
        return counts
    known = list(counts)
    most = max(count.active for count in known)
    room = get_terminal_size().columns - len("YYYY-MM-DD") - max(len(str(most)), len("active")) - 4
    line.layout = lambda record: {**record, "": bar(record["active"], most, room)}
    return iter(known)


def _days_before(end: date, days: int) -> date:
    try:
        return end - timedelta(days=days)
    except OverflowError:
        raise click.UsageError("--days goes back to before the year 1") from None


def _layout(*, utc: bool, now: datetime) -> Any:
    def layout(record: dict[str, Any]) -> dict[str, Any]:
        return {
            "username": record["username"],
            "last seen": when(datetime.fromisoformat(record["last_seen"]), now, utc=utc),
            "last sign-in": record["last_sign_in"],
            "sign-ins": f"{record['sign_in_count']} or more",
            "first seen": record["first_seen"],
            "client": record["client_id"],
        }

    return layout
