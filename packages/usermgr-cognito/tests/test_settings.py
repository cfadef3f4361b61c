"""The backend's settings."""

from __future__ import annotations

import pytest

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
        ({"AWS_REGION": "", "USERPOOL_ID": ""}, ["AWS_REGION", "USERPOOL_ID"]),
        ({"USERPOOL_ID": "no pool"}, ["USERPOOL_ID"]),
        ({"USERPOOL_ID": "eu-west-1_AbCdEf123"}, ["another region"]),
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


def test_secret_hash_is_the_documented_one() -> None:
    """HMAC-SHA256 of username and client id under the secret, in base64 (computed with openssl)."""
    assert secret_hash("secret", "alice", "client") == "RTsve+FQ659UKyESgvLg9GYmZEL+QjzQsW/OjL77/b0="
