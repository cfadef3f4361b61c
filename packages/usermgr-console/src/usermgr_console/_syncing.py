"""A sync as a piece of work: read what is wished for, make a plan, and carry out that plan after somebody's yes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from usermgr_bulk.sync import (
    DesiredStateError,
    Plan,
    Prune,
    SyncLimits,
    TooManyLossesError,
    apply_plan,
    parse_desired,
    plan_sync,
)
from usermgr_console._work import JOURNAL, REPORT, Running

__all__ = ["DOCUMENT", "PLAN", "REFUSED", "SYNC", "bring_to_state"]

SYNC = "sync"
DOCUMENT, PLAN, REFUSED = "document", "plan.json", "refused.json"

SHOWN = 200
"""Problems that are kept for the page."""


def bring_to_state(running: Running) -> Mapping[str, Any]:
    """Makes the plan and waits; then, once somebody has said yes, does what the plan says."""
    piece = running.piece
    if not piece.path(PLAN).exists():
        refused = _plan(running)
        if refused is not None:
            return refused
    plan = Plan.load(piece.path(PLAN))
    if plan.is_empty:
        return {"counts": {}}
    if not piece.agreed:
        return {"waits": True, "count": len(plan.groups) + len(plan.users)}
    summary = apply_plan(
        running.services.users,  # which is guarded, as below
        plan,
        journal=piece.path(JOURNAL),
        invite=piece.facts["invite"] or None,
        report=piece.path(REPORT),
        progress=running.tell,
        stop=running.stop,
    )
    return {"counts": {outcome.value: count for outcome, count in summary.counts.items()}}


def _plan(running: Running) -> Mapping[str, Any] | None:
    """Makes the plan beside the piece; what keeps it from being one, where something does."""
    piece, facts = running.piece, running.piece.facts
    try:
        plan = plan_sync(
            running.services.users,
            parse_desired(piece.path(DOCUMENT).read_bytes(), facts["format"]),
            prune=Prune(facts["prune"]) if facts["prune"] else None,
            prune_groups=facts["prune_groups"],
            limits=SyncLimits(share=facts["share"] / 100, number=facts["number"]),
            progress=running.tell,
            stop=running.stop,
        )
    except DesiredStateError as error:
        problems = [
            {"line": problem.line, "field": problem.field, "message": problem.message}
            for problem in error.problems or ()
        ]
        return {"problems": problems[:SHOWN], "problem_count": len(problems)}
    except TooManyLossesError as error:
        if error.plan is not None:
            error.plan.save(piece.path(REFUSED))
        losses = [
            {"kind": loss.kind.value, "count": loss.count, "managed": loss.managed, "allowed": loss.allowed}
            for loss in error.losses or ()
        ]
        return {"losses": losses}
    plan.save(piece.path(PLAN))
    return None
