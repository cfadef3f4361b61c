"""DynamoDB for the tests: a moto server in a child process, and a table of its own for each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import TYPE_CHECKING

import pytest

from usermgr_activity import INDEX, DynamoActivityStore, reading_client

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "ap-northeast-1"
POOL = "ap-northeast-1_Example"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing"}
SERVE = "import sys; from moto.server import main; main(['-H', '127.0.0.1', '-p', sys.argv[1]])"
_names = count()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def dynamodb_url() -> Iterator[str]:
    """The address of a moto server."""
    port = _free_port()
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as server:
        try:
            deadline = time.monotonic() + 30
            while time.monotonic() < deadline:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


@pytest.fixture
def aws(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of somebody who may use the moto server."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    for name, value in {**CREDENTIALS, "AWS_REGION": REGION, "AWS_ENDPOINT_URL": dynamodb_url}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def client(aws: None) -> DynamoDBClient:
    """A client of the moto server."""
    return reading_client(REGION)


@pytest.fixture
def table_name(client: DynamoDBClient) -> str:
    """An empty activity table, with the schema that Terraform gives it."""
    name = f"usermgr_activity_{next(_names)}"
    keys = ("pk", "sk", "last_seen_shard", "last_seen")
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        GlobalSecondaryIndexes=[
            {
                "IndexName": INDEX,
                "KeySchema": [
                    {"AttributeName": "last_seen_shard", "KeyType": "HASH"},
                    {"AttributeName": "last_seen", "KeyType": "RANGE"},
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
    )
    return name


@pytest.fixture
def make_store(client: DynamoDBClient, table_name: str) -> Callable[..., DynamoActivityStore]:
    """Stores over the test's table."""

    def make(pool: str = POOL, **settings: int) -> DynamoActivityStore:
        return DynamoActivityStore(client, table_name=table_name, user_pool_id=pool, **settings)

    return make


@pytest.fixture
def sent(client: DynamoDBClient) -> list[str]:
    """The operations that the client has sent since the table was made."""
    operations: list[str] = []

    def note(request: object, event_name: str, **_: object) -> None:
        operations.append(event_name.rpartition(".")[2])

    client.meta.events.register("before-send.dynamodb", note)
    return operations
