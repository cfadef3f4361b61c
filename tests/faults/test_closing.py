"""A manager that is closed gives up its connections."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import boto3
import pytest

import usermgr_cognito
import usermgr_lambda_client
from tests.stub import Stub
from usermgr import UserManager
from usermgr.errors import UsermgrError


@pytest.mark.parametrize(
    "connect",
    [
        lambda **given: usermgr_cognito.connect(user_pool_id="ap-northeast-1_AbCdEf123", **given),
        lambda **given: usermgr_lambda_client.connect(function_name="usermgr", **given),
    ],
    ids=["cognito", "lambda"],
)
def test_closed_manager_holds_no_connection(connect: Callable[..., UserManager]) -> None:
    """Calls share a connection until the manager is closed, as leaving its block does; the next one opens another."""
    callers = set[Any]()
    session = boto3.session.Session("AKIDEXAMPLE", "not-a-secret", region_name="ap-northeast-1")

    def call(users: UserManager) -> int:
        with contextlib.suppress(UsermgrError):  # of an empty answer
            users.get_user("alice")
        return len(callers)

    with Stub() as service:
        answer = service.behave
        service.behave = lambda handler: (callers.add(handler.client_address), answer(handler))[1]
        with connect(session=session, endpoint_url=service.url) as users:
            assert [call(users), call(users)] == [1, 1]
        assert call(users) == 2
        users.close()
