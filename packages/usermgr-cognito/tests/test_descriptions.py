"""Descriptions are read when they are needed, kept, and read anew after a refusal, within their small quotas."""

from __future__ import annotations

import os
import signal
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from usermgr_cognito._descriptions import DENIED_FOR, FRESH, Descriptions, _keep_rotation, _Kept


class Clock:
    """A clock that tests move."""

    time = 0.0

    def __call__(self) -> float:
        """Seconds."""
        return self.time


class Reads:
    """Counts the reads, and answers or denies each."""

    def __init__(self) -> None:
        self.count = 0
        self.denied = False

    def __call__(self) -> int:
        """The number of the read. Raises what usermgr raises for a denial."""
        from usermgr.errors import AccessDeniedError  # noqa: PLC0415 - the fake's own

        self.count += 1
        if self.denied:
            raise AccessDeniedError
        return self.count


@pytest.fixture
def clock() -> Clock:
    """At zero."""
    return Clock()


def test_value_is_read_once_and_kept(clock: Clock) -> None:
    """However often and however late it is asked for, a kept value is read once."""
    reads = Reads()
    kept = _Kept(reads, clock)

    assert [kept.get(anew=False) for _ in range(5)] == [1] * 5
    clock.time += 86_400
    assert kept.get(anew=False) == 1


def test_value_is_read_anew_after_a_refusal_but_not_for_each_of_many(clock: Clock) -> None:
    """A refusal reads it again; further refusals within a second share that reading."""
    reads = Reads()
    kept = _Kept(reads, clock)
    kept.get(anew=False)

    clock.time += FRESH + 0.1
    assert [kept.get(anew=True) for _ in range(100)] == [2] * 100
    clock.time += FRESH + 0.1
    assert kept.get(anew=True) == 3


def test_denial_is_not_asked_again_at_once(clock: Clock) -> None:
    """What may not be read is `None`, is tried again after a minute, and is then there."""
    reads = Reads()
    reads.denied = True
    kept = _Kept(reads, clock)

    assert [kept.get(anew=True) for _ in range(10)] == [None] * 10
    assert reads.count == 1
    reads.denied = False
    clock.time += DENIED_FOR + 0.1
    assert kept.get(anew=False) == 2


def test_threads_share_one_reading(clock: Clock) -> None:
    """Threads that need it at the same moment read it once."""
    reads = Reads()
    kept = _Kept(reads, clock)
    threads = [threading.Thread(target=kept.get, kwargs={"anew": False}) for _ in range(20)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert reads.count == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_lock_that_is_held_at_a_fork_does_not_stop_the_child(clock: Clock) -> None:
    """A child that was forked while a thread of its parent was reading can read."""
    kept = _Kept(Reads(), clock)
    with kept._lock:
        child = os.fork()
        if child == 0:
            signal.alarm(5)
            os._exit(0 if kept.get(anew=False) == 1 else 1)

    _, status = os.waitpid(child, 0)

    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"{}", b'{"UserPoolClient": 7}'])
def test_answer_without_rotation_is_left_as_it_is(body: bytes) -> None:
    """An answer that does not mention rotation, or is not JSON, changes nothing."""
    parsed: dict[str, Any] = {"UserPoolClient": {"ClientId": "c"}}

    _keep_rotation(_Response(body), parsed)

    assert parsed == {"UserPoolClient": {"ClientId": "c"}}


def test_rotation_that_an_older_sdk_drops_is_kept() -> None:
    """The member is taken from the raw answer where the SDK's model does not know it."""
    parsed: dict[str, Any] = {"UserPoolClient": {"ClientId": "c"}}

    _keep_rotation(_Response(b'{"UserPoolClient": {"RefreshTokenRotation": {"Feature": "ENABLED"}}}'), parsed)

    assert parsed["UserPoolClient"]["RefreshTokenRotation"] == {"Feature": "ENABLED"}


class _Response:
    def __init__(self, content: bytes) -> None:
        self.content = content


def test_secret_never_shows() -> None:
    """The description of an app client does not show its secret."""
    import boto3  # noqa: PLC0415 - a client that is never called

    client = boto3.client("cognito-idp", region_name="ap-northeast-1")
    client.meta.events.register_first("before-call", _answer)

    app_client = Descriptions(client, "ap-northeast-1_AbCdEf123").app_client("c1")

    assert app_client is not None
    assert app_client.secret == "S3cret-planted"
    assert "S3cret" not in repr(app_client)


def _answer(model: Any, **_: Any) -> tuple[Any, dict[str, Any]]:
    if model.name != "DescribeUserPoolClient":
        raise ClientError({}, model.name)
    response = type("Response", (), {"status_code": 200, "content": b"{}"})()
    return response, {"UserPoolClient": {"ClientSecret": "S3cret-planted", "ExplicitAuthFlows": []}}
