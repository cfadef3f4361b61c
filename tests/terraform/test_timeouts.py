"""What waits for what: a caller waits longer than what it calls may take."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from usermgr_aws import CallLimits
from usermgr_function_usermgr.handler import LIMITS
from usermgr_lambda_client import LambdaTransport

ROOT = Path(__file__).parents[2]


def defaults(variable: str) -> dict[str, int]:
    """What Terraform gives each function unless it is told otherwise."""
    text = (ROOT / "terraform" / "main.tf").read_text()
    found = re.search(rf"^  {variable}\s*= merge\(\{{(.*?)\}}", text, re.MULTILINE)
    assert found is not None
    return {name: int(number) for name, number in re.findall(r"(\w+) = (\d+)", found[1])}


def slowest(limits: CallLimits) -> float:
    """The most seconds that one call may take, less the pauses between its attempts."""
    return limits.attempts * (limits.connect + limits.read)


def test_client_waits_longer_than_the_function_may_run() -> None:
    """A call that the function still works on is not taken for lost: the client reads for longer, and sends once."""
    client = LambdaTransport("usermgr", "ap-northeast-1")._client.meta.config  # type: ignore[attr-defined]

    assert client.read_timeout > defaults("timeout")["usermgr"]
    assert client.retries["total_max_attempts"] == 1


def test_function_has_time_to_undo_a_creation_that_hangs() -> None:
    """Three calls that each take as long as they may, creating, setting the password and undoing, fit into its time."""
    assert 3 * slowest(LIMITS) < defaults("timeout")["usermgr"]


@pytest.mark.parametrize("variable", ["timeout", "memory_size"])
def test_description_names_the_defaults(variable: str) -> None:
    """Whoever reads the variable learns what each function has without it."""
    text = (ROOT / "terraform" / "variables.tf").read_text()
    found = re.search(rf'variable "{variable}" \{{\s*description = "(.*)"', text)

    assert found is not None
    for name, number in defaults(variable).items():
        assert re.search(rf"\b{name}\b[^(]*\({number}\b", found[1])
