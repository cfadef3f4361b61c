"""DynamoDB for the tests: a moto server in a child process, and a table of its own for each test."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import boto3
import pytest

from usermgr_activity import INDEX, DirectTransport, DynamoActivityStore, Transport, sdk_transport
from usermgr_activity.transport import Body

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
    """The SDK's client of the moto server, to make tables and to look into them."""
    return boto3.client("dynamodb", region_name=REGION)


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


class Killed(BaseException):
    """Stands for a process that ends at this very place."""


@dataclass
class Spy:
    """A transport that notes what it sends, and can die `before` or `after` an operation."""

    inner: Transport
    sent: list[str] = field(default_factory=list[str])
    dies: tuple[str, str] | None = None
    killed: type[BaseException] = Killed

    def call(self, operation: str, body: Body) -> Body:
        """Sends the request."""
        self.sent.append(operation)
        if self.dies == ("before", operation):
            raise Killed
        answer = self.inner.call(operation, body)
        if self.dies == ("after", operation):
            raise Killed
        return answer


@pytest.fixture(params=["direct", "sdk"])
def spy(request: pytest.FixtureRequest, aws: None) -> Spy:
    """Both ways to the moto server."""
    return Spy(DirectTransport(REGION) if request.param == "direct" else sdk_transport(REGION))


@pytest.fixture
def make_store(spy: Spy, table_name: str) -> Callable[..., DynamoActivityStore]:
    """Stores over the test's table."""

    def make(pool: str = POOL, **settings: int) -> DynamoActivityStore:
        return DynamoActivityStore(spy, table_name=table_name, user_pool_id=pool, **settings)

    return make
