"""A DynamoDB of the tests' own, on a free loopback port, which can fail in every way that a wire can."""

from __future__ import annotations

import copy
import importlib.util
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.stub import PATIENCE, Stub
from usermgr_function_activity import handler as function

WAITED = "seconds that a faulty sign-in waited"
EVENTS = json.loads((Path(__file__).parent / "events" / "v2.json").read_text())["events"]
SIGN_IN = next(event for event in EVENTS if event["triggerSource"] == "TokenGeneration_Authentication")
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing-secret",
    "AWS_REGION": "ap-northeast-1",
    "AWS_LAMBDA_FUNCTION_NAME": "usermgr_activity",
    "DYNAMODB_NAME": "usermgr_activity",
}


class DynamoDB(Stub):
    """A DynamoDB that can fail in every way that a wire can."""

    @property
    def asked(self) -> list[tuple[str, dict[str, Any]]]:
        """The operations, with their bodies."""
        return [(headers["x-amz-target"].rpartition(".")[2], json.loads(body)) for headers, body in self.received]


@pytest.fixture
def dynamodb() -> Iterator[DynamoDB]:
    """A server that answers `{}` until it is told otherwise."""
    with DynamoDB() as stub:
        yield stub


@pytest.fixture
def environment(dynamodb: DynamoDB, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """The environment that Lambda gives the function, and the way to change it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**ENVIRONMENT, "AWS_ENDPOINT_URL": dynamodb.url}.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.fixture
def fails_open(
    environment: pytest.MonkeyPatch,
    dynamodb: DynamoDB,
    capsys: pytest.CaptureFixture[str],
    record_property: Callable[[str, object], None],
) -> Iterator[Callable[..., dict[str, Any]]]:
    """Sends an event through a function that has just started; gives its one log line, once all else holds."""
    functions: list[Any] = []

    def send(event: Any = SIGN_IN, *, code: str | None) -> dict[str, Any]:
        fresh = started()
        if code is not None:  # what has a code has ended by a time-out of its own, however busy the machine is
            fresh.DEADLINE = PATIENCE
        functions.append(fresh)
        before = copy.deepcopy(event)
        capsys.readouterr()
        begin = time.monotonic()
        answer = fresh.handler(event, None)
        took = time.monotonic() - begin
        record_property(WAITED, took)
        assert answer is event
        assert event == before
        assert took < PATIENCE / 2
        [text] = capsys.readouterr().out.splitlines()
        line = json.loads(text)
        assert (line["outcome"], line["Failed"], line.get("code")) == ("failed", 1, code)
        assert line["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "Failed", "Unit": "Count"}]
        assert [secret for secret in ("testing-secret", "arn:aws", "ada") if secret in text] == []
        return line

    yield send
    dynamodb.closing.set()
    for fresh in functions:  # what the deadline cut off still runs: it must not reach into the next test
        fresh._workers.shutdown(wait=True)


def started() -> Any:
    """The function's module as a new execution environment has it."""
    spec = importlib.util.spec_from_file_location("fresh_handler", function.__file__)
    assert spec is not None
    assert spec.loader is not None
    fresh = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fresh)
    return fresh


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Says how many faults passed a sign-in through, and how long the slowest took.

    The figures come with the reports of the tests, which may have run in other processes.
    """
    reports = terminalreporter.getreports("passed")
    durations = [seconds for each in reports for name, seconds in each.user_properties if name == WAITED]
    if durations:
        count, slowest = len(durations), max(durations) * 1000
        terminalreporter.write_line(f"recorder faults: {count} of {count} fail open, the slowest in {slowest:.0f} ms")
