"""What waits for what: a caller waits longer than what it calls may take."""

from __future__ import annotations

import re
from pathlib import Path

from usermgr_aws import CallLimits
from usermgr_function_usermgr.handler import LIMITS
from usermgr_lambda_client import LambdaTransport

ROOT = Path(__file__).parents[2]


def function_timeout(name: str) -> int:
    """The seconds that Terraform gives a function unless it is told otherwise."""
    variables = (ROOT / "terraform" / "variables.tf").read_text()
    block = variables.partition('variable "timeout"')[2]
    found = re.search(rf"{name}\s*= optional\(number, (\d+)\)", block)
    assert found is not None
    return int(found[1])


def slowest(limits: CallLimits) -> float:
    """The most seconds that one call may take, less the pauses between its attempts."""
    return limits.attempts * (limits.connect + limits.read)


def test_client_waits_longer_than_the_function_may_run() -> None:
    """A call that the function still works on is not taken for lost: the client reads for longer, and sends once."""
    client = LambdaTransport("usermgr", "ap-northeast-1")._client.meta.config  # type: ignore[attr-defined]

    assert client.read_timeout > function_timeout("usermgr")
    assert client.retries["total_max_attempts"] == 1


def test_function_has_time_to_undo_a_creation_that_hangs() -> None:
    """Three calls that each take as long as they may, creating, setting the password and undoing, fit into its time."""
    assert 3 * slowest(LIMITS) < function_timeout("usermgr")
