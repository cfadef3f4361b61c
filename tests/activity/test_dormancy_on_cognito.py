"""Who has not been here: users of Cognito, activity in DynamoDB, and what is done about them; all on the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import boto3
import pytest

from tests.conftest import Pool
from usermgr import Factory, UserManager
from usermgr.activity import Sighting, SightingKind
from usermgr.disabling import DisableReport, disable_dormant, plan_disabling
from usermgr.dormancy import DormancyPolicy, find_dormant, members_of
from usermgr_activity import DynamoActivityStore
from usermgr_activity.table import definition
from usermgr_sandbox import REGION

PASSWORD = "a-Long-passw0rd"
TABLE = "dormancy"


@pytest.fixture
def store(pool: Pool) -> Iterator[DynamoActivityStore]:
    """A table as Terraform makes it, for the pool's activity."""
    client = boto3.client("dynamodb")
    client.create_table(**definition(TABLE))
    yield DynamoActivityStore.connect(table_name=TABLE, user_pool_id=pool.id, region=REGION)
    client.delete_table(TableName=TABLE)


@pytest.fixture
def users(pool: Pool) -> UserManager:
    """Ada is here often, bob was here once, zoe never, and root is an administrator who never is either."""
    manager = Factory.create(Factory.AWS_COGNITO)
    for name in ("ada", "bob", "zoe", "root"):
        manager.add_user(name, PASSWORD)
    manager.add_group("admins")
    manager.add_user_to_group("root", "admins")
    return manager


def test_dormant_users_are_found_and_disabled_only_when_it_is_said(
    users: UserManager, store: DynamoActivityStore
) -> None:
    """A dry run changes nobody; the real run disables exactly those who were long away, but for the excluded."""
    now = datetime.now(UTC) + timedelta(days=200)
    for name, days in (("ada", 1), ("bob", 120)):
        at = now - timedelta(days=days)
        store.record(Sighting(users.get_user(name).sub, SightingKind.SIGN_IN, "web", at))
    exclude = frozenset(members_of(users, ["admins"]))
    policy = DormancyPolicy(timedelta(days=90), recording_since=now - timedelta(days=365), exclude=exclude)
    found = list(find_dormant(users.iter_users(), store, policy, now=now))
    assert sorted(dormant.user.username for dormant in found) == ["bob", "zoe"]
    plan = plan_disabling(found, per_second=1000, price=Decimal("0.015"))
    reports: list[DisableReport] = []
    disable_dormant(users, store, plan)
    assert all(users.get_user(name).enabled for name in ("ada", "bob", "zoe", "root"))
    disable_dormant(users, store, plan, dry_run=False, progress=reports.append)
    assert {name: users.get_user(name).enabled for name in ("ada", "bob", "zoe", "root")} == {
        "ada": True, "bob": False, "zoe": False, "root": True,
    }  # fmt: skip
    assert len(reports) == 2
