"""Who has not been here, and who is to be forgotten: users of Cognito and activity in DynamoDB, all on the sandbox."""

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
from usermgr.errors import AccessDeniedError, UserNotFoundError
from usermgr.forgetting import Forgotten, forget_user
from usermgr_activity import DynamoActivityStore
from usermgr_activity.table import definition
from usermgr_sandbox import REGION, Sandbox
from usermgr_sandbox.faults import Fault, FaultProxy

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


def test_person_is_forgotten_though_the_first_call_failed(
    users: UserManager, store: DynamoActivityStore, pool: Pool, usermgr_sandbox: Sandbox
) -> None:
    """A call that fails when the user and two of five rows are gone is finished by the next one: no row is left."""
    ada, bob = users.get_user("ada"), users.get_user("bob")
    for day in (1, 2, 5, 300):
        for person in (ada, bob):
            at = datetime(2026, 1, 1, 8, tzinfo=UTC) + timedelta(days=day)
            store.record(Sighting(person.sub, SightingKind.SIGN_IN, "web", at))

    with FaultProxy(usermgr_sandbox.endpoint_url) as proxy:
        proxy.fail("DeleteItem", fault=Fault.REFUSE, code="AccessDeniedException", times=1, skip=2)
        broken = DynamoActivityStore.connect(
            table_name=TABLE, user_pool_id=pool.id, region=REGION, endpoint_url=proxy.endpoint_url
        )
        with pytest.raises(AccessDeniedError), broken:
            forget_user(users, broken, ada)
    with pytest.raises(UserNotFoundError):
        users.get_user("ada")

    assert forget_user(users, store, ada.sub) == Forgotten(ada.sub, None, deleted=False, rows=3)

    rows = boto3.client("dynamodb").scan(TableName=TABLE)["Items"]
    left = [row for row in rows if ada.sub in (row["pk"]["S"] + row["sk"]["S"])]
    print(f"rows left after forget: {len(left)}")
    assert (left, len(rows)) == ([], 5)
    assert forget_user(users, store, bob.sub) == Forgotten(bob.sub, "bob", deleted=True, rows=5)
