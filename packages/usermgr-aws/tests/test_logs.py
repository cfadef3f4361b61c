"""Redaction of an SDK's debugging log."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.stub import Stub
from usermgr_aws import CallLimits, Connection, _logs, redact_loggers, redact_sdk_logs


@pytest.fixture(autouse=True)
def _undone() -> Iterator[None]:
    factory, prefixes = logging.getLogRecordFactory(), set(_logs._prefixes)
    yield
    logging.setLogRecordFactory(factory)
    _logs._prefixes.clear()
    _logs._prefixes.update(prefixes)


def test_below_warning(caplog: pytest.LogCaptureFixture) -> None:
    """Records of the named loggers, and of those below them, keep their place and lose their text."""
    redact_loggers("vendor")
    caplog.set_level(logging.DEBUG)

    logging.getLogger("vendor").debug("password %s", "hunter2")
    logging.getLogger("vendor.deep.er").info("password hunter2")

    assert "hunter2" not in caplog.text
    start = "(redacted by usermgr: test_below_warning, line "
    assert [record.getMessage()[: len(start)] for record in caplog.records] == [start, start]


def test_traceback_is_redacted(caplog: pytest.LogCaptureFixture) -> None:
    """An exception, whose text may quote a secret, is not logged either."""
    redact_loggers("vendor")
    caplog.set_level(logging.DEBUG)

    try:
        int("hunter2")
    except ValueError:
        logging.getLogger("vendor").debug("failed", exc_info=True)

    assert "hunter2" not in caplog.text


def test_what_stays(caplog: pytest.LogCaptureFixture) -> None:
    """Warnings, and loggers whose names only begin alike, are as they were."""
    redact_loggers("vendor")
    caplog.set_level(logging.DEBUG)

    logging.getLogger("vendor").warning("one %s", "kept")
    logging.getLogger("vendors").debug("two kept")

    assert [record.getMessage() for record in caplog.records] == ["one kept", "two kept"]


def test_again_adds(caplog: pytest.LogCaptureFixture) -> None:
    """A second call adds loggers, and wraps nothing twice."""
    redact_loggers("vendor")
    factory = logging.getLogRecordFactory()
    redact_loggers("other")
    caplog.set_level(logging.DEBUG)

    logging.getLogger("other").debug("hunter2")
    logging.getLogger("vendor").debug("hunter2")

    assert logging.getLogRecordFactory() is factory
    assert "hunter2" not in caplog.text


def test_sdk_log(service: Stub, caplog: pytest.LogCaptureFixture) -> None:
    """A whole call leaves neither the password nor the key that signs in the SDK's debugging log."""
    redact_sdk_logs()
    caplog.set_level(logging.DEBUG)
    client = Connection("eu-west-1", endpoint_url=service.url).client("cognito-idp", CallLimits(attempts=1))

    client.admin_set_user_password(UserPoolId="eu-west-1_A", Username="ada", Password="hunter2", Permanent=True)

    assert b"hunter2" in service.received[0][1]
    assert len(caplog.records) > 10
    assert [secret for secret in ("hunter2", "planted-secret-key") if secret in caplog.text] == []
