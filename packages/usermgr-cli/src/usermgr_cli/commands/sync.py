"""`usermgr sync`: the store is brought to the state that a file declares, by a plan that is shown first."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import click

from usermgr.commands import Done, Report
from usermgr_cli._bulk import RUN, Files, files_option, finished, nothing_to_do, run
from usermgr_cli._bulk._files import new_name, tell_of_earlier_runs, to_go_on
from usermgr_cli._exits import Exit
from usermgr_cli._line import Line
from usermgr_cli._output import show_report
from usermgr_cli._problems import tell

if TYPE_CHECKING:
    from usermgr_bulk.sync import Plan, TooManyLossesError

__all__ = ["command"]

STYLES = {"+": "green", "~": "yellow", "-": "red"}

PLAN = {
    "plan": int, "digest": str, "service": str, "store": str | None, "made_at": str, "groups": list[dict[str, Any]],
    "users": list[dict[str, Any]], "prune": str | None, "prune_groups": bool, "limits": dict[str, float],
    "required_groups": list[str], "acting": list[str], "managed": dict[str, int], "undeclared": dict[str, int],
    "unmanaged": dict[str, int],
}  # fmt: skip
"""The fields of a plan, for `usermgr schema`."""

PlanData = Annotated[dict[str, Any], PLAN]

F = Callable[..., Any]


@click.group(help="Bring the store to the state that a file declares.")
def command() -> None:
    """The group of commands."""


def planning(function: F) -> F:
    """The options that decide what a plan is."""
    for option in (
        click.option(
            "--limit-number", type=click.IntRange(min=0), metavar="N",
            help="The most people, groups or memberships that may be lost.  [default: 20]",
        ),
        click.option(
            "--limit-share", type=click.FloatRange(0, 1), metavar="SHARE",
            help="The share of what is managed that may be lost.  [default: 0.1]",
        ),
        click.option("--prune-groups", is_flag=True, help="Delete groups that are not declared."),
        click.option(
            "--prune", type=click.Choice(("delete", "disable")), help="What becomes of people who are not declared."
        ),
    ):  # fmt: skip
        function = option(function)
    return function


@command.command()
@click.argument("desired", metavar="FILE", type=click.Path(exists=True, dir_okay=False))
@planning
@click.option("--out", type=click.Path(dir_okay=False), metavar="FILE", help="Save the plan, for `usermgr sync apply`.")
@click.option("--markdown", is_flag=True, help="Show the plan in Markdown, for a pull request.")
@click.pass_obj
def plan(line: Line, desired: str, out: str | None, markdown: bool, **given: Any) -> Report[PlanData]:
    """Show what would bring the store to the state that FILE declares, and change nothing.

    The status is 6 where the plan has changes, and 0 where it has none.
    """
    made = _made(line, Path(desired), given)
    if out is not None:
        made.save(out)
        line.note(f"The plan is in {out}. To do just that: {to_go_on(['sync', 'apply', '--plan', out])}")
    if not made.is_empty:
        line.exit = Exit.CHANGES
    return _shown(made, markdown=markdown)


@command.command()
@click.argument("desired", metavar="[FILE]", required=False, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--plan", "saved", type=click.Path(exists=True, dir_okay=False), metavar="FILE",
    help="Do what this plan says, that `usermgr sync plan --out` saved, and nothing else.",
)  # fmt: skip
@planning
@click.option("--invite", type=click.Choice(("email", "sms")), help="Send each new user an invitation.")
@files_option
@click.option("--dry-run", is_flag=True, help="Show the plan, as `usermgr sync plan` does, and change nothing.")
@click.pass_obj
def apply(
    line: Line, *, desired: str | None, saved: str | None, invite: str | None, resume: bool, dry_run: bool, **given: Any
) -> Annotated[Done, RUN]:
    """Bring the store to the state that FILE declares, or do what a saved plan says.

    The plan is shown first, and asked about. What has changed since the plan was made fails, and the rest goes on.
    """
    if (desired is None) == (saved is None):
        raise click.UsageError("name the file that declares the state, or a saved plan with --plan")
    if saved is None:
        return _apply_new(line, Path(str(desired)), given, invite=invite, resume=resume, dry_run=dry_run)
    from usermgr_bulk.sync import Plan  # noqa: PLC0415 - as all of usermgr, once the command runs

    path = Path(saved)
    made = Plan.load(path)
    if given["prune_groups"] or any(given[name] is not None for name in ("prune", "limit_share", "limit_number")):
        raise click.UsageError("a saved plan has its own --prune and limits: leave them out, or make a new plan")
    if dry_run:
        return _only_shown(line, made)
    files = Files.beside(path, given, resume=resume)
    return _applied(line, made, files, invite=invite, resume=resume, again=to_go_on(line.arguments, "--resume"))


def _apply_new(
    line: Line, desired: Path, given: dict[str, Any], *, invite: str | None, resume: bool, dry_run: bool
) -> Done:
    if resume:
        raise click.UsageError("--resume goes on with a plan: name it with --plan, as the interrupted run has told")
    made = _made(line, desired, given)
    if dry_run:
        return _only_shown(line, made)
    report = given["report"] or f"{desired}.report.jsonl"
    tell_of_earlier_runs(
        line, str(desired), ".plan", lambda path: Path(f"{path}.journal"), "sync", "apply", "--report", report, "--plan"
    )
    path = new_name(str(desired), ".plan")
    files = Files.beside(path, {**given, "report": report}, resume=False)
    made.save(path)  # a run that is interrupted goes on with just this one
    again = to_go_on(_with_plan(line.arguments, str(desired), path), "--report", str(files.report), "--resume")
    try:
        done = _applied(line, made, files, invite=invite, resume=False, again=again)
    except BaseException:
        if not files.journal.exists():
            _remove(path)
        raise
    _remove(path)
    return done


def _applied(line: Line, made: Plan, files: Files, *, invite: str | None, resume: bool, again: str) -> Done:
    from usermgr_bulk.sync import apply_plan  # noqa: PLC0415 - as above

    if made.is_empty:
        return nothing_to_do("no changes: the store is as declared")
    if not resume:
        _ask(line, made, invite)
    users = line.users
    summary = run(
        line,
        files,
        lambda tell: apply_plan(
            users,
            made,
            journal=files.journal,
            invite=invite,
            report=files.report,
            progress=tell,
        ),
        doing="Applying",
        again=again,
    )
    return finished(line, files, summary)


def _made(line: Line, desired: Path, given: dict[str, Any]) -> Plan:
    """The plan. One that takes too much away is shown all the same; the error says what to add."""
    from usermgr_bulk.sync import SyncLimits, TooManyLossesError, plan_sync, read_desired  # noqa: PLC0415 - as above

    limits = {"share": given["limit_share"], "number": given["limit_number"]}
    users = line.users
    try:
        with line.progress("Reading") as told:
            return plan_sync(
                users,
                read_desired(desired),
                prune=given["prune"],
                prune_groups=given["prune_groups"],
                limits=SyncLimits(**{name: value for name, value in limits.items() if value is not None}),
                progress=told,
            )
    except TooManyLossesError as error:
        refused = _refused(line, error)
        raise click.exceptions.Exit(Exit.FAILURE) from refused


def _refused(line: Line, error: TooManyLossesError) -> TooManyLossesError:
    """Shows the plan on standard error, because it is none that could be carried out, and says what to add."""
    if error.plan is not None:
        _show(line, error.plan)
    losses = error.losses or ()
    share = max((ceil(loss.share * 1000) / 1000 for loss in losses), default=0.0)
    number = max((loss.count for loss in losses), default=0)
    remedy = f"look at it twice; then add --limit-share {share:g} --limit-number {number}"
    tell(line, error.message, error.code, remedy=remedy, error=error)
    return error


def _shown(made: Plan, *, markdown: bool = False) -> Report[dict[str, Any]]:
    data: dict[str, Any] = json.loads(made.to_json())
    return Report(made.to_markdown(), data) if markdown else Report(made.to_text(), data, STYLES)


def _only_shown(line: Line, made: Plan) -> Done:
    """The dry run is `usermgr sync plan`, whose fields the schema of that has."""
    line.exit = Exit.OK if made.is_empty else Exit.CHANGES
    return cast("Done", _shown(made))


def _show(line: Line, made: Plan) -> None:
    """Shows the plan beside the data, to people."""
    if not line.is_agent and not line.options.get("quiet"):
        show_report(_shown(made), color=line.options.get("color"), stderr=True)


def _ask(line: Line, made: Plan, invite: str | None) -> None:
    """Shows the plan, on standard error, and asks with its counts."""
    _show(line, made)
    sending = "" if invite is None else " Each new user gets an invitation."
    line.confirm(f"{made}{sending} Apply it?")


def _with_plan(arguments: list[str], desired: str, path: Path) -> list[str]:
    """The arguments with the plan in the place of the file that declares the state."""
    kept: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in ("--prune", "--limit-share", "--limit-number", "--report"):
            next(words, None)
        elif word == desired:
            kept += ["--plan", str(path)]
        elif word != "--prune-groups" and not word.startswith(("--prune=", "--limit-share=", "--limit-number=")):
            kept.append(word)
    return kept


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink()
