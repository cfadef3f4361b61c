"""The user management function: `usermgr.wire.serve` around the Cognito backend."""

from __future__ import annotations

import json
import logging
import os
from functools import cache
from typing import Any

from usermgr import UserManager
from usermgr.errors import ServiceError, UsermgrError
from usermgr.wire import error_reply, serve
from usermgr_cognito import CallLimits, CognitoUserManager, redact_sdk_logs
from usermgr_function_usermgr.config import Config

__all__ = ["handler"]

log = logging.getLogger("usermgr.function")
redact_sdk_logs()

LIMITS = CallLimits(attempts=2, connect=1, read=3)
"""Short enough that a creation whose second call hangs can still be undone within the function's own 30 seconds."""


@cache
def _start() -> tuple[UserManager, Config]:
    config = Config.read(os.environ)
    return CognitoUserManager(config.cognito, limits=LIMITS), config


def handler(event: Any, context: Any) -> dict[str, Any]:
    """Answers a request of the wire protocol with its reply; never with an exception.

    Lambda passes the text and the traceback of an uncaught exception to the caller, and they may quote what was sent,
    a password included. So an unforeseen error is answered as `service`, and only its type is logged.
    """
    try:
        manager, config = _start()
        return serve(manager, event, allowed=config.allowed)
    except UsermgrError as error:
        return error_reply(error)
    except Exception as error:  # noqa: BLE001 - the boundary that the docstring explains
        kind = type(error).__name__
        log.error(json.dumps({"event": "unforeseen_error", "type": kind, "request": context.aws_request_id}))  # noqa: TRY400 - a traceback may quote a password
        return error_reply(ServiceError("the function failed inside: find the request in its log"))
