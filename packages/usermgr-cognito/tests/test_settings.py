"""The backend's settings."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
import pytest

import usermgr_cognito
from usermgr import Factory, Tokens, UserManager
from usermgr.errors import ConfigurationError
from usermgr_cognito import CognitoSettings
from usermgr_cognito._sign_in import secret_hash

GOOD = {
    "AWS_REGION": "ap-northeast-1",
    "USERPOOL_ID": "ap-northeast-1_AbCdEf123",
    "CLIENT_ID": "c1",
    "SECRET": "S3cret",
}


def test_documented_variables_are_read() -> None:
    """AWS_REGION, USERPOOL_ID, CLIENT_ID and SECRET are all that there is, and the secret never shows."""
    settings = CognitoSettings.read(environ=GOOD)
    assert (settings.region, settings.user_pool_id, settings.client_id, settings.client_secret) == (
        "ap-northeast-1", "ap-northeast-1_AbCdEf123", "c1", "S3cret"
    )  # fmt: skip
    assert "S3cret" not in repr(settings)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"AWS_REGION": "no region", "USERPOOL_ID": ""}, ["AWS_REGION", "USERPOOL_ID"]),
        ({"AWS_REGION": "", "USERPOOL_ID": "emulator_1"}, ["AWS_REGION is not set"]),
        ({"USERPOOL_ID": "no pool"}, ["USERPOOL_ID"]),
        ({"USERPOOL_ID": "eu-west-1_AbCdEf123"}, ["another Region"]),
        ({"CLIENT_ID": ""}, ["SECRET"]),
    ],
)
def test_all_that_is_wrong_is_named(change: dict[str, str], named: list[str]) -> None:
    """Everything missing, malformed or contradictory comes in one error."""
    with pytest.raises(ConfigurationError) as caught:
        CognitoSettings.read(environ={**GOOD, **change})
    assert len(caught.value.problems or ()) == len(named)
    assert all(name in str(caught.value) for name in named)
    assert "S3cret" not in str(caught.value)


CONFIG = """
[profile tokyo]
region = ap-northeast-1

[profile paris]
region = eu-west-3
"""


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An SDK configuration with two profiles, and no Region in the environment."""
    (tmp_path / "config").write_text(CONFIG)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


POOL = {"user_pool_id": "ap-northeast-1_AbCdEf123"}


def test_region_comes_from_the_pool_id_where_nothing_else_names_it(configured: pytest.MonkeyPatch) -> None:
    """Without a Region anywhere, it is the one that the pool's id begins with."""
    assert CognitoSettings.read(POOL).region == "ap-northeast-1"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        pytest.param("AWS_REGION", "eu-west-3", id="AWS_REGION"),
        pytest.param("AWS_DEFAULT_REGION", "eu-west-3", id="AWS_DEFAULT_REGION"),
        pytest.param("AWS_PROFILE", "paris", id="AWS_PROFILE"),
    ],
)
def test_region_of_the_sdk_counts(configured: pytest.MonkeyPatch, variable: str, value: str) -> None:
    """A Region that a variable or the profile names decides, and a pool of another one is refused by name."""
    configured.setenv(variable, value)

    assert CognitoSettings.read({"user_pool_id": "eu-west-3_AbCdEf123"}).region == "eu-west-3"
    with pytest.raises(ConfigurationError, match="eu-west-3"):
        CognitoSettings.read(POOL)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({"profile": "paris"}, id="profile"),
        pytest.param({"session": "paris"}, id="session"),
        pytest.param({"region": "eu-west-3"}, id="region"),
    ],
)
def test_keywords_go_before_the_environment(configured: pytest.MonkeyPatch, given: dict[str, Any]) -> None:
    """A profile, a session or a Region given by keyword decides, over the SDK's own configuration."""
    configured.setenv("AWS_PROFILE", "tokyo")
    if "session" in given:
        given = {"session": boto3.session.Session(profile_name=given["session"])}

    users = usermgr_cognito.create(user_pool_id="eu-west-3_AbCdEf123", **given)

    assert users._client.meta.region_name == "eu-west-3"


def test_endpoint_and_time_outs_reach_the_client(configured: pytest.MonkeyPatch) -> None:
    """An emulator is reached by `endpoint_url`, whatever its pool's id looks like, with the time-outs given."""
    users = Factory.create(
        Factory.AWS_COGNITO,
        region="eu-west-3",
        user_pool_id="local_4bCdEf",
        endpoint_url="http://127.0.0.1:9",
        connect_timeout=1,
        read_timeout=2,
    )

    meta = users._client.meta  # type: ignore[attr-defined]
    assert meta.endpoint_url == "http://127.0.0.1:9"
    assert (meta.config.connect_timeout, meta.config.read_timeout) == (1, 2)


def test_profile_that_does_not_exist_is_named_as_configuration(configured: pytest.MonkeyPatch) -> None:
    """A misspelt profile is a ConfigurationError that names the setting."""
    with pytest.raises(ConfigurationError, match="profile"):
        usermgr_cognito.create(**POOL, profile="toyko")


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda users: users.authenticate("alice", "a-Long-passw0rd"), id="authenticate"),
        pytest.param(lambda users: users.refresh(Tokens("alice", "a.b.c", "a.b.c", "r", 3600)), id="refresh"),
    ],
)
def test_sign_in_without_a_client_is_configuration(
    configured: pytest.MonkeyPatch, call: Callable[[UserManager], object]
) -> None:
    """Without CLIENT_ID users can be managed, and a sign-in says that it needs the app client; nothing is sent."""
    configured.delenv("CLIENT_ID", raising=False)
    users = usermgr_cognito.create(**POOL, endpoint_url="http://127.0.0.1:9")

    with pytest.raises(ConfigurationError, match="CLIENT_ID"):
        call(users)


def test_secret_hash_is_the_documented_one() -> None:
    """HMAC-SHA256 of username and client id under the secret, in base64 (computed with openssl)."""
    assert secret_hash("secret", "alice", "client") == "RTsve+FQ659UKyESgvLg9GYmZEL+QjzQsW/OjL77/b0="
