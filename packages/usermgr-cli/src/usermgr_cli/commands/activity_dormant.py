"""`usermgr activity dormant`: who was away for long, and disabling them."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import click

from usermgr_cli._completing import complete_groups
from usermgr_cli._exits import Exit, exit_of
from usermgr_cli._line import Line
from usermgr_cli._problems import tell
from usermgr_cli.commands._layouts import Layout, bar
from usermgr_cli.commands._telling import for_people, listed

if TYPE_CHECKING:
    from usermgr import UserManager
    from usermgr.disabling import DisablePlan, DisableReport
    from usermgr.dormancy import Absence, DormancyPolicy, DormantUser

__all__ = ["DormantRow", "dormant"]

SINCE = "USERMGR_RECORDING_SINCE"
BAR = 12
DAY = timedelta(days=1)


class Price(click.ParamType[Decimal]):
    """An amount of money."""

    name = "AMOUNT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Decimal:
        """The amount."""
        try:
            amount = Decimal(value)
        except InvalidOperation:
            amount = Decimal("NaN")
        if not amount.is_finite() or amount < 0:
            self.fail("it is an amount such as 0.0055", param, ctx)
        return amount


@dataclass(frozen=True, slots=True)
class DormantRow:
    """A user who was away for long, and what became of them."""

    username: str
    sub: str
    absence: Absence
    idle_since: datetime
    idle_days: int
    due: bool
    """Whether the grace period is over."""
    enabled: bool
    last_seen: datetime | None
    outcome: str | None = None
    """With `--disable`: `disabled` or `would be disabled`, `came back`, `failed`, or `not tried`."""
    code: str | None = None
    """The error's code, where it failed."""


@click.command()
@click.option(
    "--days",
    type=click.IntRange(min=0),
    metavar="N",
    default=90,
    show_default=True,
    help="How long a user was not seen.",
)
@click.option(
    "--grace",
    type=click.IntRange(min=0),
    metavar="N",
    default=0,
    show_default=True,
    help="Days until they are due after that.",
)
@click.option("--recording-since", "since", metavar="TIME", help=f"When recording began; {SINCE} without it.")
@click.option("--exclude", metavar="USERNAME", multiple=True, help="Somebody to leave alone; may be repeated.")
@click.option(
    "--exclude-group",
    metavar="NAME",
    multiple=True,
    shell_complete=complete_groups,
    help="A group to leave alone; may be repeated.",
)
@click.option("--all", "everybody", is_flag=True, help="List those who are disabled already, too.")
@click.option("--disable", is_flag=True, help="Disable those who are due, after a question.")
@click.option("--dry-run", is_flag=True, help="With --disable, say whom it would disable.")
@click.option("--price", type=Price(), help="What the service bills for a user who is changed, for the question.")
@click.pass_obj
def dormant(
    line: Line,
    *,
    days: int,
    grace: int,
    since: str | None,
    exclude: tuple[str, ...],
    exclude_group: tuple[str, ...],
    everybody: bool,
    disable: bool,
    dry_run: bool,
    price: Decimal | None,
) -> Iterable[DormantRow]:
    """List the users who were not seen for long, and disable them if you say so.

    Nobody can have been seen before recording began, so absence is counted from then at the earliest.
    """
    from usermgr.dormancy import DormancyPolicy, find_dormant, members_of  # noqa: PLC0415 - a command's, once it runs

    if dry_run and not disable:
        raise click.UsageError("--dry-run is for --disable: without it nothing is changed")
    policy = DormancyPolicy(
        idle_for=timedelta(days=days),
        grace=timedelta(days=grace),
        recording_since=_recording_since(since, utc=bool(line.options.get("utc"))),
        exclude=frozenset(exclude) | members_of(line.users, exclude_group),
    )
    now = datetime.now(UTC)
    found = find_dormant(line.users.iter_users(), line.activity, policy, now=now)
    line.layout = _layout(policy, now, outcomes=disable)
    if disable:
        return _disabled(line, found, now, price, dry_run=dry_run)
    return (_row(each, now) for each in found if everybody or each.user.enabled)


def _disabled(
    line: Line, found: Iterator[DormantUser], now: datetime, price: Decimal | None, *, dry_run: bool
) -> list[DormantRow]:
    """Those who are due, with what became of them."""
    from usermgr.disabling import DisableReport, disable_dormant, plan_disabling  # noqa: PLC0415 - as above
    from usermgr.errors import UsermgrError  # noqa: PLC0415 - as above

    plan = plan_disabling(found, per_second=_per_second(line.users), price=price)
    if not plan.users:
        return []
    if not dry_run:
        line.confirm(_question(plan))
    report = DisableReport(dry_run)

    def progress(so_far: DisableReport) -> None:
        nonlocal report
        report = so_far

    end = Exit.OK
    try:
        disable_dormant(line.users, line.activity, plan, dry_run=dry_run, progress=progress)
    except KeyboardInterrupt as stop:
        if stop.args:  # it came while a change was made, which was let end: see `_interrupts`
            report.disabled.append(plan.users[report.done].user.username)
        tell(line, "interrupted: the rows say who is disabled; the same command goes on", "interrupted")
        end = line.interrupts.status
    except UsermgrError as error:
        if not report.done:
            raise
        tell(line, error.message, error.code, error=error)
        end = exit_of(error)
    rows = [_outcome(_row(each, now), report) for each in plan.users]
    line.exit = _status(report, end, len(rows))
    line.done = f"{len(report.disabled)} of {len(rows)} users {'would be' if dry_run else 'are'} disabled"
    if for_people(line):
        line.note(line.done)
    return rows


def _status(report: DisableReport, end: Exit, rows: int) -> Exit:
    if end.goes_before_partial:
        return end
    if not report.failed and report.done == rows:
        return Exit.OK
    return Exit.PARTIAL if report.disabled else Exit.FAILURE


def _row(each: DormantUser, now: datetime) -> DormantRow:
    return DormantRow(
        username=each.user.username,
        sub=each.user.sub,
        absence=each.absence,
        idle_since=each.idle_since,
        idle_days=(now - each.idle_since) // DAY,
        due=each.due,
        enabled=each.user.enabled,
        last_seen=None if each.activity is None else each.activity.last_seen,
    )


def _outcome(row: DormantRow, report: DisableReport) -> DormantRow:
    if row.username in report.disabled:
        return replace(row, outcome="would be disabled" if report.dry_run else "disabled", enabled=report.dry_run)
    if row.username in report.came_back:
        return replace(row, outcome="came back")
    code = report.failed.get(row.username)
    return replace(row, outcome="failed" if code else "not tried", code=code)


def _recording_since(text: str | None, *, utc: bool) -> datetime:
    """A date or a time; without an offset it is local, or in UTC."""
    given = text or os.environ.get(SINCE)
    if not given:
        raise click.UsageError(
            f"say when recording began, because nobody was seen before: --recording-since 2026-01-31, or {SINCE}"
        )
    try:
        moment = datetime.fromisoformat(given)
        return moment if moment.tzinfo else (moment.replace(tzinfo=UTC) if utc else moment.astimezone())
    except (ValueError, OverflowError, OSError):
        where = "--recording-since" if text else SINCE
        raise click.UsageError(f"{where} takes a date or a time, such as 2026-01-31 or 2026-01-31T09:00:00Z") from None


def _per_second(users: UserManager) -> float:
    """How fast the service takes it; a store that names no rate is not limited."""
    store = users.describe()
    cost = store.cost("disable_user")
    return min((store.rates[name] / count for name, count in cost.items() if name in store.rates), default=math.inf)


def _question(plan: DisablePlan) -> str:
    """Names and counts, and says how long it takes and what it costs, as far as that is known."""
    names = [each.user.username for each in plan.users]
    many = "1 user" if len(names) == 1 else f"{len(names)} users"
    if plan.cost is None:
        cost = "whether the service bills it is not known here"
    elif plan.cost:
        cost = f"it is billed at most {plan.cost} {plan.currency}, because the service counts them as active this month"
    else:
        cost = "it is not billed"
    if math.isfinite(plan.per_second):
        seconds = math.ceil(plan.duration.total_seconds())
        cost = f"it takes about {timedelta(seconds=seconds)} at {plan.per_second:g} a second; {cost}"
    return f"Disable {many}: {listed(names)}? {cost[0].upper()}{cost[1:]}."


def _layout(policy: DormancyPolicy, now: datetime, *, outcomes: bool) -> Layout:
    """The bar is of the longest absence that there can be: since recording began."""
    longest = max((now - policy.recording_since) / DAY, 1)

    def layout(record: dict[str, Any]) -> dict[str, Any]:
        row = {name: record[name] for name in ("username", "absence", "last_seen", "idle_days")}
        row["absence"] = record["absence"].replace("_", " ")
        if outcomes:
            code = record["code"]
            return {**row, "outcome": record["outcome"] if code is None else f"{record['outcome']} [{code}]"}
        return {**row, "": bar(record["idle_days"], longest, BAR)}

    return layout
