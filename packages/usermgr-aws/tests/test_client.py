"""Clients of the SDK, their limits, and the sources of settings."""

from __future__ import annotations

import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from tests.stub import PATIENCE, Stub, answers, full_backlog, hangs
from usermgr.errors import ConfigurationError
from usermgr.settings import SettingsReader
from usermgr_aws import UNREADABLE_ANSWER, CallLimits, Connection, aws_sources

REGION = "eu-west-1"


@pytest.mark.parametrize("attempts", [1, 2])
def test_attempts_and_read_time_out(attempts: int, service: Stub) -> None:
    """A service that hangs is asked `attempts` times, for `read` seconds each."""
    service.behave = hangs
    client = Connection(REGION, endpoint_url=service.url).client("dynamodb", CallLimits(attempts, connect=5, read=0.2))
    began = time.monotonic()

    with pytest.raises(ReadTimeoutError):
        client.list_tables()

    assert attempts * 0.2 <= time.monotonic() - began < PATIENCE / 2
    service.wait_for(attempts)
    assert len(service.received) == attempts


def test_connect_time_out() -> None:
    """An address that takes no connection is given up after `connect` seconds."""
    with full_backlog() as url:
        client = Connection(REGION, endpoint_url=url).client("dynamodb", CallLimits(1, connect=0.2, read=60))
        began = time.monotonic()

        with pytest.raises(ConnectTimeoutError):
            client.list_tables()

    assert 0.2 <= time.monotonic() - began < PATIENCE / 2


@pytest.mark.parametrize(("max_connections", "kept"), [(None, True), (32, True), (10, False)])
def test_connections_fit_the_threads(max_connections: int | None, kept: bool, service: Stub) -> None:
    """32 threads keep 32 connections, by default too; with fewer allowed, calls go over ones that are thrown away."""
    together, callers = threading.Barrier(32), set[Any]()
    answer = service.behave

    def behave(handler: Any) -> None:
        callers.add(handler.client_address)
        together.wait(PATIENCE)  # all 32 are on their way at the same time
        answer(handler)

    service.behave = behave
    given = {} if max_connections is None else {"max_connections": max_connections}
    client = Connection(REGION, endpoint_url=service.url, **given).client("dynamodb", CallLimits(attempts=1))

    with ThreadPoolExecutor(32) as threads:
        for _ in range(2):
            list(threads.map(lambda _: client.list_tables(), range(32)))

    assert (len(callers) == 32) is kept


def test_throttling_is_repeated(service: Stub) -> None:
    """Cognito's TooManyRequestsException is among what is tried again, which botocore's older mode does not do."""
    service.behave = answers(400, b'{"__type": "TooManyRequestsException"}')
    client = Connection(REGION, endpoint_url=service.url).client("cognito-idp", CallLimits(attempts=2))

    with pytest.raises(client.exceptions.TooManyRequestsException):
        client.list_user_pools(MaxResults=1)

    assert len(service.received) == 2


@pytest.mark.parametrize("content", [b"[]", b"null", b'{"TableNames":' * 50_000, b'"text"'], ids=range(4))
def test_answer_that_botocore_cannot_read(content: bytes, service: Stub) -> None:
    """What botocore's parsers raise for an answer that is not an object is among UNREADABLE_ANSWER."""
    service.behave = answers(200, content)
    client = Connection(REGION, endpoint_url=service.url).client("dynamodb", CallLimits(attempts=1))

    with pytest.raises(UNREADABLE_ANSWER):
        client.list_tables()


def test_given_session(environment: pytest.MonkeyPatch, service: Stub) -> None:
    """The session's credentials sign the requests, whatever the environment has."""
    session = boto3.session.Session(aws_access_key_id="OTHERKEY", aws_secret_access_key="x", region_name="us-east-1")
    client = Connection(REGION, session=session, endpoint_url=service.url).client("dynamodb", CallLimits(attempts=1))

    client.list_tables()

    assert re.search(rf"Credential=OTHERKEY/[0-9]{{8}}/{REGION}/dynamodb/", service.received[0][0]["authorization"])


def test_given_profile(environment: pytest.MonkeyPatch, service: Stub, tmp_path: Path) -> None:
    """The profile's credentials sign the requests."""
    (tmp_path / "credentials").write_text("[ops]\naws_access_key_id = OPSKEY\naws_secret_access_key = x\n")
    client = Connection(REGION, profile="ops", endpoint_url=service.url).client("dynamodb", CallLimits(attempts=1))

    client.list_tables()

    assert "Credential=OPSKEY/" in service.received[0][0]["authorization"]


@pytest.mark.parametrize(
    "connection",
    [
        pytest.param(Connection(REGION, profile="nobody"), id="profile"),
        pytest.param(Connection("not a region"), id="region"),
        pytest.param(Connection(REGION, endpoint_url="::not an address::"), id="endpoint"),
        pytest.param(Connection(REGION, max_connections=0), id="connections"),
        pytest.param(Connection(REGION, max_connections=True), id="connections that are no number"),
    ],
)
def test_configuration_that_allows_no_client(connection: Connection) -> None:
    """A profile, a Region or an endpoint that cannot be is an error of the configuration."""
    with pytest.raises(ConfigurationError) as caught:
        connection.client("dynamodb", CallLimits())

    assert caught.value.operation == "CreateClient"


def test_session_and_profile() -> None:
    """A session has a profile of its own, so that another one beside it is refused and not ignored."""
    connection = Connection(REGION, session=boto3.session.Session(), profile="ops")

    with pytest.raises(ConfigurationError, match="session and profile"):
        connection.client("dynamodb", CallLimits())


def test_credentials_do_not_show() -> None:
    """The session, which holds credentials, is not part of a connection's text."""
    session = boto3.session.Session(aws_access_key_id="OTHERKEY", aws_secret_access_key="planted")

    text = repr(Connection(REGION, session=session))

    assert text == f"Connection(region='{REGION}', profile=None, endpoint_url=None, max_connections=50)"


# --- Settings ----------------------------------------------------------------------------------------


@pytest.fixture
def files(environment: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """A configuration file in which two profiles have a Region."""
    (tmp_path / "config").write_text("[default]\nregion = of-default-1\n[profile ops]\nregion = of-profile-1\n")
    return environment


def region_of(given: str | None = None, **options: Any) -> str | None:
    """The Region that the sources have."""
    return SettingsReader("test", aws_sources({"region": given}, **options)).optional("region", "AWS_REGION")


def test_order_of_the_sources(files: pytest.MonkeyPatch) -> None:
    """A keyword goes before AWS_REGION, that before AWS_DEFAULT_REGION, and that before the profile's Region."""
    found = [region_of(), region_of(profile="ops")]
    files.setenv("AWS_DEFAULT_REGION", "of-default-variable-1")
    found.append(region_of(profile="ops"))
    files.setenv("AWS_REGION", "of-variable-1")
    found += [region_of(profile="ops"), region_of("of-keyword-1")]

    assert found == ["of-default-1", "of-profile-1", "of-default-variable-1", "of-variable-1", "of-keyword-1"]


def test_profile_variable(files: pytest.MonkeyPatch) -> None:
    """AWS_PROFILE chooses the profile."""
    files.setenv("AWS_PROFILE", "ops")

    assert region_of() == "of-profile-1"


def test_session_goes_before_the_environment(files: pytest.MonkeyPatch) -> None:
    """A session that is given brings its Region, and only a keyword goes before it."""
    files.setenv("AWS_REGION", "of-variable-1")
    session = boto3.session.Session(region_name="of-session-1")

    assert region_of(session=session) == "of-session-1"
    assert region_of("of-keyword-1", session=session) == "of-keyword-1"


def test_session_without_a_region(environment: pytest.MonkeyPatch) -> None:
    """A session without a Region leaves the choice to the environment."""
    session = boto3.session.Session()
    environment.setenv("AWS_REGION", "of-variable-1")

    assert session.region_name is None
    assert region_of(session=session) == "of-variable-1"


def test_mapping_instead_of_the_environment(files: pytest.MonkeyPatch) -> None:
    """With a mapping, neither the process's environment nor the SDK's files count."""
    files.setenv("AWS_REGION", "of-variable-1")

    assert region_of(environ={}) is None
    assert region_of(environ={"AWS_REGION": "of-mapping-1"}) == "of-mapping-1"


def test_profile_that_does_not_exist(environment: pytest.MonkeyPatch) -> None:
    """A missing profile has no Region; making a client names the profile."""
    assert region_of(profile="nobody") is None


def test_other_settings_are_not_of_the_sdk(files: pytest.MonkeyPatch) -> None:
    """Only the Region comes from the SDK's configuration."""
    assert SettingsReader("test", aws_sources({})).optional("profile", "USERPOOL_ID") is None


@pytest.mark.parametrize(
    ("connection", "limits", "words"),
    [
        pytest.param(Connection(REGION), CallLimits(connect=0), "connect_timeout", id="no time to connect"),
        pytest.param(Connection(REGION), CallLimits(read=-1), "read_timeout", id="less than no time"),
        pytest.param(Connection(REGION), CallLimits(read=float("nan")), "read_timeout", id="not a number"),
        pytest.param(Connection(REGION), CallLimits(read=float("inf")), "read_timeout", id="for ever"),
        pytest.param(Connection(REGION), CallLimits(read="5"), "read_timeout", id="a string"),  # type: ignore[arg-type]
        pytest.param(Connection(REGION, endpoint_url="ftp://localhost"), CallLimits(), "endpoint_url", id="scheme"),
        pytest.param(Connection(REGION, endpoint_url="http://"), CallLimits(), "endpoint_url", id="no host"),
        pytest.param(Connection(REGION, endpoint_url="http://h:99999"), CallLimits(), "endpoint_url", id="port"),
        pytest.param(Connection(REGION, endpoint_url=7), CallLimits(), "endpoint_url", id="a number"),  # type: ignore[arg-type]
        pytest.param(Connection(REGION, profile=["ops"]), CallLimits(), "profile", id="list"),  # type: ignore[arg-type]
        pytest.param(Connection(REGION, session="ops"), CallLimits(), "session", id="not a session"),
    ],
)
def test_malformed_connection_is_named(connection: Connection, limits: CallLimits, words: str) -> None:
    """A time-out, an endpoint, a profile or a session that cannot be used is named at once, and not at each call."""
    with pytest.raises(ConfigurationError, match=words):
        connection.client("dynamodb", limits)
