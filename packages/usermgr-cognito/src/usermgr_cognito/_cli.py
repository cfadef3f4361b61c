"""`usermgr trigger` and `usermgr quotas`: what only Amazon Cognito has, for usermgr-cli (`usermgr.commands`).

Nothing here imports the SDK before a command runs.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import click

from usermgr.errors import ConfigurationError, InvalidInputError
from usermgr_aws import Connection

if TYPE_CHECKING:
    from usermgr.checks import Finding
    from usermgr.commands import CommandLine, Done
    from usermgr_cognito.trigger import Permissions, Trigger, UserPool

__all__ = ["quotas", "trigger"]

ARN = click.argument("arn", required=False)
VERSION = "V1_0"

CHANGE = {"user_pool_id": str, "outcome": str, "trigger": str | None, "stack": str | None}
"""What is told of a change: what was done or would be, and the pool's trigger and its CloudFormation stack after it."""


# --- The trigger -------------------------------------------------------------------------------------


@click.group(help="Attach and detach the trigger that records activity, on a user pool that Terraform does not own.")
def trigger() -> None:
    """The group of commands."""


def _grants(command: Any) -> Any:
    """The options that say what the caller's role may do beyond the pool; docs/trigger.md says who needs which."""
    for name, what in (
        ("--ses-source-arn", "iam:CreateServiceLinkedRole for this SES identity of the pool"),
        ("--sender-kms-key-arn", "kms:CreateGrant on this key of the pool's custom senders"),
        ("--sms-role-arn", "iam:PassRole on this role for the pool's text messages"),
    ):
        command = click.option(name, metavar="ARN", help=f"Declares that you are allowed {what}.")(command)
    return click.option("--dry-run", is_flag=True, help="Show what would be done, and change nothing.")(command)


@trigger.command()
@ARN
@click.option("--event-version", default=VERSION, show_default=True, help="V1_0; V2_0 and V3_0 above the plan Lite.")
@click.option("--replaces", metavar="ARN", help="The trigger of somebody else that may be overwritten.")
@click.option("--replaces-version", default=VERSION, show_default=True, help="The event version of that one.")
@_grants
@click.pass_obj
def attach(
    line: CommandLine,
    arn: str | None,
    *,
    event_version: str,
    replaces: str | None,
    replaces_version: str,
    dry_run: bool,
    **grants: str | None,
) -> Annotated[Done, CHANGE]:
    """Make the function ARN (default: USERMGR_TRIGGER_ARN) the pool's trigger for tokens.

    Another function's trigger is never overwritten, unless --replaces names exactly that one. Every other setting of
    the pool is sent back as it was, and compared afterwards.
    """
    from usermgr.commands import Done  # noqa: PLC0415 - help loads nothing
    from usermgr_cognito.trigger import Trigger, TriggerOccupiedError  # noqa: PLC0415 - as above
    from usermgr_cognito.trigger import attach as attach_trigger  # noqa: PLC0415 - as above

    wanted = Trigger(_arn(arn), event_version)
    wanted.validate()
    other = Trigger(replaces, replaces_version) if replaces else None
    pool, permissions = _pool(), _permissions(grants)
    found = pool.read()
    if found.trigger == wanted:
        return Done(
            f"{wanted} is the trigger of {pool.user_pool_id} already", _told(pool, "unchanged", wanted, found.stack)
        )
    if found.trigger is not None and found.trigger.arn != wanted.arn and found.trigger != other:
        raise TriggerOccupiedError(
            f"nothing was changed: {pool.user_pool_id} already has another trigger, {found.trigger}; to replace it, "
            f"add --replaces {found.trigger.arn} --replaces-version {found.trigger.version}, and keep both to detach",
            user_pool_id=pool.user_pool_id,
            found_arn=found.trigger.arn,
            found_version=found.trigger.version,
        )
    permissions.require(pool.user_pool_id, found.description)
    _warn(line, pool, wanted, str(found.description.get("Arn", "")), found.stack)
    instead = f", in the place of {found.trigger}" if found.trigger else ""
    if dry_run:
        return Done(
            f"{wanted} would be attached to {pool.user_pool_id}{instead}",
            _told(pool, "would attach", wanted, found.stack),
        )
    line.confirm(f"Attach {wanted} to the user pool {pool.user_pool_id}{instead}? It runs at every sign-in there.")
    result = attach_trigger(
        pool, wanted, replaces=other if found.trigger else None, permissions=permissions, budget=None
    )
    return Done(f"{wanted} is attached to {pool.user_pool_id}", _told(pool, "attached", result.trigger, result.stack))


@trigger.command()
@ARN
@click.option("--restores", metavar="ARN", help="The trigger to put back: the one that was replaced.")
@click.option("--restores-version", default=VERSION, show_default=True, help="The event version of that one.")
@_grants
@click.pass_obj
def detach(
    line: CommandLine,
    arn: str | None,
    *,
    restores: str | None,
    restores_version: str,
    dry_run: bool,
    **grants: str | None,
) -> Annotated[Done, CHANGE]:
    """Take the function ARN (default: USERMGR_TRIGGER_ARN) away from the pool; somebody else's trigger stays."""
    from usermgr.commands import Done  # noqa: PLC0415 - help loads nothing
    from usermgr_cognito.trigger import Trigger  # noqa: PLC0415 - as above
    from usermgr_cognito.trigger import detach as detach_trigger  # noqa: PLC0415 - as above

    ours = Trigger(_arn(arn))
    ours.validate()
    back = Trigger(restores, restores_version) if restores else None
    if back is not None:
        back.validate()
    pool, permissions = _pool(), _permissions(grants)
    found = pool.read()
    if found.trigger is None or found.trigger.arn != ours.arn:
        has = f"its trigger is {found.trigger}" if found.trigger else "it has no trigger"
        return Done(
            f"{ours.arn} is not attached to {pool.user_pool_id}: {has}",
            _told(pool, "unchanged", found.trigger, found.stack),
        )
    permissions.require(pool.user_pool_id, found.description)
    then = f", and put {back} back" if back else ""
    if dry_run:
        return Done(
            f"{ours.arn} would be detached from {pool.user_pool_id}{then}",
            _told(pool, "would detach", back, found.stack),
        )
    line.confirm(
        f"Detach {ours.arn} from the user pool {pool.user_pool_id}{then}? From then on nobody's activity is recorded."
    )
    result = detach_trigger(pool, ours, restores=back, permissions=permissions)
    return Done(
        f"{ours.arn} is detached from {pool.user_pool_id}{then}", _told(pool, "detached", result.trigger, result.stack)
    )


@dataclass(frozen=True, slots=True)
class TriggerStatus:
    """Where the trigger is, and what is wrong with it."""

    user_pool_id: str
    state: str
    """`attached`, `absent`, `other_version`, `foreign`; `none` where no function was named and the pool has none."""
    trigger: str | None
    stack: str | None
    problem: str | None
    remedy: str | None


@trigger.command()
@ARN
@click.option("--event-version", default=VERSION, show_default=True, help="The version that it should have.")
@click.pass_obj
def check(line: CommandLine, arn: str | None, *, event_version: str) -> TriggerStatus:
    """Say whether the function ARN (default: USERMGR_TRIGGER_ARN) is attached, and whether Cognito may call it.

    Changes nothing, and ends with 1 where sign-ins are not recorded or fail. Without a function, whatever the pool has
    is looked at.
    """
    from usermgr_cognito.trigger import State, Trigger  # noqa: PLC0415 - help loads nothing
    from usermgr_cognito.trigger._change import status_of  # noqa: PLC0415 - as above

    wanted = arn or os.environ.get("USERMGR_TRIGGER_ARN")
    pool = _pool()
    found = pool.read()
    state = State.ABSENT if found.trigger is None else State.ATTACHED
    if wanted:
        ours = Trigger(wanted, event_version)
        ours.validate()
        state = status_of(pool.user_pool_id, found.trigger, ours).state
    problem = None
    if state is State.ATTACHED and found.trigger is not None:
        problem = _finding(found.trigger, str(found.description.get("Arn", "")))
    if state is not State.ATTACHED or problem is not None:
        line.exit = 1
    return TriggerStatus(
        pool.user_pool_id,
        state.value,
        str(found.trigger) if found.trigger else None,
        found.stack,
        problem.summary if problem else None,
        problem.remedy if problem else _STATES.get(state.value),
    )


_STATES = {
    "absent": "attach it: usermgr trigger attach, or attach_trigger = true in Terraform",
    "other_version": "attach it again with the event version that it should have",
    "foreign": "somebody else's function is attached: talk to its owner before you replace it",
}


def _arn(given: str | None) -> str:
    arn = given or os.environ.get("USERMGR_TRIGGER_ARN")
    if not arn:
        problem = "no function is named: give its ARN, or set USERMGR_TRIGGER_ARN to Terraform's output `recorder_arn`"
        raise InvalidInputError(problem, field="arn")
    return arn


def _pool() -> UserPool:
    from usermgr_cognito.trigger import UserPool  # noqa: PLC0415 - it imports the SDK

    pool = os.environ.get("USERPOOL_ID")
    if not pool:
        problem = "USERPOOL_ID is not set: set it to the pool's id, in the environment or the profile"
        raise ConfigurationError(problem, problems=[problem])
    return UserPool.connect(pool)


def _permissions(grants: dict[str, str | None]) -> Permissions:
    from usermgr_cognito.trigger import Permissions  # noqa: PLC0415 - it imports the SDK

    return Permissions(**grants)


def _told(pool: UserPool, outcome: str, now: Trigger | None, stack: str | None) -> dict[str, str | None]:
    return {
        "user_pool_id": pool.user_pool_id, "outcome": outcome, "trigger": str(now) if now else None, "stack": stack
    }  # fmt: skip


def _warn(line: CommandLine, pool: UserPool, wanted: Trigger, pool_arn: str, stack: str | None) -> None:
    """Stops where every sign-in would fail, and tells what the person should know before the question."""
    problem = _finding(wanted, pool_arn)
    if problem is not None and problem.severity.value == "failure":
        raise InvalidInputError(f"nothing was changed: {problem.summary}; {problem.remedy}", field="arn")
    if problem is not None:
        line.note(f"{problem.summary}: where the function does not allow it, every sign-in fails")
    if stack is not None:
        line.note(f"{pool.user_pool_id} belongs to the CloudFormation stack {stack}, whose next update resets this")


def _finding(wanted: Trigger, pool_arn: str) -> Finding | None:
    from usermgr_cognito._trigger_check import permission  # noqa: PLC0415 - it imports the SDK

    return permission(Connection(wanted.arn.split(":")[3]), wanted, pool_arn, {})


# --- Quotas ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Quota:
    """One category of Cognito's requests, whose rate all pools of an account in a Region share."""

    category: str
    default_rate: float
    """Requests a second, as AWS publishes them."""
    in_force: float | None
    """What the store in force tells and bulk work keeps to; nothing where no store on Cognito is in force."""
    operations: list[str]
    """Those of usermgr that need it."""


SOURCE = "https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"


@click.command()
@click.pass_obj
def quotas(line: CommandLine) -> Iterator[Quota]:
    """Show Amazon Cognito's request rates by category, and which operations need them."""
    from usermgr_cognito._quotas import COSTS, RATES  # noqa: PLC0415 - help loads nothing

    line.note(f"Requests a second, for all pools of an account in a Region: {SOURCE}")
    told: dict[str, float] = {}
    if os.environ.get("USERMGR_BACKEND") in ("cognito", "lambda"):
        described = line.users.describe()
        if described.service == "cognito":
            told = dict(described.rates)
    for category, rate in RATES.items():
        names = sorted({name.partition(".")[0] for name, costs in COSTS.items() if category in costs})
        yield Quota(category, rate, told.get(category), names)
