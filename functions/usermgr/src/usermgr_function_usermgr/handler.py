"""The user management function: `usermgr.wire.serve` around the Cognito backend."""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from typing import Any

from usermgr import UserManager
from usermgr.audit import Actor, Audited, LoggerSink
from usermgr.errors import ServiceError, UsermgrError
from usermgr.wire import claimed_actor, error_reply, serve
from usermgr_cognito import CallLimits, CognitoUserManager, redact_sdk_logs
from usermgr_function_usermgr.config import Config

__all__ = ["handler"]

log = logging.getLogger("usermgr.function")
log.setLevel(logging.INFO)  # Lambda's own level is WARNING, and would drop the records of changes
redact_sdk_logs()

LIMITS = CallLimits(attempts=2, connect=1, read=3)
"""Short enough that a creation whose second call hangs can still be undone within the function's own 30 seconds."""

INVOKER = "the function's caller"
"""The actor in the records: the function itself cannot know more."""


@cache
def _start() -> tuple[UserManager, Config]:
    config = Config.read(os.environ)
    return CognitoUserManager(config.cognito, limits=LIMITS), config


def _audited(manager: UserManager, event: Any, context: Any) -> UserManager:
    """The manager, with one line in the log for each change.

    Who invoked the function is in CloudTrail, under the same request id, where its data events are logged
    (https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html). Whom the
    caller says it acts for is only a claim. A log that fails stops no change: the other record of it is CloudTrail's.
    """
    claimed = claimed_actor(event)
    details = {} if claimed is None else {"claimed_actor": claimed}
    actor = Actor(INVOKER, details, request_id=context.aws_request_id)
    return Audited(manager, LoggerSink(log), actor, on_failure=log)


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answers a request of the wire protocol with its reply; never with an exception.

    Lambda passes the text and the traceback of an uncaught exception to the caller, and they may quote what was sent,
    a password included. So an unforeseen error is answered as `service`, and only its type is logged.
    """
    try:
        manager, config = _start()
        return serve(_audited(manager, event, context), event, allowed=config.allowed)
    except UsermgrError as error:
        return error_reply(error)
    except Exception as error:  # noqa: BLE001 - the boundary that the docstring explains
        kind = type(error).__name__
        log.error(json.dumps({"event": "unforeseen_error", "type": kind, "request": context.aws_request_id}))  # noqa: TRY400 - a traceback may quote a password
        return error_reply(ServiceError("the function failed inside: find the request in its log"))
