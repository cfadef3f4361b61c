"""What the sandbox can be told beside AWS's own APIs: one method a control path."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

from moto.core.exceptions import ServiceException
from moto.moto_api._internal.models import moto_api_backend

from usermgr_sandbox.fidelity import clock
from usermgr_sandbox.fidelity.cognito.backend import find_pool
from usermgr_sandbox.fidelity.cognito.listing import listing_delay

if TYPE_CHECKING:
    from usermgr_sandbox.lambda_runtime.executor import Executor
    from usermgr_sandbox.server.request_log import RequestLog


class ControlError(Exception):
    """The sandbox was asked for something that it cannot do."""


class Controls:
    """The control paths, by name."""

    def __init__(self, log: RequestLog, executor: Executor) -> None:
        self._log = log
        self._executor = executor
        self._actions = {
            "reset": self._reset,
            "requests": self._requests,
            "rotate_keys": self._rotate_keys,
            "function_logs": self._function_logs,
            "sms_code": self._sms_code,
            "add_federated_user": self._add_federated_user,
            "delay_listing": self._delay_listing,
            "advance_clock": self._advance_clock,
        }

    def run(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Run one; ControlError for an unknown one, or for one that AWS's own rules refuse."""
        if action not in self._actions:
            raise ControlError(f"the sandbox has no control {action!r}; it has {', '.join(self._actions)}")
        try:
            return self._actions[action](**arguments) or {}
        except ServiceException as error:
            raise ControlError(str(error.message)) from error

    def _reset(self) -> None:
        self._executor.reset()
        moto_api_backend.reset()
        self._log.clear()
        clock.reset()
        listing_delay.set(0.0)

    def _requests(self, since: int) -> dict[str, Any]:
        records = [dataclasses.asdict(record) for record in self._log.since(since)]
        return {"requests": [{**each, "time": each["time"].isoformat()} for each in records]}

    def _rotate_keys(self, user_pool_id: str) -> None:
        find_pool(user_pool_id).keys.rotate()

    def _function_logs(self, function_name: str) -> dict[str, Any]:
        return {"lines": self._executor.function_logs(function_name)}

    def _sms_code(self, user_pool_id: str, username: str) -> dict[str, Any]:
        code = find_pool(user_pool_id).require_user(username).sms_code
        if code is None:
            raise ControlError(f"no text message was sent to {username!r}")
        return {"code": code}

    def _add_federated_user(
        self, user_pool_id: str, provider: str, subject: str, attributes: dict[str, str]
    ) -> dict[str, Any]:
        return {"username": find_pool(user_pool_id).add_federated_user(provider, subject, attributes).username}

    def _delay_listing(self, seconds: float) -> None:
        listing_delay.set(seconds)

    def _advance_clock(self, seconds: float) -> None:
        clock.advance(seconds)
