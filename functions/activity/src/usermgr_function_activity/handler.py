"""The recorder's Lambda function: records that somebody gets tokens, and never blocks a sign-in.

Cognito waits for this function before it issues tokens. So whatever happens here, the event is returned unchanged; the
one boundary is in `handler`, and no other code of usermgr catches everything.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

from usermgr_activity import DirectTransport, MachineSighting, Recorder
from usermgr_function_activity.config import Config
from usermgr_function_activity.event import parse_event
from usermgr_function_activity.log import failure, log_line

__all__ = ["handler"]

DEADLINE = 2.6
"""Seconds that a sign-in waits for us at most; Cognito itself waits five.

The transport's own time-outs are shorter. This one also ends what has no time-out: a name server, a reply that
arrives byte by byte, a slow import.
"""

_workers = ThreadPoolExecutor(max_workers=8, thread_name_prefix="recorder")


def handler(event: Any, context: Any) -> Any:  # noqa: ARG001 - Lambda's signature
    """Records who gets tokens, and returns the event unchanged, in under three seconds, always."""
    try:
        fields = _workers.submit(record, event, datetime.now(UTC)).result(timeout=DEADLINE)
    except Exception as error:  # noqa: BLE001 - the outermost boundary: nothing here may stop a sign-in
        fields = failure(error)
    with suppress(OSError, ValueError):  # a broken or closed standard output: still no reason to stop a sign-in
        print(log_line(fields, datetime.now(UTC)), flush=True)
    return event


def record(event: object, now: datetime) -> dict[str, str]:
    """Records the event; returns what to log. Raises whatever went wrong."""
    config = Config.read(os.environ)
    pool, sighting = parse_event(event, now)
    recorder = Recorder(
        _transport(config.region), table_name=config.table_name, user_pool_id=pool, days_kept=config.days_kept
    )
    outcome = recorder.record(sighting)
    kind = "machine" if isinstance(sighting, MachineSighting) else sighting.kind.value
    return {"outcome": outcome.value, "kind": kind, "user_pool_id": pool, "client_id": sighting.client_id}


@cache
def _transport(region: str) -> DirectTransport:
    return DirectTransport(region)


def _warm_up() -> None:
    """Loads what a sighting needs while Lambda still gives a starting function its full processor."""
    _transport(Config.read(os.environ).region)


# A failure here stays in the future: `record` fails in the same way, inside the boundary.
wait([_workers.submit(_warm_up)], timeout=DEADLINE)
