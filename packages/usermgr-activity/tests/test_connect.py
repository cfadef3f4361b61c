"""Where a store's settings come from."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import boto3
import pytest

import usermgr_activity
from tests.stub import PATIENCE, Server
from usermgr import ActivityStore, Factory
from usermgr.errors import ConfigurationError, ServiceTimeoutError
from usermgr_activity import DynamoActivityStore, _store

POOL = "ap-northeast-1_Example"


@pytest.fixture
def aside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[dict[str, str]], Any]]:
    """A server that keeps what it is asked, and an environment of nothing but these variables and a key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            server.callers.append(self.client_address)
            server.received.append((self.headers, self.rfile.read(int(self.headers["Content-Length"]))))
            if server.hangs:
                server.closing.wait(PATIENCE)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(server.content)))
            self.end_headers()
            self.wfile.write(server.content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
            pass

    with Server(Handler) as running:
        server: Any = running
        server.received, server.callers, server.hangs = [], [], False
        server.content = b'{"Responses": {}, "UnprocessedKeys": {}}'

        def prepare(variables: dict[str, str]) -> Any:
            for name in [name for name in os.environ if name.startswith(("AWS_", "USERPOOL_ID", "DYNAMODB_NAME"))]:
                monkeypatch.delenv(name)
            key = {"AWS_ACCESS_KEY_ID": "KEY", "AWS_SECRET_ACCESS_KEY": "x", "AWS_CONFIG_FILE": os.devnull}
            for name, value in {**key, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, **variables}.items():
                monkeypatch.setenv(name, value)
            return server

        yield prepare


def test_connect_names_all_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """One error names every setting that is missing or malformed."""
    monkeypatch.delenv("USERPOOL_ID", raising=False)

    with pytest.raises(ConfigurationError) as caught:
        DynamoActivityStore.connect(region="nowhere!")

    problems = caught.value.problems or []
    assert [problem.split()[0] for problem in problems] == ["USERPOOL_ID", "AWS_REGION"]


@pytest.mark.parametrize("connect", [usermgr_activity.connect, Factory.create_activity])
def test_connect_from_the_environment(
    connect: Callable[[], ActivityStore], table_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tools' environment names are enough, for the package's own door and for the Factory's."""
    monkeypatch.setenv("USERMGR_ACTIVITY", Factory.DYNAMODB)
    monkeypatch.setenv("USERPOOL_ID", POOL)
    monkeypatch.setenv("DYNAMODB_NAME", table_name)

    with connect() as store:
        assert store.last_seen("ada") is None
    assert isinstance(store, DynamoActivityStore)
    assert store.last_seen("ada") is None  # closed, and opened again


@pytest.mark.parametrize(
    ("given", "variables", "expected"),
    [
        pytest.param({}, {"AWS_REGION": "eu-west-1"}, "eu-west-1", id="variable"),
        pytest.param({"region": "us-east-1"}, {"AWS_REGION": "eu-west-1"}, "us-east-1", id="keyword"),
        pytest.param({}, {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2", id="default-region"),
        pytest.param({"profile": "ops"}, {}, "eu-north-1", id="profile"),
        pytest.param({}, {"AWS_PROFILE": "ops"}, "eu-north-1", id="profile-variable"),
        pytest.param({}, {}, "ap-northeast-1", id="pool-id"),
    ],
)
def test_connect_finds_the_region(
    given: dict[str, str],
    variables: dict[str, str],
    expected: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    aside: Callable[[dict[str, str]], Any],
) -> None:
    """The Region is the keyword's, the environment's, the profile's, or the one that the pool's id begins with."""
    (tmp_path / "config").write_text(
        "[profile ops]\nregion = eu-north-1\naws_access_key_id = OPS\naws_secret_access_key = x\n"
    )
    asked = aside({"AWS_CONFIG_FILE": str(tmp_path / "config"), **variables})

    store = DynamoActivityStore.connect(user_pool_id=POOL, endpoint_url=asked.url, **given)
    store.last_seen("ada")

    [(headers, body)] = asked.received
    assert f"/{expected}/dynamodb/" in headers["Authorization"]
    assert list(json.loads(body)["RequestItems"]) == ["usermgr_activity"]


def test_connect_with_a_session(monkeypatch: pytest.MonkeyPatch, aside: Callable[[dict[str, str]], Any]) -> None:
    """A session brings credentials and a Region."""
    asked = aside({"AWS_REGION": "eu-west-1"})
    session = boto3.session.Session("OTHERKEY", "x", region_name="eu-south-1")

    store = DynamoActivityStore.connect(user_pool_id=POOL, table_name="mine", session=session, endpoint_url=asked.url)
    store.last_seen("ada")

    [(headers, body)] = asked.received
    assert "Credential=OTHERKEY/" in headers["Authorization"]
    assert "/eu-south-1/dynamodb/" in headers["Authorization"]
    assert list(json.loads(body)["RequestItems"]) == ["mine"]


def test_closing_ends_connections(aside: Callable[[dict[str, str]], Any]) -> None:
    """A store keeps its connection until it is closed."""
    asked = aside({})
    store = usermgr_activity.connect(user_pool_id=POOL, endpoint_url=asked.url)

    for _ in range(2):
        with store:
            store.last_seen("ada")
            store.last_seen("bob")

    first, second, third, fourth = asked.callers
    assert first == second != third == fourth


def test_answer_that_cannot_be_read(aside: Callable[[dict[str, str]], Any]) -> None:
    """An answer that is not an object, as a proxy may send it, counts as none."""
    asked = aside({})
    asked.content = b"[]"

    with pytest.raises(ServiceTimeoutError):
        DynamoActivityStore.connect(user_pool_id=POOL, endpoint_url=asked.url).last_seen("ada")


def test_connect_time_outs(aside: Callable[[dict[str, str]], Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """An attempt that gets no answer ends after `read_timeout` seconds."""
    asked = aside({})
    asked.hangs = True
    monkeypatch.setattr(_store, "REPORT_LIMITS", replace(_store.REPORT_LIMITS, attempts=1))
    store = DynamoActivityStore.connect(user_pool_id=POOL, endpoint_url=asked.url, read_timeout=0.2)
    began = time.monotonic()

    with pytest.raises(ServiceTimeoutError):
        store.last_seen("ada")

    assert 0.2 <= time.monotonic() - began < PATIENCE / 2
