"""DynamoDB for the tests: the sandbox, with a table of its own for each test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from usermgr_activity import DirectTransport, DynamoActivityStore, SdkTransport, Transport
from usermgr_activity.table import definition
from usermgr_activity.transport import Body

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

REGION = "ap-northeast-1"
POOL = "ap-northeast-1_Example"
_names = count()


@cache
def _sdk_client(endpoint_url: str) -> DynamoDBClient:
    """One for the session: making a client takes longer than most tests."""
    return boto3.client("dynamodb", region_name=REGION, endpoint_url=endpoint_url)


@pytest.fixture
def client(usermgr_sandbox_env: Any) -> DynamoDBClient:
    """The SDK's client of the sandbox."""
    return _sdk_client(usermgr_sandbox_env.endpoint_url)


@pytest.fixture
def table_name(client: DynamoDBClient) -> str:
    """An empty activity table, with the schema that Terraform gives it."""
    name = f"usermgr_activity_{next(_names)}"
    client.create_table(**definition(name))
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
def spy(request: pytest.FixtureRequest, client: DynamoDBClient) -> Spy:
    """Both ways to DynamoDB."""
    return Spy(DirectTransport(REGION) if request.param == "direct" else SdkTransport(client))


@pytest.fixture
def make_store(spy: Spy, table_name: str) -> Callable[..., DynamoActivityStore]:
    """Stores over the test's table."""

    def make(pool: str = POOL, **settings: Any) -> DynamoActivityStore:
        return DynamoActivityStore(spy, table_name=table_name, user_pool_id=pool, **settings)

    return make
