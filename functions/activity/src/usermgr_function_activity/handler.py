"""The recorder's Lambda function: notes that somebody gets tokens, and never stands in their way.

Cognito waits for this function before it hands out tokens. So whatever happens here, the event goes back as it
came; the one boundary is in `handler`, and no other code of usermgr catches everything.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from datetime import UTC, datetime
from functools import cache
from typing import Any

from usermgr.activity import Outcome, Sighting
from usermgr_activity import DirectTransport, Recorder
from usermgr_function_activity.config import Config
from usermgr_function_activity.event import TokenEvent, parse_event
from usermgr_function_activity.log import failure, log_line

DEADLINE = 2.6
"""Seconds that a sign-in waits for us at the most; Cognito itself waits five.

The transport's own time-outs end sooner. This one also ends what has no time-out: a name server, a reply that
comes in drips, a slow import.
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
    config = Config.parse(os.environ)
    seen = parse_event(event)
    recorder = Recorder(_transport(config.region), table_name=config.table_name, user_pool_id=seen.user_pool_id)
    outcome = _record(recorder, seen, now)
    kind = "machine" if seen.kind is None else seen.kind.value
    return {"outcome": outcome.value, "kind": kind, "user_pool_id": seen.user_pool_id, "client_id": seen.client_id}


def _record(recorder: Recorder, seen: TokenEvent, now: datetime) -> Outcome:
    if seen.kind is None or seen.sub is None:
        return recorder.record_machine(seen.client_id, now)
    return recorder.record(Sighting(seen.sub, seen.kind, seen.client_id, now))


@cache
def _transport(region: str) -> DirectTransport:
    return DirectTransport(region)


def _warm_up() -> None:
    """Loads what a sighting needs while Lambda still gives a starting function its full processor."""
    _transport(Config.parse(os.environ).region)


# A failure here stays in the future: `record` meets it again, inside the boundary.
wait([_workers.submit(_warm_up)], timeout=DEADLINE)
